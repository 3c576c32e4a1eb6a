enum LockboxServerRoom {}
