enum LockboxStoreSQLiteRoom {}
