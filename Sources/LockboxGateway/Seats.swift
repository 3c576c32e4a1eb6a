import Synchronization

/// The connections of clients at one gateway. A newcomer takes the seat of one that has no request
/// under way, of whoever has most of those, where there is no free one.
final class Seats: Sendable {
    typealias Number = UInt64

    private struct Seat {
        let address: String
        let close: @Sendable () -> Void
        var isBusy = false
    }

    private struct State {
        var count: Number = 0
        var seats: [Number: Seat] = [:]

        /// The oldest of those that are not busy.
        func idle(where isWanted: (Seat) -> Bool) -> Number? {
            let idle = seats.filter { !$0.value.isBusy && isWanted($0.value) }
            let byAddress = Dictionary(grouping: idle.keys) { idle[$0]?.address ?? "" }
            // Of two with as many, who has waited longest.
            let oldest = byAddress.values.compactMap { numbers in
                numbers.min().map { (count: numbers.count, number: $0) }
            }
            return oldest.max { ($0.count, $1.number) < ($1.count, $0.number) }?.number
        }
    }

    private let places: Int
    private let perAddress: Int
    private let state = Mutex(State())

    init(
        places: Int = GatewayLimits.connections,
        perAddress: Int = GatewayLimits.connectionsOfAddress
    ) {
        self.places = places
        self.perAddress = perAddress
    }

    /// A seat for a connection from `address`; nil where there is none. `close` ends the connection.
    func enter(_ address: String, close: @escaping @Sendable () -> Void) -> Number? {
        let (number, left): (Number?, Seat?) = state.withLock { state in
            var left: Seat?
            if state.seats.values.count(where: { $0.address == address }) >= perAddress {
                guard let idle = state.idle(where: { $0.address == address }) else {
                    return (nil, nil)
                }
                left = state.seats.removeValue(forKey: idle)
            } else if state.seats.count >= places {
                guard let idle = state.idle(where: { _ in true }) else { return (nil, nil) }
                left = state.seats.removeValue(forKey: idle)
            }
            state.count += 1
            state.seats[state.count] = Seat(address: address, close: close)
            return (state.count, left)
        }
        left?.close()
        return number
    }

    func set(_ number: Number, isBusy: Bool) {
        state.withLock { $0.seats[number]?.isBusy = isBusy }
    }

    func leave(_ number: Number) { _ = state.withLock { $0.seats.removeValue(forKey: number) } }

    /// Ends all of them.
    func clear() {
        for seat in state.withLock({ Array($0.seats.values) }) { seat.close() }
    }
}
