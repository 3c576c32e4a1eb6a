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

    /// Forgets one of each of `counted` that was counted at `now`.
    func takeBack(_ counted: [(quota: DailyQuota, whose: String)], at now: Timestamp) {
        done.withLock { done in
            for key in counted.map(Key.init) {
                if let place = done[key]?.lastIndex(of: now) { done[key]?.remove(at: place) }
            }
        }
    }

    /// How many it remembers.
    var count: Int { done.withLock { $0.values.map(\.count).reduce(0, +) } }
}

/// One count, of what a write does: a write that is run again counts once, and one that fails does
/// not count.
package final class DayCount: Sendable {
    private typealias Taken = (counted: [(quota: DailyQuota, whose: String)], at: Timestamp)

    private let counts: DayCounts
    private let taken = Mutex<Taken?>(nil)

    package init(in counts: DayCounts) { self.counts = counts }

    /// As `DayCounts.add`, in place of what this counted before.
    package func add(_ counted: [(quota: DailyQuota, whose: String)], at now: Timestamp)
        throws(Refusal)
    {
        takeBack()
        try counts.add(counted, at: now)
        taken.withLock { $0 = (counted, now) }
    }

    /// What it is for did not come about.
    package func takeBack() {
        let before = taken.withLock { taken in
            defer { taken = nil }
            return taken
        }
        if let before { counts.takeBack(before.counted, at: before.at) }
    }
}
