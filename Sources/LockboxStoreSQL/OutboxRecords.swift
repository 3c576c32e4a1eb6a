import LockboxDomain
import LockboxPorts

extension SQLTransaction: OutboxRecords {
    private static let noticeColumns = """
        id, kind, tenant, request, recipient, recipient_name, recipient_address, facts, created_at, next_attempt,
        good_until, delivery, attempts, last_reply, sent_at
        """
    private static let readNoticeColumns = noticeColumns + ", begun_at, is_unwanted"

    func insert(_ notice: Notice) throws {
        try connection.execute(
            """
            INSERT INTO notice (\(Self.noticeColumns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            try Self.values(of: notice)
        )
    }

    /// Sets every column, so that the schema can refuse a change of what was written.
    func update(_ notice: Notice) throws {
        let changed = try connection.execute(
            """
            UPDATE notice SET id = $1, kind = $2, tenant = $3, request = $4, recipient = $5, recipient_name = $6,
                recipient_address = $7, facts = $8, created_at = $9, next_attempt = $10, good_until = $11,
                delivery = $12, attempts = $13, last_reply = $14, sent_at = $15, begun_at = $16,
                is_unwanted = $17
            WHERE id = $1
            """,
            try Self.values(of: notice) + [.time(notice.begunAt), .flag(notice.isUnwanted)]
        )
        guard changed == 1 else { throw Refusal.notFound(.notice) }
    }

    func noticesDue(at now: Timestamp, limit: Int) throws -> [Notice] {
        try connection.query(
            """
            SELECT \(Self.readNoticeColumns) FROM notice WHERE delivery = 'queued' AND next_attempt <= $1
            ORDER BY next_attempt, id LIMIT $2
            """,
            [.time(now), .limit(limit)],
            row: Self.notice
        )
    }

    func beginNotice(_ id: NoticeID, at now: Timestamp) throws -> Bool {
        try connection.execute(
            "UPDATE notice SET begun_at = $1 WHERE id = $2 AND delivery = 'queued'",
            [.time(now), .id(id)]
        ) == 1
    }

    func nextNoticeAttempt() throws -> Timestamp? {
        try connection.queryOne(
            "SELECT id, next_attempt FROM notice WHERE delivery = 'queued' ORDER BY next_attempt, id LIMIT 1"
        ) { try Record($0, of: "notice").timestamp(1) }
    }

    func cancelNotices(about request: AccessRequestID, kinds: [Notice.Kind]) throws {
        for kind in kinds {
            try connection.execute(
                """
                UPDATE notice SET
                    delivery = CASE WHEN begun_at IS NULL THEN $1 ELSE delivery END,
                    is_unwanted = CASE WHEN begun_at IS NULL THEN is_unwanted ELSE 1 END
                WHERE request = $2 AND kind = $3 AND delivery = 'queued'
                """,
                [.choice(Notice.Delivery.cancelled), .id(request), .choice(kind)]
            )
        }
    }

    func notices(about request: AccessRequestID) throws -> [Notice] {
        try connection.query(
            "SELECT \(Self.readNoticeColumns) FROM notice WHERE request = $1 ORDER BY created_at, id",
            [.id(request)],
            row: Self.notice
        )
    }

    private static func values(of notice: Notice) throws -> [SQLValue] {
        [
            .id(notice.id), .choice(notice.kind), .id(notice.tenant), .id(notice.request),
            .id(notice.recipient),
            .text(notice.recipientName), .text(notice.recipientAddress.text),
            try JSONColumn.value(notice.facts),
            .time(notice.createdAt), .time(notice.nextAttempt), .time(notice.goodUntil),
            .choice(notice.delivery),
            .count(notice.attempts), .optional(notice.lastReply), .time(notice.sentAt),
        ]
    }

    private static func notice(_ row: SQLRow) throws -> Notice {
        let record = Record(row, of: "notice")
        var notice = Notice(
            stored: try record.id(0),
            kind: try record.choice(1),
            tenant: try record.slug(2),
            request: try record.id(3),
            recipient: try record.id(4),
            recipientName: try record.text(5),
            recipientAddress: try record.email(6),
            facts: try record.json(7),
            createdAt: try record.timestamp(8),
            nextAttempt: try record.timestamp(9),
            goodUntil: try record.optionalTimestamp(10),
            delivery: try record.choice(11),
            attempts: try record.count(12),
            lastReply: try record.optionalText(13),
            sentAt: try record.optionalTimestamp(14)
        )
        notice.begunAt = try record.optionalTimestamp(15)
        notice.isUnwanted = try record.flag(16)
        return notice
    }
}
