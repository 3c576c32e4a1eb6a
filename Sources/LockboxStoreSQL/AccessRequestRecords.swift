import LockboxDomain
import LockboxPorts

extension SQLTransaction: AccessRequestRecords {
    /// How the beginning is spelt where a state is expected; a foreign key would pass over NULL.
    private static let beginning = ""

    private static let requests = """
        SELECT r.id, r.tenant, r.support_request, r.engineer, r.reason, r.duration, r.scope, r.not_before,
            r.created_at, r.version, r.state, r.deadline, r.asked_at, r.approvals_needed, r.settled_at,
            r.ending_reason, r.ended_by, r.comment, r.expired_stage, g.id, g.starts_at, g.ends_at, g.scope, g.basis
        FROM access_request r LEFT JOIN access_grant g ON g.request = r.id
        """

    func request(_ id: AccessRequestID) throws -> AccessRequest? {
        try requests("WHERE r.id = $1", [.id(id)]).first
    }

    func requests(_ filter: RequestFilter, page: ListPage) throws -> Paged<AccessRequest> {
        var conditions = Conditions()
        conditions.add("r.tenant = %", filter.tenant.map(SQLValue.id))
        conditions.add("r.state = %", filter.state.map { .choice($0) })
        conditions.add("r.support_request = %", filter.supportRequest.map { .text($0.text) })
        conditions.add("r.engineer = %", filter.engineer.map(SQLValue.id))
        conditions.add(
            """
            EXISTS (
                SELECT 1 FROM support_request s
                WHERE s.tenant = r.tenant AND s.number = r.support_request AND s.opened_by = %
            )
            """,
            filter.supportOpenedBy.map(SQLValue.id)
        )
        if let text = page.cursor {
            let cursor = try Cursor(text, list: "requests", keyParts: 1)
            conditions.add(
                "(r.created_at, r.id) < (%, %)",
                [.integer(cursor.time), .text(cursor.key[0])]
            )
        }
        let limit = conditions.placeholder(for: page.rows)
        let found = try requests(
            "\(conditions.whereClause) ORDER BY r.created_at DESC, r.id DESC LIMIT \(limit)",
            conditions.values
        )
        return page.paged(found) { request in
            Cursor(list: "requests", time: request.createdAt.milliseconds, key: [request.id.text])
        }
    }

    func requestsDue(at now: Timestamp, limit: Int) throws -> [AccessRequest] {
        try requests(
            "WHERE r.deadline <= $1 ORDER BY r.deadline, r.id LIMIT $2",
            [.time(now), .limit(limit)]
        )
    }

    func nextRequestDeadline() throws -> Timestamp? {
        try connection.queryOne(
            """
            SELECT id, deadline FROM access_request WHERE deadline IS NOT NULL ORDER BY deadline, id LIMIT 1
            """
        ) { try Record($0, of: "access_request").timestamp(1) }
    }

    func openRequests(of tenant: TenantID?, engineer: PersonID?) throws -> [AccessRequest] {
        var conditions = Conditions()
        // A request is open as long as time can change it.
        conditions.add("r.deadline IS NOT NULL", [])
        conditions.add("r.tenant = %", tenant.map(SQLValue.id))
        conditions.add("r.engineer = %", engineer.map(SQLValue.id))
        return try requests("\(conditions.whereClause) ORDER BY r.id", conditions.values)
    }

    // MARK: - Saving

    func save(_ request: AccessRequest) throws {
        try save(request.state.grant, of: request.id, version: request.version)
        try saveRow(request)
        try saveDecisions(of: request)
    }

