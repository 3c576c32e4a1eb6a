import LockboxDomain
import LockboxPorts

extension SQLTransaction: OutboxRecords {
    func insert(_ notice: Notice) throws {
        try connection.insert(try Self.columns(of: notice), into: "notice")
    }

    func update(_ notice: Notice) throws {
        guard try connection.update(try Self.columns(of: notice), in: "notice") else {
            throw Refusal.notFound(.notice)
        }
    }

    func notice(_ id: NoticeID) throws -> Notice? {
        try connection.selectOne(from: "notice", "WHERE id = $1", [.id(id)], row: Self.notice)
    }

    /// One look at the index for each priority: what may wait is not read to find what may not.
    func noticesDue(at now: Timestamp, limit: Int) throws -> [Notice] {
        var due: [Notice] = []
        for priority in Notice.Priority.allCases where due.count < limit {
            due += try connection.select(
                from: "notice",
                """
                WHERE delivery = 'queued' AND priority = $1 AND next_attempt <= $2
                ORDER BY next_attempt, id LIMIT $3
                """,
                [.count(priority.rawValue), .time(now), .limit(limit - due.count)],
                row: Self.notice
            )
        }
        return due
    }

    func beginNotice(_ id: NoticeID, at now: Timestamp) throws -> Bool {
        try connection.execute(
            "UPDATE notice SET begun_at = $1 WHERE id = $2 AND delivery = 'queued'",
            [.time(now), .id(id)]
        ) == 1
    }

    func nextNoticeAttempt() throws -> Timestamp? {
        try Notice.Priority.allCases.compactMap { priority in
            try connection.selectOne(
                from: "notice",
                "WHERE delivery = 'queued' AND priority = $1 ORDER BY next_attempt, id LIMIT 1",
                [.count(priority.rawValue)]
            ) { try $0.timestamp("next_attempt") }
        }.min()
    }

    func cancelNotices(about request: AccessRequestID, kinds: [Notice.Kind]) throws {
        for kind in kinds {
            try connection.execute(
                """
                UPDATE notice SET
                    delivery = CASE WHEN begun_at IS NULL THEN $1 ELSE delivery END,
                    is_unwanted = CASE WHEN begun_at IS NULL THEN is_unwanted ELSE 1 END,
                    next_attempt = CASE WHEN begun_at IS NULL THEN next_attempt ELSE created_at END
                WHERE request = $2 AND kind = $3 AND delivery = 'queued'
                """,
                [.choice(Notice.Delivery.cancelled), .id(request), .choice(kind)]
            )
        }
    }

    func notices(about request: AccessRequestID) throws -> [Notice] {
        try connection.select(
            from: "notice",
            "WHERE request = $1 ORDER BY created_at, id",
            [.id(request)],
            row: Self.notice
        )
    }

    func notices(about number: SupportRequestNumber, of tenant: TenantID) throws -> [Notice] {
        try connection.select(
            from: "notice",
            "WHERE tenant = $1 AND support_request = $2 ORDER BY created_at, id",
            [.id(tenant), .text(number.text)],
            row: Self.notice
        )
    }

    func sideNotices(of side: Side, since: Timestamp) throws -> [Notice] {
        var conditions = Conditions()
        conditions.add(
            "request IS NULL AND support_request IS NULL AND recipient IS NOT NULL",
            []
        )
        if let tenant = side.tenant {
            conditions.add("tenant = %", [.id(tenant)])
        } else {
            conditions.add("tenant IS NULL", [])
        }
        conditions.add("created_at >= %", [.time(since)])
        return try connection.select(
            from: "notice",
            "\(conditions.whereClause) ORDER BY created_at, id",
            conditions.values,
            row: Self.notice
        )
    }

    func remove(_ id: NoticeID) throws {
        try connection.execute("DELETE FROM notice WHERE id = $1", [.id(id)])
    }

    func operatorNotices(since: Timestamp) throws -> [Notice] {
        try connection.select(
            from: "notice",
            """
            WHERE request IS NULL AND tenant IS NULL AND recipient IS NULL
                AND (created_at >= $1 OR delivery = 'queued')
            ORDER BY created_at, id
            """,
            [.time(since)],
            row: Self.notice
        )
    }

    private static func columns(of notice: Notice) throws -> Columns {
        [
            "id": .id(notice.id),
            "kind": .choice(notice.kind),
            "tenant": .id(notice.tenant),
            "request": .id(notice.request),
            "support_request": .optional(notice.supportRequest?.text),
            "recipient": .id(notice.recipient),
            "recipient_name": .text(notice.recipientName),
            "recipient_address": .text(notice.recipientAddress.text),
            "facts": try JSONColumn.value(notice.facts),
            "created_at": .time(notice.createdAt),
            "send_at": .time(notice.sendAt),
            "priority": .count(notice.kind.priority.rawValue),
            "next_attempt": .time(notice.nextAttempt),
            "good_until": .time(notice.goodUntil),
            "delivery": .choice(notice.delivery),
            "attempts": .count(notice.attempts),
            "last_reply": .optional(notice.lastReply),
            "sent_at": .time(notice.sentAt),
            "begun_at": .time(notice.begunAt),
            "is_unwanted": .flag(notice.isUnwanted),
            "trouble": .optional(notice.trouble?.rawValue),
        ]
    }

    private static func notice(_ row: SQLRow) throws -> Notice {
        var notice = Notice(
            stored: try row.id("id"),
            kind: try row.choice("kind"),
            tenant: try row.optionalSlug("tenant"),
            request: try row.optionalID("request"),
            recipient: try row.optionalID("recipient"),
            recipientName: try row.text("recipient_name"),
            recipientAddress: try row.email("recipient_address"),
            facts: try row.json("facts"),
            createdAt: try row.timestamp("created_at"),
            sendAt: try row.timestamp("send_at"),
            nextAttempt: try row.timestamp("next_attempt"),
            goodUntil: try row.optionalTimestamp("good_until"),
            delivery: try row.choice("delivery"),
            attempts: try row.count("attempts"),
            lastReply: try row.optionalText("last_reply"),
            sentAt: try row.optionalTimestamp("sent_at")
        )
        notice.supportRequest = try row.optionalText("support_request").map {
            try row.required(SupportRequestNumber($0))
        }
        notice.begunAt = try row.optionalTimestamp("begun_at")
        notice.isUnwanted = try row.flag("is_unwanted")
        notice.trouble = try row.optionalChoice("trouble")
        return notice
    }
}
