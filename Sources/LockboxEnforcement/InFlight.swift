import LockboxDomain
import Synchronization

/// Which removals are being carried out, so that no two attempts at one run at once.
final class InFlight: Sendable {
    private struct Key: Hashable {
        let grant: GrantID
        let service: ServiceID
    }

    private let keys = Mutex<Set<Key>>([])

    /// False if it is running already, or enough others are, here or at this service.
    func begin(_ removal: Removal) -> Bool {
        keys.withLock { keys in
            keys.count < Enforcement.Limits.parallel
                && keys.count { $0.service == removal.service }
                    < Enforcement.Limits.parallelAtOneService
                && keys.insert(Key(grant: removal.grant, service: removal.service)).inserted
        }
    }

    func end(_ removal: Removal) {
        keys.withLock { keys in _ = keys.remove(Key(grant: removal.grant, service: removal.service))
        }
    }
}
