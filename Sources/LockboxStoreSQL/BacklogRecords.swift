import LockboxDomain
import LockboxPorts

extension SQLTransaction: BacklogRecords {
    func backlog(of lane: WorkLane, at now: Timestamp) throws -> Backlog {
        switch lane {
        case .expiry:
            try backlog(
                due: "SELECT count(*), min(deadline) FROM access_request WHERE deadline <= $1",
                failing: nil,
                at: now
            )
        case .cut:
            try backlog(
                due: """
                    SELECT count(*), min(next_attempt) FROM removal
                    WHERE progress <> 'confirmed' AND cut_at IS NULL AND next_attempt <= $1
                    """,
                failing: """
                    SELECT count(*) FROM removal
                    WHERE progress <> 'confirmed' AND cut_at IS NULL AND attempts > 0
                    """,
                at: now
            )
        case .orders:
            try backlog(
                due: """
                    SELECT count(*), min(next_attempt) FROM removal
                    WHERE progress <> 'confirmed' AND next_attempt <= $1
                    """,
                failing: "SELECT count(*) FROM removal WHERE progress = 'failed'",
                at: now
            )
        case .mail:
            try backlog(
                due: """
                    SELECT count(*), min(next_attempt) FROM notice
                    WHERE delivery = 'queued' AND priority IN (0, 1, 2) AND next_attempt <= $1
                    """,
                failing: "SELECT count(*) FROM notice WHERE delivery = 'queued' AND attempts > 0",
                at: now
            )
        case .operations:
            try backlog(
                due: "SELECT count(*), min(at) FROM open_operation WHERE ordinal = 0 AND at <= $1",
                failing: nil,
                at: now - Limits.batchAge
            )
        }
    }

    func lettersWaiting(at now: Timestamp) throws -> LettersWaiting {
        // What waits for a second attempt, or for a letter that it follows, is not due, but waits all
        // the same.
        let waiting = try connection.queryOne(
            "SELECT count(*), min(send_at) FROM notice WHERE delivery = 'queued' AND send_at <= $1",
            [.time(now)]
        ) { row in (count: try row.count(0), oldest: try row.optionalTimestamp(1)) }
        let refusedByRelay = try connection.queryOne(
            """
            SELECT count(*) FROM notice
            WHERE delivery = 'queued' AND attempts > 0 AND trouble = 'relay'
            """
        ) { row in try row.count(0) }
        let givenUp = try connection.queryOne(
            "SELECT count(*) FROM notice WHERE delivery IN ('refused', 'bounced')"
        ) { row in try row.count(0) }
        return LettersWaiting(
            waiting: waiting?.count ?? 0,
            oldest: waiting?.oldest,
            refusedByRelay: refusedByRelay ?? 0,
            givenUp: givenUp ?? 0
        )
    }

    private func backlog(due: String, failing: String?, at now: Timestamp) throws -> Backlog {
        let found = try connection.queryOne(due, [.time(now)]) { row in
            (count: try row.count(0), oldest: try row.optionalTimestamp(1))
        }
        let failing = try failing.flatMap { sql in
            try connection.queryOne(sql) { row in try row.count(0) }
        }
        return Backlog(due: found?.count ?? 0, oldest: found?.oldest, failing: failing ?? 0)
    }
}
