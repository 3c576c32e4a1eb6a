import LockboxDomain
import LockboxPorts

extension SQLTransaction: DayRecords {
    func time(ofLatest place: Int, _ counted: Counted, after since: Timestamp) throws -> Timestamp?
    {
        let (table, instant, whose) = Self.rows(of: counted)
        let given = whose.filter { $0.value != .null }
        let conditions =
            given.enumerated().map { "\($1.column) = $\($0 + 1)" }
            + whose.filter { $0.value == .null }.map { "\($0.column) IS NULL" }
        return try connection.queryOne(
            """
            SELECT \(instant) FROM \(table)
            WHERE \(conditions.joined(separator: " AND ")) AND \(instant) > $\(given.count + 1)
            ORDER BY \(instant) DESC LIMIT 1 OFFSET $\(given.count + 2)
            """,
            given.map(\.value) + [.time(since), .count(place - 1)]
        ) { row in try row.timestamp(0) }
    }

    /// In which table, by which instant, and with what in which columns.
    private static func rows(of counted: Counted) -> (
        table: String, instant: String, whose: [(column: String, value: SQLValue)]
    ) {
        switch counted {
        case .supportRequestsBy(let person):
            ("support_request", "opened_at", [("opened_by", .id(person))])
        case .supportRequestsOf(let tenant):
            ("support_request", "opened_at", [("tenant", .id(tenant))])
        case .requestsBy(let engineer):
            ("access_request", "created_at", [("engineer", .id(engineer)), ("asked_by", .null)])
        case .requestsByAt(let engineer, let tenant):
            (
                "access_request", "created_at",
                [("engineer", .id(engineer)), ("asked_by", .null), ("tenant", .id(tenant))]
            )
        case .requestsOfProgram(let program):
            ("access_request", "created_at", [("asked_by", .id(program))])
        case .requestsOfProgramAt(let program, let tenant):
            (
                "access_request", "created_at",
                [("asked_by", .id(program)), ("tenant", .id(tenant))]
            )
        case .requestsAbout(let tenant):
            ("access_request", "created_at", [("tenant", .id(tenant))])
        case .supportMessagesBy(let person):
            ("support_entry", "posted_at", [("person", .id(person))])
        case .messagesBy(let person): ("message", "posted_at", [("person", .id(person))])
        case .tokensOf(let person): ("api_token", "created_at", [("person", .id(person))])
        case .invitationsTo(let person, let purpose):
            (
                "invitation", "made_at",
                [("person", .id(person)), ("purpose", .choice(purpose))]
            )
        case .provisionedWith(let token):
            ("provisioned_user", "created_at", [("made_with", .id(token))])
        case .lettersTo(let person): ("notice", "sent_at", [("recipient", .id(person))])
        }
    }
}
