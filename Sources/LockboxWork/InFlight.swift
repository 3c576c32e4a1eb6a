import Synchronization

/// What of a lane is being carried out, so that no item is carried out twice at once, and within
/// the lane's bounds.
final class InFlight: Sendable {
    private struct State {
        var keys: Set<WorkKey> = []
        var atPlace: [String: Int] = [:]
    }

    private let lane: Lane
    private let state = Mutex(State())

    init(_ lane: Lane) { self.lane = lane }

    var isEmpty: Bool { keys.isEmpty }

    /// What is being carried out now.
    var keys: Set<WorkKey> { state.withLock(\.keys) }

    /// Those of `items` that may begin now, in batches of one place each; they count as being
    /// carried out from here on. None of `busy` begins: what was being carried out before the look
    /// that found `items` may have ended since, and looks due in it all the same.
    func begin<Item: Sendable>(
        _ items: [Item],
        notIn busy: Set<WorkKey>,
        key: (Item) -> WorkKey
    ) -> [[Item]] {
        state.withLock { state in
            var batches: [[Item]] = []
            var open: [String: Int] = [:]
            for item in items {
                let key = key(item)
                guard !busy.contains(key), state.keys.count < lane.parallel,
                    state.atPlace[key.place, default: 0] < lane.parallelAtOnePlace,
                    state.keys.insert(key).inserted
                else { continue }
                state.atPlace[key.place, default: 0] += 1
                if let batch = open[key.place], batches[batch].count < lane.batch {
                    batches[batch].append(item)
                } else {
                    open[key.place] = batches.count
                    batches.append([item])
                }
            }
            return batches
        }
    }

    func end(_ keys: [WorkKey]) {
        state.withLock { state in
            for key in keys where state.keys.remove(key) != nil {
                let left = state.atPlace[key.place, default: 0] - 1
                state.atPlace[key.place] = left > 0 ? left : nil
            }
        }
    }
}
