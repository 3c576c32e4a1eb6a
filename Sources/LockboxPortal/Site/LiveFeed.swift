import LockboxAudit
package import LockboxDomain
import Synchronization

/// Tells open pages that something may have changed: after each durable write, and after writes of other processes.
package final class LiveFeed: CommitListener {
    private struct Listener {
        let side: Side
        let person: PersonID
        let wake: AsyncStream<Void>.Continuation
    }

    private let listeners = Mutex<(next: Int, all: [Int: Listener])>((0, [:]))

    package init() {}

    package func committed(_ events: [Event]) async {
        let sides = Set(events.map(\.side))
        wake { $0.side == .provider || sides.contains($0.side) }
    }

    /// Others wrote, and who is concerned is not known.
    package func changedElsewhere() { wake { _ in true } }

    private func wake(_ isConcerned: (Listener) -> Bool) {
        let concerned = listeners.withLock { $0.all.values.filter(isConcerned) }
        for listener in concerned { listener.wake.yield() }
    }

    /// Wakes of `person`'s page; several that come close together are one. Nil where too many are open.
    func wakes(for person: Person) -> AsyncStream<Void>? {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let key = listeners.withLock { listeners -> Int? in
            let own = listeners.all.values.filter { $0.person == person.id }.count
            guard own < PortalLimits.listenersPerPerson, listeners.all.count < PortalLimits.listeners else {
                return nil
            }
            listeners.next += 1
            listeners.all[listeners.next] = Listener(side: person.side, person: person.id, wake: continuation)
            return listeners.next
        }
        guard let key else { return nil }
        continuation.onTermination = { _ in self.listeners.withLock { $0.all[key] = nil } }
        return stream
    }
}
