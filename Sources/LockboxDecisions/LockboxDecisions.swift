enum LockboxDecisionsRoom {}
