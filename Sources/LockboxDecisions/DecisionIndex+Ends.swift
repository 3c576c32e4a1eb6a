package import LockboxDomain
import LockboxPorts
import Synchronization

/// An end that holds and is not written down.
struct ImmediateEnd: Sendable {
    let since: Timestamp
    /// How many asked for it and have not heard yet.
    var asking = 0
    /// Writes it down, where those who asked were told that this failed.
    var record: (@Sendable () async throws -> Void)?
}

/// A row of a grant that the log does not grant.
struct RefusedGrant: Sendable {
    /// As they were found good; those of the row where they never were.
    let terms: OpenGrant
    let since: Timestamp
}

extension DecisionIndex: ImmediateEnds {
    package func end(_ grant: GrantID, at now: Timestamp) {
        state.withLock { state in
            state.ends[grant, default: ImmediateEnd(since: now)].asking += 1
        }
        endAsked()
    }

    package func takeBack(_ grant: GrantID) {
        state.withLock { state in
            guard var end = state.ends[grant] else { return }
            end.asking -= 1
            state.ends[grant] = end.asking > 0 || end.record != nil ? end : nil
        }
    }

    package func recordLater(
        _ grant: GrantID,
        _ record: @escaping @Sendable () async throws -> Void
    ) {
        state.withLock { state in
            guard var end = state.ends[grant] else { return }
            end.asking -= 1
            // One of those who asked is enough, and the first was.
            end.record = end.record ?? record
            state.ends[grant] = end
        }
        endAsked()
    }

    /// Another process says that access under `grants` is over, whether or not that is written down
    /// yet. It holds until `end`.
    package func hold(_ grants: [GrantID], until end: Timestamp) {
        state.withLock { state in
            for grant in grants {
                state.endedEarly[grant] = max(end, state.endedEarly[grant] ?? end)
            }
        }
    }

    package func ended(_ grant: GrantID) -> Timestamp? {
        state.withLock { $0.ends[grant]?.since ?? $0.refused[grant]?.since }
    }

    /// How many rows of grants the log does not grant.
    package var refusedCount: Int { state.withLock(\.refused.count) }

    /// Access that is over at `now`, by time, because somebody ended it or because the log does not
    /// grant it, and whose end is not written down.
    package func unrecordedEnds(at now: Timestamp) -> [UnrecordedEnd] {
        state.withLock { state in
            var ends = state.ends.mapValues(\.since)
            for (grant, end) in state.open.over(at: now) {
                ends[grant] = min(end, ends[grant] ?? end)
            }
            for (grant, row) in state.refused {
                ends[grant] = min(row.since, ends[grant] ?? row.since)
            }
            return ends.map { grant, end in
                UnrecordedEnd(
                    grant: grant,
                    at: end,
                    isRefused: state.refused[grant] != nil,
                    orders: state.refused[grant].map { $0.terms.orders(endedAt: end) }
                        ?? state.open.orders(of: grant, endedAt: end)
                )
            }
        }
    }

    /// When time ends access next, after `now`.
    package func nextEnd(after now: Timestamp) -> Timestamp? {
        state.withLock { $0.open.nextEnd(after: now) }
    }

    /// Ends that somebody asked for, was told that they could not be written down, and that are
    /// still to be.
    package func endsToRecord() -> [(
        grant: GrantID, record: @Sendable () async throws -> Void
    )] {
        state.withLock { state in
            state.ends.compactMap { grant, end in end.record.map { (grant, $0) } }
        }
    }

    /// The end of `grant` is not to be written down any more: it is, or it was refused.
    package func dropRecord(of grant: GrantID) {
        state.withLock { state in
            guard var end = state.ends[grant] else { return }
            end.record = nil
            state.ends[grant] = end.asking > 0 ? end : nil
        }
    }
}
