enum LockboxAuditRoom {}
