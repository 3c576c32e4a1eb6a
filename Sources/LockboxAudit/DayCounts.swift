package import LockboxDomain
import Synchronization

/// Counts what is bounded by the day and leaves no row that could be counted. In memory, so each
/// process counts its own, and a new one from the beginning.
package final class DayCounts: Sendable {
    private struct Key: Hashable {
        let quota: DailyQuota
        let whose: String
    }

    /// When each was done within the last day, the latest last: never more than the quota's bound.
    private let done = Mutex<[Key: [Timestamp]]>([:])

    package init() {}

    /// Counts one more of each of `counted` at `now`, or none where one of them has no room.
    package func add(_ counted: [(quota: DailyQuota, whose: String)], at now: Timestamp)
        throws(Refusal)
    {
        let refusal = done.withLock { done -> Refusal? in
            for key in done.keys {
                done[key]?.removeAll { $0 + DailyQuota.span <= now }
                if done[key]?.isEmpty ?? true { done[key] = nil }
            }
            let keys = counted.map(Key.init)
            for key in keys {
                let times = done[key] ?? []
                let earliest = times.count < key.quota.bound ? nil : times.first
                do throws(Refusal) {
                    try key.quota.requireRoom(since: earliest, at: now)
                } catch {
                    return error
                }
            }
            for key in keys { done[key, default: []].append(now) }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// How many it remembers.
    var count: Int { done.withLock { $0.values.map(\.count).reduce(0, +) } }
}
