enum LockboxSchedulerRoom {}
