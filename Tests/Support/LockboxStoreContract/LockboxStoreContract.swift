enum LockboxStoreContractKit {}
