public import LockboxDomain

/// What was done within a day, counted over an index.
public protocol DayRecords {
    /// When the `place`-th latest of those was done, 1 being the latest; nil where there are fewer
    /// after `since`.
    func time(ofLatest place: Int, _ counted: Counted, after since: Timestamp) throws -> Timestamp?
}

extension DayRecords {
    /// Refuses one more of each of `counted` where the bound of the day is reached.
    public func requireRoom(for counted: Counted..., at now: Timestamp) throws {
        let since = now - DailyQuota.span
        for one in counted {
            let earliest = try time(ofLatest: one.quota.bound, one, after: since)
            try one.quota.requireRoom(since: earliest, at: now)
        }
    }
}
