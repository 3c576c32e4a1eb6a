package import LockboxDomain
package import LockboxPorts
import Synchronization

/// Which orders this process may give their first action, and which it gave theirs: what the lanes
/// `cut` and `orders` have in common.
///
/// The first action waits for no lease. The process whose write ended the access cuts at once;
/// another one, when it has seen the order uncut for `patience`: so the end of access depends on no
/// process being alive. Cutting twice does no harm.
package final class FirstActions: Sendable {
    package enum Limits {
        /// Two looks of a lane fit into it, and with the next look it is well below the second that
        /// is promised.
        package static let patience = Duration.milliseconds(200)
        /// How long a cut from memory counts for the order that is written down after it: somewhat
        /// longer than the longest wait between two of them. A cut more does no harm, and one that
        /// is too long ago may have been of access that went on.
        static let memory = Duration.seconds(20)
    }

    private struct Order: Hashable {
        let grant: GrantID
        let service: ServiceID
    }

    private struct CutFromMemory {
        let since: Duration
        let usernames: Set<String>
        var isDone = false
    }

    private struct State {
        /// Grants that ended in a write of this process, and how many looks found no order of them
        /// to cut. (Where nobody had a credential there is none.)
        var own: [GrantID: Int] = [:]
        /// Uncut orders, and since when they are known.
        var known: [Order: Duration] = [:]
        /// By the attempts that were recorded before: each attempt begins with a cut of its own.
        var tried: [Order: Int] = [:]
        /// What is being cut from memory, or was: it need not be cut again.
        var fromMemory: [Order: CutFromMemory] = [:]

        /// What is known of a cut that covers all of `removal` and is not too long ago.
        func cut(of removal: Removal, at now: Duration) -> CutFromMemory? {
            fromMemory[FirstActions.order(removal)].flatMap { cut in
                cut.usernames.isSuperset(of: removal.usernames)
                    && now - cut.since < Limits.memory ? cut : nil
            }
        }
    }

    private let time: any MonotonicClock
    private let state = Mutex(State())

    package init(time: any MonotonicClock) { self.time = time }

    /// Access ended in a write of this process.
    package func ended(_ grant: GrantID) { state.withLock { $0.own[grant] = 0 } }

    /// Those of the uncut orders that this process may cut now. `uncut` is all there are, or the
    /// latest `limit` of them.
    func ready(_ uncut: [Removal], limit: Int) -> [Removal] {
        let now = time.elapsed()
        return state.withLock { state in
            let present = Set(uncut.map(Self.order))
            let grants = Set(uncut.map(\.grant))
            if uncut.count < limit {
                // What is not among them is cut, confirmed, or waits for its next attempt.
                state.known = state.known.filter { present.contains($0.key) }
                state.tried = state.tried.filter { present.contains($0.key) }
                state.fromMemory = state.fromMemory.filter {
                    now - $0.value.since < Limits.memory
                }
                // This look may have begun just before the write; the next one has not.
                for (grant, looks) in state.own where !grants.contains(grant) {
                    state.own[grant] = looks == 0 ? 1 : nil
                }
            }
            return uncut.filter { removal in
                let order = Self.order(removal)
                let since = state.known[order, default: now]
                state.known[order] = since
                guard state.tried[order] != removal.attempts else { return false }
                if removal.attempts == 0, let cut = state.cut(of: removal, at: now) {
                    return cut.isDone
                }
                // An order that failed is every process's to try: it is uncut for long.
                return removal.attempts > 0 || state.own[removal.grant] != nil
                    || now - since >= Limits.patience
            }
        }
    }

    /// These are being cut from memory.
    func cutting(_ removals: [Removal]) {
        let now = time.elapsed()
        state.withLock { state in
            for removal in removals {
                state.fromMemory[Self.order(removal)] = CutFromMemory(
                    since: now,
                    usernames: Set(removal.usernames)
                )
            }
        }
    }

    /// They were, or could not be.
    func cut(_ removals: [Removal], isDone: Bool) {
        state.withLock { state in
            for removal in removals {
                if isDone {
                    state.fromMemory[Self.order(removal)]?.isDone = true
                } else {
                    state.fromMemory[Self.order(removal)] = nil
                }
            }
        }
    }

    /// Whether it was cut from memory before its order was due.
    func isCut(_ removal: Removal) -> Bool {
        let now = time.elapsed()
        return removal.attempts == 0
            && state.withLock { $0.cut(of: removal, at: now)?.isDone ?? false }
    }

    /// The first action was carried out, or failed; the rest of the attempt is for the lane
    /// `orders`.
    func tried(_ removals: [Removal]) {
        state.withLock { state in
            for removal in removals {
                state.tried[Self.order(removal)] = removal.attempts
            }
        }
    }

    func isTried(_ removal: Removal) -> Bool {
        removal.cutAt != nil
            || state.withLock { $0.tried[Self.order(removal)] == removal.attempts }
    }

    private static func order(_ removal: Removal) -> Order {
        Order(grant: removal.grant, service: removal.service)
    }
}
