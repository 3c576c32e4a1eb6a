import LockboxDomain
import LockboxPorts

extension SQLTransaction: OperationRecords {
    private static let key = ["grant_id", "service", "ordinal"]
    private static let ofBatch = "WHERE grant_id = $1 AND service = $2"

    func add(_ operation: OpenOperation, to batch: OpenBatch) throws -> OpenBatchSize {
        let values: [SQLValue] = [.id(batch.grant), .id(batch.service)]
        let last = try connection.selectOne(
            from: "open_operation",
            key: Self.key,
            "\(Self.ofBatch) ORDER BY ordinal DESC LIMIT 1",
            values
        ) { row in (ordinal: try row.count("ordinal"), bytes: try row.count("bytes")) }
        let first = try connection.selectOne(
            from: "open_operation",
            key: Self.key,
            "\(Self.ofBatch) AND ordinal = 0",
            values
        ) { try $0.timestamp("at") }
        let ordinal = last.map { $0.ordinal + 1 } ?? 0
        // With its line break. Every row knows the sum so far, so that nothing has to be added up.
        let bytes = (last?.bytes ?? 0) + operation.line.utf8.count + 1
        try connection.insert(
            [
                "grant_id": .id(batch.grant),
                "service": .id(batch.service),
                "ordinal": .count(ordinal),
                "credential": .id(operation.credential),
                "at": .time(operation.at),
                "is_write": .flag(operation.isWrite),
                "subject": .text(operation.subject),
                "line": .text(operation.line),
                "bytes": .count(bytes),
            ],
            into: "open_operation"
        )
        return OpenBatchSize(operations: ordinal + 1, bytes: bytes, first: first ?? operation.at)
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
                credential: try row.id("credential"),
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

    func add(_ total: OperationTotal, to grant: GrantID) throws {
        var subject = total.subject ?? ""
        let (known, isKnown) =
            try connection.queryOne(
                """
                SELECT count(*), coalesce(max(CASE WHEN subject = $1 THEN 1 ELSE 0 END), 0)
                FROM operation_total WHERE grant_id = $2
                """,
                [.text(subject), .id(grant)]
            ) { row in (try row.count(0), try row.count(1) == 1) } ?? (0, false)
        if !isKnown, known >= Limits.subjectsPerGrant { subject = "" }
        try connection.execute(
            """
            INSERT INTO operation_total (grant_id, service, subject, reads, writes)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (grant_id, service, subject) DO UPDATE SET
                reads = operation_total.reads + excluded.reads,
                writes = operation_total.writes + excluded.writes
            """,
            [
                .id(grant), .id(total.service), .text(subject), .count(total.reads),
                .count(total.writes),
            ]
        )
    }

    func operationTotals(of grant: GrantID) throws -> [OperationTotal] {
        let totals = try connection.select(
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
        // There are few of them, and another order in the query would be sorted there all the same.
        return totals.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            return (a.service, b.reads + b.writes, a.subject == nil ? 1 : 0, left.offset)
                < (b.service, a.reads + a.writes, b.subject == nil ? 1 : 0, right.offset)
        }.map(\.element)
    }
}
