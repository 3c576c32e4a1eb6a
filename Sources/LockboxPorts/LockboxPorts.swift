enum LockboxPortsRoom {}
