enum LockboxWireRoom {}
