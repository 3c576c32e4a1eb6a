import NIOCore
import Synchronization

/// How many connections to its service a gateway has, on all its event loops.
final class UpstreamPlaces: Sendable {
    private let most: Int
    private let taken = Atomic(0)

    init(_ most: Int = GatewayLimits.upstreamConnections) { self.most = most }

    /// Takes a place; false where none is left.
    func take() -> Bool {
        guard taken.add(1, ordering: .relaxed).newValue <= most else {
            leave()
            return false
        }
        return true
    }

    func leave() { taken.subtract(1, ordering: .relaxed) }
}
