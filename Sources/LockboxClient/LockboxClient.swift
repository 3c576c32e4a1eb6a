enum LockboxClientRoom {}
