enum LockboxDomainRoom {}
