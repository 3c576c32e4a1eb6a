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
                    WHERE delivery = 'queued' AND next_attempt <= $1
                    """,
                failing: "SELECT count(*) FROM notice WHERE delivery = 'queued' AND attempts > 0",
                at: now
            )
        }
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
