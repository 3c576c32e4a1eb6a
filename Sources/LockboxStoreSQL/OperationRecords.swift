import LockboxDomain
import LockboxPorts

extension SQLTransaction: OperationRecords {
    private static let key = ["grant_id", "service", "ordinal"]
    private static let ofBatch = "WHERE grant_id = $1 AND service = $2"

    func size(of batch: OpenBatch) throws -> OpenBatchSize? {
        try connection.queryOne(
            """
            SELECT l.ordinal, l.bytes, f.at FROM open_operation l
            JOIN open_operation f
                ON f.grant_id = l.grant_id AND f.service = l.service AND f.ordinal = 0
            WHERE l.grant_id = $1 AND l.service = $2 ORDER BY l.ordinal DESC LIMIT 1
            """,
            [.id(batch.grant), .id(batch.service)]
        ) { row in
            OpenBatchSize(
                operations: try row.count(0) + 1,
                bytes: try row.count(1),
                first: try row.timestamp(2)
            )
        }
    }

    func add(_ operation: OpenOperation, to batch: OpenBatch, after last: OpenBatchSize?) throws
        -> OpenBatchSize
    {
        let size = OpenBatchSize(
            operations: (last?.operations ?? 0) + 1,
            // With its line break. Every row knows the sum so far, so that nothing is added up.
            bytes: (last?.bytes ?? 0) + operation.line.utf8.count + 1,
            first: last?.first ?? operation.at
        )
        try connection.insert(
            [
                "grant_id": .id(batch.grant),
                "service": .id(batch.service),
                "ordinal": .count(size.operations - 1),
                "at": .time(operation.at),
                "is_write": .flag(operation.isWrite),
                "subject": .text(operation.subject),
                "line": .text(operation.line),
                "bytes": .count(size.bytes),
            ],
            into: "open_operation"
        )
        return size
    }

    func takeOperations(of batch: OpenBatch) throws -> [OpenOperation] {
        let values: [SQLValue] = [.id(batch.grant), .id(batch.service)]
        let operations = try connection.select(
            from: "open_operation",
            key: Self.key,
            "\(Self.ofBatch) ORDER BY ordinal",
            values
        ) { row in
            OpenOperation(
                at: try row.timestamp("at"),
                isWrite: try row.flag("is_write"),
                subject: try row.text("subject"),
                line: try row.text("line")
            )
        }
        try connection.execute("DELETE FROM open_operation \(Self.ofBatch)", values)
        return operations
    }

    func openBatches(of grant: GrantID) throws -> [OpenBatch] {
        try connection.select(
            from: "open_operation",
            key: Self.key,
            "WHERE grant_id = $1 AND ordinal = 0 ORDER BY service",
            [.id(grant)],
            row: Self.batch
        )
    }

    func openBatches(since instant: Timestamp, limit: Int) throws -> [OpenBatch] {
        try connection.select(
            from: "open_operation",
            key: Self.key,
            "WHERE ordinal = 0 AND at <= $1 ORDER BY at LIMIT $2",
            [.time(instant), .count(limit)],
            row: Self.batch
        )
    }

    func oldestOpenBatch() throws -> Timestamp? {
        try connection.selectOne(
            from: "open_operation",
            key: Self.key,
            "WHERE ordinal = 0 ORDER BY at LIMIT 1"
        ) { try $0.timestamp("at") }
    }

    private static func batch(_ row: SQLRow) throws -> OpenBatch {
        OpenBatch(grant: try row.id("grant_id"), service: try row.slug("service"))
    }

    func add(_ totals: [OperationTotal], to grant: GrantID) throws {
        var known = Set(try operationTotals(of: grant).filter { $0.subject != nil }.map(\.place))
        var sums: [OperationTotal.Place: (reads: Int, writes: Int)] = [:]
        for total in totals {
            var place = total.place
            if place.subject != nil, !known.contains(place) {
                if known.count < Limits.subjectsPerGrant {
                    known.insert(place)
                } else {
                    place.subject = nil
                }
            }
            let before = sums[place] ?? (0, 0)
            sums[place] = (before.reads + total.reads, before.writes + total.writes)
        }
        for (place, sum) in sums {
            try connection.execute(
                """
                INSERT INTO operation_total (grant_id, service, subject, reads, writes)
                VALUES ($1, $2, $3, $4, $5)
                \(Self.addingUp)
                """,
                [
                    .id(grant), .id(place.service), .text(place.subject ?? ""), .count(sum.reads),
                    .count(sum.writes),
                ]
            )
        }
    }

    private static let addingUp = """
        ON CONFLICT (grant_id, service, subject) DO UPDATE SET
            reads = operation_total.reads + excluded.reads,
            writes = operation_total.writes + excluded.writes
        """

    /// Counts all of what was done with the grant that a record is about without its subjects.
    func eraseSubjects(of log: LogID, at index: UInt64) throws {
        let named = """
            FROM operation_total WHERE subject <> '' AND grant_id IN (
                SELECT g.id FROM log_entry e JOIN access_grant g ON g.request = e.request
                WHERE e.log = $1 AND e.position = $2)
            """
        let record: [SQLValue] = [.log(log), .position(index)]
        try connection.execute(
            """
            INSERT INTO operation_total (grant_id, service, subject, reads, writes)
            SELECT grant_id, service, '', sum(reads), sum(writes) \(named)
            GROUP BY grant_id, service
            \(Self.addingUp)
            """,
            record
        )
        try connection.execute("DELETE \(named)", record)
    }

    func operationTotals(of grant: GrantID) throws -> [OperationTotal] {
        try connection.select(
            from: "operation_total",
            key: ["grant_id", "service", "subject"],
            "WHERE grant_id = $1 ORDER BY service, subject",
            [.id(grant)]
        ) { row in
            let subject = try row.text("subject")
            return OperationTotal(
                service: try row.slug("service"),
                subject: subject.isEmpty ? nil : subject,
                reads: try row.count("reads"),
                writes: try row.count("writes")
            )
        }
    }
}

extension OperationTotal {
    /// What it counts.
    fileprivate struct Place: Hashable {
        let service: ServiceID
        var subject: String?
    }

    fileprivate var place: Place { Place(service: service, subject: subject) }
}
