enum LockboxIdentityRoom {}
