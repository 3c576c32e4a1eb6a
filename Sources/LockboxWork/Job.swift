package import LockboxDomain
package import LockboxPorts

/// One kind of due work: how to find what is due, how to tell one piece from another, and how to
/// carry it out. A `LaneLoop` does the rest: when to look, how much at once, when to stop.
package protocol Job: Sendable {
    /// One piece of work as it was read from the store.
    associatedtype Item: Sendable

    var lane: Lane { get }

    /// What is due at `now`, the most pressing first, at most `limit`: one bounded query.
    func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws -> [Item]

    /// The instant from which there is something to do, among all that waits; nil where nothing
    /// does. It may be in the past.
    func nextDue(in tx: any StoreTransaction) throws -> Timestamp?

    /// Two items with one key are the same piece of work: they are never carried out at once.
    func key(of item: Item) -> WorkKey

    /// Those of `due` that may begin now, in order; by default all. Called once for each look.
    func ready(_ due: [Item]) -> [Item]

    /// Carries out `items`, which are all of one place, and writes down what became of them.
    /// Returns when that is durable. It must bear being done again: a crash before the outcome is
    /// written down makes the items due once more. An error is logged, and the items keep their
    /// places for `Lane.waitAfterFailure`. Where the lane has a lease, `claim` is to be asked before
    /// each action outside and in the write of the outcome.
    func carryOut(_ items: [Item], under claim: Claim) async throws
}

extension Job {
    package func ready(_ due: [Item]) -> [Item] { due }
}

/// Tells a piece of work from all others of its lane.
package struct WorkKey: Hashable, Sendable {
    /// Where it takes place, such as a service: what hangs there holds up nothing elsewhere.
    package let place: String
    package let item: String

    package init(place: String = "", item: String) {
        self.place = place
        self.item = item
    }
}
