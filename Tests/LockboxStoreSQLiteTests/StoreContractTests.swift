import LockboxDomain
import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import LockboxStoreSQLite
import Testing

struct StoreContractTests {
    @Test(arguments: Promise.allCases)
    func promiseIsKept(_ promise: Promise) async throws {
        let store = try await SQLiteStore.temporary()
        try await promise.check(store)
        try await store.close()
    }
}
