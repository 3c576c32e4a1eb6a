package import LockboxPorts
package import MerkleLog
import Synchronization

/// Heads that are kept while a test runs.
package final class RememberedHeads: SignedHeads {
    private let kept = Mutex<[LogID: TreeHead]?>(nil)

    package init() {}

    package func all() -> [LogID: TreeHead]? { kept.withLock { $0 } }

    package func replace(_ before: [LogID: TreeHead], with heads: [LogID: TreeHead]) -> Bool {
        kept.withLock { kept in
            guard heads.keys.allSatisfy({ kept?[$0] == before[$0] }) else { return false }
            kept = (kept ?? [:]).merging(heads) { _, new in new }
            return true
        }
    }

    package func replaceAll(with heads: [LogID: TreeHead]) { kept.withLock { $0 = heads } }

    /// As if the file were gone.
    package func forget() { kept.withLock { $0 = nil } }
}
