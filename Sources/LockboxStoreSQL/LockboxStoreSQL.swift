enum LockboxStoreSQLRoom {}
