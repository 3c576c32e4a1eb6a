enum LockboxMailRoom {}
