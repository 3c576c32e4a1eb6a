import Synchronization

/// Who is connected, and who gets a place when there are none left.
///
/// A connection that waits for its client, or whose client does not read, can be cut without
/// anything being lost that the client has done; one that is being answered cannot. So newcomers
/// take the places of those that wait, of whoever holds the most of them first: slow clients,
/// however many, keep nobody out who asks at once.
package final class ConnectionBook: Sendable {
    package struct Limits: Sendable {
        /// In all, the reserved ones included.
        package var places: Int
        /// For requests that must get in whatever the others do (`isEssential`).
        package var reserved: Int
        /// From one address; a trusted proxy speaks for many.
        package var perAddress: Int

        package init(places: Int, reserved: Int, perAddress: Int) {
            self.places = places
            self.reserved = reserved
            self.perAddress = perAddress
        }
    }

    /// The other end of a connection.
    package struct Peer: Hashable, Sendable {
        /// An address or a network that counts as one client.
        package var address: String
        package var isProxy: Bool

        package init(address: String, isProxy: Bool) {
            self.address = address
            self.isProxy = isProxy
        }
    }

    /// What a connection is at.
    package enum Phase: Sendable {
        /// Its client is to send something, or to read what was sent.
        case waiting
        case answering
    }

    package typealias Number = UInt64

    private struct Place {
        let peer: Peer
        let close: @Sendable () -> Void
        var phase = Phase.waiting
        /// When the phase began, counted in changes of this book.
        var since: Number
        var isReserved: Bool
    }

    private struct State {
        var count: Number = 0
        var places: [Number: Place] = [:]
        var isClosed = false

        mutating func next() -> Number {
            count += 1
            return count
        }

        var unreserved: Int { places.count { !$0.value.isReserved } }

        /// The connection that has waited longest, of whoever has most that wait; of a proxy only
        /// if nobody else has any. Only among those for which `isWanted` holds.
        func longestWaiting(_ isWanted: (Place) -> Bool) -> Number? {
            var waiting: [Peer: (count: Int, first: Number, since: Number)] = [:]
            for (number, place) in places where place.phase == .waiting && isWanted(place) {
                var found = waiting[place.peer] ?? (0, number, place.since)
                found.count += 1
                if place.since < found.since { (found.first, found.since) = (number, place.since) }
                waiting[place.peer] = found
            }
            let clients = waiting.filter { !$0.key.isProxy }
            return (clients.isEmpty ? waiting : clients).values
                .max { ($0.count, $1.since) < ($1.count, $0.since) }?.first
        }
    }

    private let limits: Limits
    private let state = Mutex(State())

    package init(limits: Limits) { self.limits = limits }

    /// A place for a new connection; nil where it must be closed. `close` ends it when its place is
    /// needed; it is called at most once, and not by the one that enters.
    package func enter(_ peer: Peer, close: @escaping @Sendable () -> Void) -> Number? {
        let (number, cut): (Number?, (@Sendable () -> Void)?) = state.withLock { state in
            guard !state.isClosed else { return (nil, nil) }
            let own = state.places.values.count { $0.peer == peer }
            var isReserved = false
            var taken: Number?
            if !peer.isProxy, own >= limits.perAddress {
                taken = state.longestWaiting { $0.peer == peer }
                guard taken != nil else { return (nil, nil) }
            } else if state.unreserved >= limits.places - limits.reserved {
                // A reserved place is given before one that waits on a reserved place is cut: it
                // may be about to ask for what the place is kept for.
                taken = state.longestWaiting { !$0.isReserved }
                if taken == nil, state.places.count < limits.places {
                    isReserved = true
                } else if taken == nil {
                    taken = state.longestWaiting { $0.isReserved }
                    guard taken != nil else { return (nil, nil) }
                }
            }
            let left = taken.flatMap { state.places.removeValue(forKey: $0) }
            isReserved = left?.isReserved ?? isReserved
            let cut = left?.close
            let number = state.next()
            state.places[number] = Place(
                peer: peer,
                close: close,
                since: number,
                isReserved: isReserved
            )
            return (number, cut)
        }
        cut?()
        return number
    }

    /// What the connection is at from now on.
    package func set(_ number: Number, _ phase: Phase) {
        state.withLock { state in
            guard state.places[number] != nil else { return }
            let since = state.next()
            state.places[number]?.phase = phase
            state.places[number]?.since = since
        }
    }

    /// Whether a request may be answered on this connection: on a reserved place only an essential
    /// one, unless other places have become free.
    package func mayServe(_ number: Number, isEssential: Bool) -> Bool {
        state.withLock { state in
            guard let place = state.places[number], place.isReserved else { return true }
            if state.unreserved < limits.places - limits.reserved {
                state.places[number]?.isReserved = false
                return true
            }
            return isEssential
        }
    }

    package func leave(_ number: Number) { state.withLock { $0.places[number] = nil } }

    /// Ends all connections, and lets no other in.
    package func close() {
        let open = state.withLock { state in
            state.isClosed = true
            defer { state.places = [:] }
            return Array(state.places.values)
        }
        for place in open { place.close() }
    }

    /// How many are connected.
    package var count: Int { state.withLock { $0.places.count } }
}