    /// A grant is inserted once; later versions must carry the same one, or the program has lost
    /// track of it.
    private func save(_ grant: Grant?, of request: AccessRequestID, version: Int) throws {
        guard let grant else { return }
        let columns = "id, starts_at, ends_at, scope, basis"
        let stored = try connection.queryOne(
            "SELECT \(columns) FROM access_grant WHERE request = $1",
            [.id(request)]
        ) { row in try Self.grant(Record(row, of: "access_grant"), from: 0) }
        if let stored {
            guard stored == grant else {
                throw SQLConstraintViolation(
                    kind: .trigger,
                    message: "access_grant: rows never change"
                )
            }
            return
        }
        try connection.execute(
            "INSERT INTO access_grant (request, \(columns)) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                .id(request), .id(grant.id), .time(grant.start), .time(grant.end),
                .text(grant.scope.stored),
                .choice(grant.basis),
            ]
        )
    }

    private func saveRow(_ request: AccessRequest) throws {
        if request.version == 1 {
            var values = Self.values(of: request)
            values.append(.text(Self.beginning))
            try connection.execute(
                """
                INSERT INTO access_request (id, tenant, support_request, engineer, reason, duration, scope,
                    not_before, created_at, version, state, deadline, asked_at, approvals_needed, settled_at,
                    ending_reason, ended_by, comment, expired_stage, prior_state)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
                """,
                values
            )
            return
        }
        // Sets the terms too: the schema refuses other ones, where an update without them would
        // pass over a bug.
        let changed = try connection.execute(
            """
            UPDATE access_request SET id = $1, tenant = $2, support_request = $3, engineer = $4, reason = $5,
                duration = $6, scope = $7, not_before = $8, created_at = $9, version = $10, state = $11,
                deadline = $12, asked_at = $13, approvals_needed = $14, settled_at = $15, ending_reason = $16,
                ended_by = $17, comment = $18, expired_stage = $19, prior_state = state
            WHERE id = $1
            """,
            Self.values(of: request)
        )
        guard changed == 1 else {
            throw SQLConstraintViolation(
                kind: .trigger,
                message: "access_request: a request begins at version 1"
            )
        }
    }

    private static func values(of request: AccessRequest) -> [SQLValue] {
        let terms = request.terms
        return [
            .id(request.id), .id(terms.tenant), .text(terms.supportRequest.text),
            .id(terms.engineer),
            .text(terms.reason), .span(terms.duration), .text(terms.scope.stored),
            .time(terms.notBefore),
            .time(request.createdAt), .count(request.version),
        ] + StateColumns(request.state).values
    }

    private func saveDecisions(of request: AccessRequest) throws {
        let stored = request.version == 1 ? [] : try decisions(of: request.id)
        guard request.decisions.starts(with: stored) else {
            throw SQLConstraintViolation(kind: .trigger, message: "decision: rows never change")
        }
        for position in stored.count..<request.decisions.count {
            let decision = request.decisions[position]
            let narrowing: Decision.Narrowing
            switch decision.verdict {
            case .approve(let given): narrowing = given
            case .deny: narrowing = .none
            }
            try connection.execute(
                """
                INSERT INTO decision (request, position, stage, person, is_approval, duration, scope, comment,
                    decided_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                [
                    .id(request.id), .count(position), .choice(decision.stage),
                    .id(decision.person),
                    .flag(decision.isApproval), .span(narrowing.duration),
                    .optional(narrowing.scope?.stored),
                    .optional(decision.comment), .time(decision.at),
                ]
            )
        }
    }

    // MARK: - Reading

    private func requests(_ clause: String, _ values: [SQLValue]) throws -> [AccessRequest] {
        // Ends the first query before it begins the others.
        let rows = try connection.query("\(Self.requests) \(clause)", values) { $0 }
        return try rows.map { row in
            let record = Record(row, of: "access_request")
            return AccessRequest(
                id: try record.id(0),
                terms: try Self.terms(record),
                createdAt: try record.timestamp(8),
                version: try record.count(9),
                state: try Self.state(record),
                decisions: try decisions(of: try record.id(0))
            )
        }
    }

    private static func terms(_ record: Record) throws(StoreError) -> AccessRequest.Terms {
        AccessRequest.Terms(
            tenant: try record.slug(1),
            supportRequest: try record.required(SupportRequestNumber(try record.text(2))),
            engineer: try record.id(3),
            reason: try record.text(4),
            duration: try record.span(5),
            scope: try record.scope(6),
            notBefore: try record.optionalTimestamp(7)
        )
    }

    private static func state(_ record: Record) throws(StoreError) -> AccessRequest.State {
        let grant: Grant?
        if case .null = try record.row.value(19) {
            grant = nil
        } else {
            grant = try Self.grant(record, from: 19)
        }
        let stage: AccessRequest.StateName?
        if case .null = try record.row.value(18) {
            stage = nil
        } else {
            stage = try record.choice(18)
        }
        let ending: Ending.Reason?
        if case .null = try record.row.value(15) {
            ending = nil
        } else {
            ending = try record.choice(15)
        }
        let columns = StateColumns(
            name: try record.choice(10),
            deadline: try record.optionalTimestamp(11),
            askedAt: try record.optionalTimestamp(12),
            approvalsNeeded: try record.optionalInteger(13).flatMap(Int.init(exactly:)),
            settledAt: try record.optionalTimestamp(14),
            endingReason: ending,
            endedBy: try record.optionalID(16),
            comment: try record.optionalText(17),
            expiredStage: stage
        )
        return try record.required(columns.state(grant: grant))
    }

    private static func grant(_ record: Record, from column: Int) throws(StoreError) -> Grant {
        let (start, end) = (try record.timestamp(column + 1), try record.timestamp(column + 2))
        guard start < end else { throw record.corrupt }
        return Grant(
            id: try record.id(column),
            start: start,
            end: end,
            scope: try record.scope(column + 3),
            basis: try record.choice(column + 4)
        )
    }

    private func decisions(of request: AccessRequestID) throws -> [Decision] {
        try connection.query(
            """
            SELECT request, position, stage, person, is_approval, duration, scope, comment, decided_at
            FROM decision WHERE request = $1 ORDER BY position
            """,
            [.id(request)]
        ) { row in
            let record = Record(row, of: "decision", keyColumns: 2)
            let scope: Scope?
            if case .null = try row.value(6) { scope = nil } else { scope = try record.scope(6) }
            let narrowing = Decision.Narrowing(
                duration: try record.optionalInteger(5).map(TimeSpan.init(milliseconds:)),
                scope: scope
            )
            return Decision(
                stage: try record.choice(2),
                person: try record.id(3),
                verdict: try record.flag(4) ? .approve(narrowing) : .deny,
                comment: try record.optionalText(7),
                at: try record.timestamp(8)
            )
        }
    }
}
