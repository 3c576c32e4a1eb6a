enum LockboxServiceRoom {}
