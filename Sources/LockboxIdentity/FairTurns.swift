import LockboxDomain
import Synchronization

/// Lets a few through at once, and those who wait in turn by key: whoever asks for much waits for
/// himself, and keeps another key waiting for one of his at most.
///
/// Bounded for each key and in all. Where all places are taken, the key that waits most gives up its
/// newest place to a key that waits less, so that a few keys cannot fill it.
final class FairTurns: Sendable {
    private struct Waiting {
        let number: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var free: Int
        var asked = 0
        /// Those that wait for something, by whose turn it is.
        var keys: [String] = []
        var waiting: [String: [Waiting]] = [:]

        var count: Int { waiting.values.reduce(0) { $0 + $1.count } }

        mutating func add(_ one: Waiting, for key: String) {
            if waiting[key] == nil { keys.append(key) }
            waiting[key, default: []].append(one)
        }

        /// The next one, whose key goes to the end of the line.
        mutating func next() -> Waiting? {
            guard let key = keys.first, let one = waiting[key]?.first else { return nil }
            remove(0, of: key)
            if waiting[key] != nil {
                keys.removeFirst()
                keys.append(key)
            }
            return one
        }

        mutating func remove(_ place: Int, of key: String) {
            waiting[key]?.remove(at: place)
            guard waiting[key]?.isEmpty == true else { return }
            waiting[key] = nil
            keys.removeAll { $0 == key }
        }

        /// The newest of the key that waits most; nil where none waits more than `count`.
        mutating func displace(waitingMoreThan count: Int) -> Waiting? {
            guard let most = waiting.max(by: { $0.value.count < $1.value.count }),
                most.value.count > count, let newest = most.value.last
            else { return nil }
            remove(most.value.count - 1, of: most.key)
            return newest
        }
    }

    private static let numbers = Atomic<UInt64>(0)

    private let perKey: Int
    private let inAll: Int
    private let state: Mutex<State>

    /// `atOnce` are let through; `perKey` and `inAll` may wait.
    init(atOnce: Int, perKey: Int, inAll: Int) {
        self.perKey = perKey
        self.inAll = inAll
        state = Mutex(State(free: atOnce))
    }

    /// Turns that nobody has.
    var free: Int { state.withLock { $0.free } }
    var waiting: Int { state.withLock { $0.count } }
    /// How many have asked for a turn so far, those that are refused too.
    var asked: Int { state.withLock { $0.asked } }

    /// Runs `body` when it is the turn of `key`. Throws `Refusal.tooManyAttempts` where too many wait
    /// already.
    func run<Value: Sendable>(
        _ key: String,
        _ body: () async throws -> Value
    ) async throws -> Value {
        try await wait(for: key)
        defer { leave() }
        return try await body()
    }

    private func wait(for key: String) async throws {
        let number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(Waiting(number: number, continuation: continuation), for: key)
            }
        } onCancel: {
            let gone = state.withLock { state -> Waiting? in
                guard let place = state.waiting[key]?.firstIndex(where: { $0.number == number })
                else { return nil }
                defer { state.remove(place, of: key) }
                return state.waiting[key]?[place]
            }
            gone?.continuation.resume(throwing: CancellationError())
        }
    }

    private func enter(_ newcomer: Waiting, for key: String) {
        let (admitted, refused) = state.withLock { state -> (Waiting?, Waiting?) in
            state.asked += 1
            guard state.free == 0 else {
                state.free -= 1
                return (newcomer, nil)
            }
            let mine = state.waiting[key]?.count ?? 0
            guard mine < perKey else { return (nil, newcomer) }
            var displaced: Waiting?
            if state.count >= inAll {
                displaced = state.displace(waitingMoreThan: mine + 1)
                if displaced == nil { return (nil, newcomer) }
            }
            state.add(newcomer, for: key)
            return (nil, displaced)
        }
        admitted?.continuation.resume()
        refused?.continuation.resume(throwing: Refusal.tooManyAttempts(retryAfter: .seconds(1)))
    }

    private func leave() {
        let next = state.withLock { state -> Waiting? in
            let next = state.next()
            if next == nil { state.free += 1 }
            return next
        }
        next?.continuation.resume()
    }
}
