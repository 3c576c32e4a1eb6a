import Synchronization

/// What is known of the groups of writes that were committed, which the database counts: which of
/// them were ours.
final class WriteCount: Sendable {
    private struct State {
        /// All groups up to this one are accounted for. Nil before anything was counted.
        var seen: Int64?
        /// Our group that is open, or whose commit is under way.
        var open: Int64?
        var isElsewhere = false
    }

    private let state = Mutex(State())

    /// Our group has the number `number`, and nobody else has one until it ends.
    func began(_ number: Int64) {
        state.withLock { state in
            if let seen = state.seen, number > seen + 1 { state.isElsewhere = true }
            state.seen = max(state.seen ?? 0, number - 1)
            state.open = number
        }
    }

    func committed(_ number: Int64) {
        state.withLock { state in
            state.seen = max(state.seen ?? 0, number)
            state.open = nil
        }
    }

    /// Of our group nobody knows whether it was kept; another node may have its number.
    func isUncertain() {
        state.withLock { state in
            state.open = nil
            state.isElsewhere = true
        }
    }

    /// True before anything was counted.
    var isEmpty: Bool { state.withLock { $0.seen == nil } }

    /// Whether others have committed since the last call, where the database has counted to `number`
    /// by now.
    func hasChanged(_ number: Int64) -> Bool {
        state.withLock { state in
            let seen = state.seen ?? number
            // Ours may be committed already though nobody has said so yet.
            let isOurs = number == seen + 1 && state.open == number
            defer {
                state.seen = max(seen, number)
                state.isElsewhere = false
            }
            return state.isElsewhere || number > seen && !isOurs
        }
    }
}
