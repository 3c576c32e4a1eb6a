enum LockboxFixturesKit {}
