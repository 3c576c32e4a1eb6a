enum LockboxNotifierRoom {}
