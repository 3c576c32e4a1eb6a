import Synchronization

/// Which roles of a server were seen under which login name, and what they held. A session keeps
/// its role's oid, whatever becomes of the role: it is renamed, or dropped by somebody.
final class RememberedRoles: Sendable {
    /// More than there can be grants at one server within the time that sessions last.
    private static let mostNames = 10_000

    private struct State {
        var oids: [String: Set<String>] = [:]
        /// In the order in which the names came.
        var names: [String] = []
        var slots: [String: Set<String>] = [:]
    }

    private let state = Mutex(State())

    func remember(_ oid: String, as username: String) {
        state.withLock { state in
            if state.oids[username] == nil {
                if state.names.count >= Self.mostNames {
                    for oid in state.oids.removeValue(forKey: state.names.removeFirst()) ?? [] {
                        state.slots[oid] = nil
                    }
                }
                state.names.append(username)
            }
            state.oids[username, default: []].insert(oid)
        }
    }

    func oids(of username: String) -> Set<String> {
        state.withLock { $0.oids[username] ?? [] }
    }

    /// Every oid with its login name.
    var all: [String: String] {
        state.withLock { state in
            var all: [String: String] = [:]
            for (name, oids) in state.oids { for oid in oids { all[oid] = name } }
            return all
        }
    }

    /// A session of the role `oid` held the replication slot `slot` when it was cut.
    func remember(slot: String, of oid: String) {
        state.withLock { _ = $0.slots[oid, default: []].insert(slot) }
    }

    func slots(of oid: String) -> Set<String> { state.withLock { $0.slots[oid] ?? [] } }

    func forget(slotsOf oid: String) { state.withLock { $0.slots[oid] = nil } }
}
