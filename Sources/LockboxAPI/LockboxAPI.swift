enum LockboxAPIRoom {}
