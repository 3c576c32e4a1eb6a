package import LockboxPorts
import Synchronization

/// The store as the rooms have it, with an eye on what cannot be read. Connections of a lane are opened
/// as they are needed, so some reads may fail while others, and every look at how things are, succeed.
package final class WatchedReads: Store {
    /// For so long a failure is told.
    package static let remembered = Duration.seconds(60)

    private let store: any Store
    private let time: any MonotonicClock
    /// When reads of each lane failed, the latest last.
    private let failures = Mutex<[ReadLane: [Duration]]>([:])

    package init(_ store: any Store, time: any MonotonicClock) {
        (self.store, self.time) = (store, time)
    }

    /// How many reads of each lane failed within the last minute; a thousand are as bad as more.
    package var failed: [(lane: ReadLane, count: Int)] {
        let since = time.elapsed() - Self.remembered
        return failures.withLock { failures in
            ReadLane.allCases.map { lane in
                failures[lane]?.removeAll { $0 <= since }
                return (lane, failures[lane]?.count ?? 0)
            }
        }
    }

    package func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await store.read(lane, body)
        } catch let error as StoreError {
            switch error {
            case .unavailable, .corrupt: note(lane)
            // Neither says that it cannot be read.
            case .busy, .outcomeUnknown: break
            }
            throw error
        }
    }

    private func note(_ lane: ReadLane) {
        let now = time.elapsed()
        failures.withLock { failures in
            failures[lane, default: []].append(now)
            if let count = failures[lane]?.count, count > 1000 { failures[lane]?.removeFirst() }
        }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await store.write(body)
    }

    package func changedElsewhere() async throws -> Bool { try await store.changedElsewhere() }
}
