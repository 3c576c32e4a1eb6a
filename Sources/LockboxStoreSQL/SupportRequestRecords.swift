import LockboxDomain
import LockboxPorts

extension SQLTransaction: SupportRequestRecords {
    private static let supportKey = ["tenant", "number"]

    func supportRequest(_ number: SupportRequestNumber, of tenant: TenantID) throws
        -> SupportRequest?
    {
        try connection.selectOne(
            from: "support_request",
            key: Self.supportKey,
            "WHERE tenant = $1 AND number = $2",
            [.id(tenant), .text(number.text)],
            row: Self.supportRequest
        )
    }

    func supportRequests(numbered number: SupportRequestNumber) throws -> [SupportRequest] {
        try connection.select(
            from: "support_request",
            key: Self.supportKey,
            "WHERE number = $1 ORDER BY tenant",
            [.text(number.text)],
            row: Self.supportRequest
        )
    }

    func supportRequests(_ numbers: [SupportRequestNumber], of tenant: TenantID) throws
        -> [SupportRequest]
    {
        guard !numbers.isEmpty else { return [] }
        var conditions = Conditions()
        conditions.add("tenant = %", [.id(tenant)])
        conditions.addOne(of: numbers.map { .text($0.text) }, "number")
        return try connection.select(
            from: "support_request",
            key: Self.supportKey,
            conditions.whereClause,
            conditions.values,
            row: Self.supportRequest
        )
    }

    func supportRequests(
        of tenant: TenantID,
        opened times: ClosedRange<Timestamp>,
        limit: Int
    ) throws -> [SupportRequest] {
        try connection.select(
            from: "support_request",
            key: Self.supportKey,
            """
            WHERE tenant = $1 AND opened_at >= $2 AND opened_at <= $3
            ORDER BY opened_at, number LIMIT $4
            """,
            [
                .id(tenant), .time(times.lowerBound), .time(times.upperBound),
                .count(min(max(limit, 1), SQLLimits.pageItems)),
            ],
            row: Self.supportRequest
        )
    }

    func supportRequestCount(of tenant: TenantID) throws -> Int {
        try connection.queryOne(
            "SELECT count(*) FROM support_request WHERE tenant = $1",
            [.id(tenant)]
        ) { try $0.count(0) } ?? 0
    }

    func supportRequests(
        of tenant: TenantID?,
        openedBy: PersonID?,
        state: SupportRequest.State?,
        page: ListPage
    ) throws -> Paged<SupportRequest> {
        var conditions = Conditions()
        conditions.add("tenant = %", tenant.map(SQLValue.id))
        conditions.add("opened_by = %", openedBy.map(SQLValue.id))
        conditions.add("state = %", state.map { .choice($0) })
        if let text = page.cursor {
            let cursor = try Cursor(text, list: "support", keyParts: 2)
            conditions.add(
                "(opened_at, number, tenant) < (%, %, %)",
                [.integer(cursor.time), .text(cursor.key[0]), .text(cursor.key[1])]
            )
        }
        let limit = conditions.placeholder(for: page.rows)
        let found = try connection.select(
            from: "support_request",
            key: Self.supportKey,
            """
            \(conditions.whereClause)
            ORDER BY opened_at DESC, number DESC, tenant DESC LIMIT \(limit)
            """,
            conditions.values,
            row: Self.supportRequest
        )
        return page.paged(found) { support in
            Cursor(
                list: "support",
                time: support.openedAt.milliseconds,
                key: [support.number.text, support.tenant.text]
            )
        }
    }

    func insert(_ support: SupportRequest) throws {
        try ifNotUnique(.alreadyExists(.supportRequest)) {
            try connection.insert(
                [
                    "tenant": .id(support.tenant),
                    "number": .text(support.number.text),
                    "subject": .text(support.subject),
                    "description": .text(support.description),
                    "service": .id(support.service),
                    "url": .optional(support.url),
                    "opened_by": .id(support.openedBy),
                    "opened_at": .time(support.openedAt),
                ],
                into: "support_request"
            )
        }
    }

    func save(_ support: SupportRequest, _ entry: SupportEntry) throws {
        try connection.insert(
            [
                "tenant": .id(support.tenant),
                "support_request": .text(support.number.text),
                "number": .count(entry.number),
                "person": .id(entry.person),
                "act": .choice(entry.act),
                "content": .optional(entry.text),
                "posted_at": .time(entry.at),
            ],
            into: "support_entry"
        )
        try connection.execute(
            """
            UPDATE support_request
            SET state = $1, entry_count = $2, answered_by = $3, answered_at = $4
            WHERE tenant = $5 AND number = $6
            """,
            [
                .choice(support.state), .count(support.entryCount),
                .id(support.lastAnswer?.person), .time(support.lastAnswer?.at),
                .id(support.tenant), .text(support.number.text),
            ]
        )
    }

    func entries(on number: SupportRequestNumber, of tenant: TenantID) throws -> [SupportEntry] {
        try connection.select(
            from: "support_entry",
            key: ["tenant", "support_request", "number"],
            "WHERE tenant = $1 AND support_request = $2 ORDER BY number",
            [.id(tenant), .text(number.text)]
        ) { row in
            SupportEntry(
                number: try row.count("number"),
                person: try row.id("person"),
                act: try row.choice("act"),
                text: try row.optionalText("content"),
                at: try row.timestamp("posted_at")
            )
        }
    }

    func writtenSupportRequests(
        of tenant: TenantID,
        after last: SupportRequestNumber?,
        limit: Int
    ) throws -> [SupportRequest] {
        try connection.select(
            from: "support_request",
            key: Self.supportKey,
            "WHERE tenant = $1 AND number > $2 AND entry_count > 0 ORDER BY number LIMIT $3",
            [.id(tenant), .text(last?.text ?? ""), .limit(limit)],
            row: Self.supportRequest
        )
    }

    private static func supportRequest(_ row: SQLRow) throws -> SupportRequest {
        let answeredAt = try row.optionalTimestamp("answered_at")
        return SupportRequest(
            stored: try row.slug("tenant"),
            number: try row.required(SupportRequestNumber(try row.text("number"))),
            subject: try row.text("subject"),
            description: try row.text("description"),
            service: try row.optionalSlug("service"),
            url: try row.optionalText("url"),
            openedBy: try row.id("opened_by"),
            openedAt: try row.timestamp("opened_at"),
            state: try row.choice("state"),
            entryCount: try row.count("entry_count"),
            lastAnswer: try answeredAt.map { at in
                SupportRequest.Answer(person: try row.id("answered_by"), at: at)
            }
        )
    }
}
