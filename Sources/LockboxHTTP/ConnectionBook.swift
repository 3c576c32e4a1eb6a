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

    /// What one client has.
    private struct Client {
        var places = 0
        private var waits: [Number: Place] = [:]
        private var reservedWaits = 0

        mutating func insert(_ place: Place, at number: Number) {
            places += 1
            guard place.phase == .waiting else { return }
            waits[number] = place
            reservedWaits += place.isReserved ? 1 : 0
        }

        mutating func remove(_ place: Place, at number: Number) {
            places -= 1
            guard place.phase == .waiting else { return }
            waits[number] = nil
            reservedWaits -= place.isReserved ? 1 : 0
        }

        /// Those that wait, on reserved places or on the others.
        func waiting(reserved: Bool) -> Int {
            reserved ? reservedWaits : waits.count - reservedWaits
        }

        func longest(_ isWanted: (Place) -> Bool) -> (number: Number, since: Number)? {
            var found: (number: Number, since: Number)?
            for (number, place) in waits where isWanted(place) {
                if let known = found, known.since < place.since { continue }
                found = (number, place.since)
            }
            return found
        }
    }

    /// Newcomers can be thousands in a second, and each asks who must leave: so it is counted by
    /// client what would else have to be looked for among all places.
    private struct State {
        private var count: Number = 0
        private(set) var places: [Number: Place] = [:]
        private var clients: [Peer: Client] = [:]
        private var reserved = 0
        var isClosed = false

        var unreserved: Int { places.count - reserved }

        func places(of peer: Peer) -> Int { clients[peer]?.places ?? 0 }

        mutating func next() -> Number {
            count += 1
            return count
        }

        mutating func insert(_ place: Place, at number: Number) {
            places[number] = place
            reserved += place.isReserved ? 1 : 0
            clients[place.peer, default: Client()].insert(place, at: number)
        }

        mutating func remove(_ number: Number) -> Place? {
            guard let place = places.removeValue(forKey: number) else { return nil }
            reserved -= place.isReserved ? 1 : 0
            clients[place.peer]?.remove(place, at: number)
            if clients[place.peer]?.places == 0 { clients[place.peer] = nil }
            return place
        }

        mutating func change(_ number: Number, _ body: (inout Place) -> Void) {
            guard var place = remove(number) else { return }
            body(&place)
            insert(place, at: number)
        }

        /// The connection of `peer` that has waited longest.
        func longestWaiting(of peer: Peer) -> Number? {
            clients[peer]?.longest { _ in true }?.number
        }

        /// The connection that has waited longest, of whoever has most that wait; of a proxy only
        /// if nobody else has any. On reserved places, or on the others.
        func longestWaiting(reserved: Bool) -> Number? {
            let waiting = clients.lazy.filter { $0.value.waiting(reserved: reserved) > 0 }
            let isProxy = waiting.allSatisfy { $0.key.isProxy }
            let candidates = waiting.filter { $0.key.isProxy == isProxy }
            let most = candidates.map { $0.value.waiting(reserved: reserved) }.max()
            return candidates.filter { $0.value.waiting(reserved: reserved) == most }
                .compactMap { $0.value.longest { $0.isReserved == reserved } }
                .min { $0.since < $1.since }?.number
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
            var isReserved = false
            var taken: Number?
            if !peer.isProxy, state.places(of: peer) >= limits.perAddress {
                taken = state.longestWaiting(of: peer)
                guard taken != nil else { return (nil, nil) }
            } else if state.unreserved >= limits.places - limits.reserved {
                // A reserved place is given before one that waits on a reserved place is cut: it
                // may be about to ask for what the place is kept for.
                taken = state.longestWaiting(reserved: false)
                if taken == nil, state.places.count < limits.places {
                    isReserved = true
                } else if taken == nil {
                    taken = state.longestWaiting(reserved: true)
                    guard taken != nil else { return (nil, nil) }
                }
            }
            let left = taken.flatMap { state.remove($0) }
            let number = state.next()
            state.insert(
                Place(
                    peer: peer,
                    close: close,
                    since: number,
                    isReserved: left?.isReserved ?? isReserved
                ),
                at: number
            )
            return (number, left?.close)
        }
        cut?()
        return number
    }

    /// What the connection is at from now on.
    package func set(_ number: Number, _ phase: Phase) {
        state.withLock { state in
            let since = state.next()
            state.change(number) { place in
                place.phase = phase
                place.since = since
            }
        }
    }

    /// Whether a request may be answered on this connection: on a reserved place only an essential
    /// one, unless other places have become free.
    package func mayServe(_ number: Number, isEssential: Bool) -> Bool {
        state.withLock { state in
            guard let place = state.places[number], place.isReserved else { return true }
            if state.unreserved < limits.places - limits.reserved {
                state.change(number) { $0.isReserved = false }
                return true
            }
            return isEssential
        }
    }

    package func leave(_ number: Number) { state.withLock { _ = $0.remove(number) } }

    /// Ends all connections, and lets no other in.
    package func close() {
        let open = state.withLock { state in
            state.isClosed = true
            return state.places.keys.sorted().compactMap { state.remove($0) }
        }
        for place in open { place.close() }
    }

    /// How many are connected.
    package var count: Int { state.withLock { $0.places.count } }
}
