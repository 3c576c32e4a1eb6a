enum LockboxEnforcementRoom {}
