import LockboxDomain
import LockboxPorts

extension SQLTransaction: SupportRequestRecords {
    private static let supportColumns =
        "tenant, number, subject, description, service, url, opened_by, opened_at"

    func supportRequest(_ number: SupportRequestNumber, of tenant: TenantID) throws
        -> SupportRequest?
    {
        try connection.queryOne(
            "SELECT \(Self.supportColumns) FROM support_request WHERE tenant = $1 AND number = $2",
            [.id(tenant), .text(number.text)],
            row: Self.supportRequest
        )
    }

    func supportRequests(numbered number: SupportRequestNumber) throws -> [SupportRequest] {
        try connection.query(
            "SELECT \(Self.supportColumns) FROM support_request WHERE number = $1 ORDER BY tenant",
            [.text(number.text)],
            row: Self.supportRequest
        )
    }

    func supportRequests(of tenant: TenantID?, openedBy: PersonID?, page: ListPage) throws -> Paged<
        SupportRequest
    > {
        var conditions = Conditions()
        conditions.add("tenant = %", tenant.map(SQLValue.id))
        conditions.add("opened_by = %", openedBy.map(SQLValue.id))
        if let text = page.cursor {
            let cursor = try Cursor(text, list: "support", keyParts: 2)
            conditions.add(
                "(opened_at, number, tenant) < (%, %, %)",
                [.integer(cursor.time), .text(cursor.key[0]), .text(cursor.key[1])]
            )
        }
        let limit = conditions.placeholder(for: page.rows)
        let found = try connection.query(
            """
            SELECT \(Self.supportColumns) FROM support_request \(conditions.whereClause)
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
            try connection.execute(
                "INSERT INTO support_request (\(Self.supportColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    .id(support.tenant), .text(support.number.text), .text(support.subject),
                    .text(support.description), .id(support.service), .optional(support.url),
                    .id(support.openedBy),
                    .time(support.openedAt),
                ]
            )
        }
    }

    private static func supportRequest(_ row: SQLRow) throws -> SupportRequest {
        let record = Record(row, of: "support_request", keyColumns: 2)
        return SupportRequest(
            stored: try record.slug(0),
            number: try record.required(SupportRequestNumber(try record.text(1))),
            subject: try record.text(2),
            description: try record.text(3),
            service: try record.optionalSlug(4),
            url: try record.optionalText(5),
            openedBy: try record.id(6),
            openedAt: try record.timestamp(7)
        )
    }
}
