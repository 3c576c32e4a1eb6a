import LockboxDomain
import LockboxPorts

extension SQLTransaction: AccessRequestRecords {
    /// How the beginning is spelt where a state is expected; a foreign key would pass over NULL.
    private static let beginning = ""

    private static let requests = """
        SELECT r.*, g.id AS grant_id, g.starts_at AS grant_starts_at, g.ends_at AS grant_ends_at,
            g.scope AS grant_scope, g.basis AS grant_basis
        FROM access_request r LEFT JOIN access_grant g ON g.request = r.id
        """

    func request(_ id: AccessRequestID) throws -> AccessRequest? {
        try requests("WHERE r.id = $1", [.id(id)]).first
    }

    func requests(_ filter: RequestFilter, page: ListPage) throws -> Paged<AccessRequest> {
        var conditions = Conditions(filter)
        conditions.add("r.state = %", filter.state.map { .choice($0) })
        let (order, key) = (filter.order, filter.order.key)
        let (isOver, way) = key.isDescending != page.isBefore ? ("<", "DESC") : (">", "ASC")
        if let text = page.cursor {
            let cursor = try Cursor(text, list: order.list, keyParts: 2)
            let mark = order == .engineer ? Self.engineerName(of: "%") : "%"
            conditions.add(
                "(\(key.column), r.id) \(isOver) (\(mark), %)",
                [
                    order == .engineer ? .text(cursor.key[0]) : .integer(cursor.time),
                    .text(cursor.key[1]),
                ]
            )
        }
        let limit = conditions.placeholder(for: page.rows)
        let found = try requests(
            """
            \(conditions.whereClause) ORDER BY \(key.column) \(way), r.id \(way)
            LIMIT \(limit)
            """,
            conditions.values
        )
        let cursor = { (request: AccessRequest) in
            Cursor(
                list: order.list,
                time: order.place(of: request),
                key: [request.terms.engineer.text, request.id.text]
            )
        }
        var paged = page.paged(found, cursor: cursor)
        if page.isBefore {
            paged.items.reverse()
            paged.previous = paged.next == nil ? nil : paged.items.first.map { cursor($0).text }
            paged.next = page.cursor == nil ? nil : paged.items.last.map { cursor($0).text }
        } else if page.cursor != nil {
            paged.previous = paged.items.first.map { cursor($0).text }
        }
        return paged
    }

    func requestCounts(_ filter: RequestFilter, most: Int) throws
        -> [AccessRequest.StateName: Int]?
    {
        var conditions = Conditions(filter)
        let limit = conditions.placeholder(for: .count(most + 1))
        let counts = try connection.query(
            """
            SELECT c.state, count(*) FROM (
                SELECT r.state FROM access_request r \(conditions.whereClause) LIMIT \(limit)
            ) c GROUP BY c.state
            """,
            conditions.values
        ) { row in (try row.text(0), try row.count(1)) }
        guard counts.reduce(0, { $0 + $1.1 }) <= most else { return nil }
        return try counts.reduce(into: [:]) { counts, found in
            guard let state = AccessRequest.StateName(rawValue: found.0) else {
                throw StoreError.corrupt("access_request.state is \(found.0)")
            }
            counts[state] = found.1
        }
    }

    func waitingCount(on number: SupportRequestNumber, of tenant: TenantID, at now: Timestamp)
        throws -> Int
    {
        let count = try connection.queryOne(
            """
            SELECT count(*) FROM access_request
            WHERE tenant = $1 AND support_request = $2 AND state IN ($3, $4) AND deadline > $5
            """,
            [
                .id(tenant), .text(number.text),
                .choice(AccessRequest.StateName.awaitingManager),
                .choice(AccessRequest.StateName.awaitingCustomer), .time(now),
            ]
        ) { row in try row.count(0) }
        return count ?? 0
    }

    func denials(of engineer: PersonID, on number: SupportRequestNumber, of tenant: TenantID)
        throws -> (count: Int, last: Timestamp?)
    {
        let found = try connection.queryOne(
            """
            SELECT count(*), max(settled_at) FROM access_request
            WHERE tenant = $1 AND support_request = $2 AND $3 IN (engineer, asked_by)
                AND state = $4
            """,
            [
                .id(tenant), .text(number.text), .id(engineer),
                .choice(AccessRequest.StateName.denied),
            ]
        ) { row in (count: try row.count(0), last: try row.optionalTimestamp(1)) }
        return found ?? (count: 0, last: nil)
    }

    func requestsDue(at now: Timestamp, limit: Int) throws -> [AccessRequest] {
        try requests(
            "WHERE r.deadline <= $1 ORDER BY r.deadline, r.id LIMIT $2",
            [.time(now), .limit(limit)]
        )
    }

    func nextRequestDeadline() throws -> Timestamp? {
        try connection.selectOne(
            from: "access_request",
            "WHERE deadline IS NOT NULL ORDER BY deadline, id LIMIT 1"
        ) { try $0.timestamp("deadline") }
    }

    func openRequests(of tenant: TenantID?, engineer: PersonID?) throws -> [AccessRequest] {
        var conditions = Conditions()
        // A request is open as long as time can change it.
        conditions.add("r.deadline IS NOT NULL", [])
        conditions.add("r.tenant = %", tenant.map(SQLValue.id))
        conditions.add("r.engineer = %", engineer.map(SQLValue.id))
        return try requests("\(conditions.whereClause) ORDER BY r.id", conditions.values)
    }

    func openRequests(askedBy program: PersonID) throws -> [AccessRequest] {
        try requests(
            "WHERE r.deadline IS NOT NULL AND r.asked_by = $1 ORDER BY r.id",
            [.id(program)]
        )
    }

    func openGrants() throws -> [OpenGrant] {
        try connection.query(
            "\(Self.requests) WHERE r.deadline IS NOT NULL AND r.state IN ($1, $2)",
            [
                .choice(AccessRequest.StateName.scheduled),
                .choice(AccessRequest.StateName.active),
            ]
        ) { found in
            let row = found.of("access_request", key: ["id"])
            return OpenGrant(
                grant: try Self.grant(row, joined: true),
                request: try row.id("id"),
                tenant: try row.slug("tenant"),
                engineer: try row.id("engineer")
            )
        }
    }

    func tenantsWithOpenGrants() throws -> [TenantID] {
        try connection.query(
            """
            SELECT DISTINCT tenant FROM access_request
            WHERE deadline IS NOT NULL AND state IN ($1, $2) ORDER BY tenant
            """,
            [
                .choice(AccessRequest.StateName.scheduled),
                .choice(AccessRequest.StateName.active),
            ]
        ) { try $0.of("access_request", key: ["tenant"]).slug("tenant") }
    }

    func unconfirmedRequests(of tenant: TenantID?) throws -> [AccessRequest] {
        var conditions = Conditions()
        // No identifier is before the empty one: of all tenants, by the same index.
        conditions.add("tenant >= %", tenant == nil ? .text("") : nil)
        conditions.add("tenant = %", tenant.map(SQLValue.id))
        return try requests(
            """
            WHERE r.id IN (
                SELECT request FROM removal \(conditions.whereClause) AND progress <> 'confirmed'
            ) ORDER BY r.id
            """,
            conditions.values
        )
    }

    func leftOpenRequests(of tenant: TenantID, endedAfter instant: Timestamp) throws
        -> [AccessRequest]
    {
        // The state is spelt out, and the order made here: else the index of those that ended lately
        // is not used.
        try requests(
            """
            WHERE r.tenant = $1 AND r.state = 'ended' AND r.settled_at > $2 AND EXISTS (
                SELECT 1 FROM credential c WHERE c.grant_id = g.id AND NOT EXISTS (
                    SELECT 1 FROM removal m WHERE m.grant_id = c.grant_id AND m.service = c.service
                )
            )
            """,
            [.id(tenant), .time(instant)]
        )
        .sorted { $0.id < $1.id }
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
        let stored = try connection.selectOne(
            from: "access_grant",
            "WHERE request = $1",
            [.id(request)]
        ) { try Self.grant($0) }
        if let stored {
            guard stored == grant else {
                throw SQLConstraintViolation(
                    kind: .trigger,
                    message: "access_grant: rows never change"
                )
            }
            return
        }
        try connection.insert(
            [
                "id": .id(grant.id),
                "request": .id(request),
                "starts_at": .time(grant.start),
                "ends_at": .time(grant.end),
                "scope": .text(grant.scope.stored),
                "basis": .choice(grant.basis),
            ],
            into: "access_grant"
        )
    }

    private func saveRow(_ request: AccessRequest) throws {
        var row = Self.columns(of: request)
        if request.version == 1 {
            row["prior_state"] = .text(Self.beginning)
            try connection.insert(row, into: "access_request")
            return
        }
        guard try connection.update(row, in: "access_request", also: ", prior_state = state") else {
            throw SQLConstraintViolation(
                kind: .trigger,
                message: "access_request: a request begins at version 1"
            )
        }
    }

    private static func columns(of request: AccessRequest) -> Columns {
        let (terms, state) = (request.terms, StateColumns(request.state))
        return [
            "id": .id(request.id),
            "tenant": .id(terms.tenant),
            "support_request": .text(terms.supportRequest.text),
            "engineer": .id(terms.engineer),
            "reason": .text(terms.reason),
            "duration": .span(terms.duration),
            "scope": .text(terms.scope.stored),
            "not_before": .time(terms.notBefore),
            "asked_by": .id(terms.askedBy),
            "created_at": .time(request.createdAt),
            "version": .count(request.version),
            "state": .choice(state.name),
            "deadline": .time(state.deadline),
            "asked_at": .time(state.askedAt),
            "approvals_needed": .optional(state.approvalsNeeded.map(Int64.init)),
            "settled_at": .time(state.settledAt),
            "ending_reason": .optional(state.endingReason?.rawValue),
            "ended_by": .id(state.endedBy),
            "comment": .optional(state.comment),
            "expired_stage": .optional(state.expiredStage?.rawValue),
        ]
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
            try connection.insert(
                [
                    "request": .id(request.id),
                    "position": .count(position),
                    "stage": .choice(decision.stage),
                    "person": .id(decision.person),
                    "is_approval": .flag(decision.isApproval),
                    "duration": .span(narrowing.duration),
                    "scope": .optional(narrowing.scope?.stored),
                    "comment": .optional(decision.comment),
                    "decided_at": .time(decision.at),
                    "is_signed": .flag(decision.isSigned),
                ],
                into: "decision"
            )
        }
    }

    // MARK: - Reading

    private func requests(_ clause: String, _ values: [SQLValue]) throws -> [AccessRequest] {
        // Ends the first query before it begins the others.
        let rows = try connection.query("\(Self.requests) \(clause)", values) {
            $0.of("access_request", key: ["id"])
        }
        return try rows.map { row in
            AccessRequest(
                id: try row.id("id"),
                terms: try Self.terms(row),
                createdAt: try row.timestamp("created_at"),
                version: try row.count("version"),
                state: try Self.state(row),
                decisions: try decisions(of: try row.id("id"))
            )
        }
    }

    private static func terms(_ row: SQLRow) throws(StoreError) -> AccessRequest.Terms {
        let notBefore = try row.optionalTimestamp("not_before")
        // At the end of all time nothing can begin: a grant there would have no end after its start.
        guard notBefore.map({ $0 < .latest }) ?? true else { throw row.corrupt }
        return AccessRequest.Terms(
            tenant: try row.slug("tenant"),
            supportRequest: try row.required(
                SupportRequestNumber(try row.text("support_request"))
            ),
            engineer: try row.id("engineer"),
            reason: try row.text("reason"),
            duration: try row.span("duration"),
            scope: try row.scope("scope"),
            notBefore: notBefore,
            askedBy: try row.optionalID("asked_by")
        )
    }

    private static func state(_ row: SQLRow) throws(StoreError) -> AccessRequest.State {
        let columns = StateColumns(
            name: try row.choice("state"),
            deadline: try row.optionalTimestamp("deadline"),
            askedAt: try row.optionalTimestamp("asked_at"),
            approvalsNeeded: try row.optionalCount("approvals_needed"),
            settledAt: try row.optionalTimestamp("settled_at"),
            endingReason: try row.optionalChoice("ending_reason"),
            endedBy: try row.optionalID("ended_by"),
            comment: try row.optionalText("comment"),
            expiredStage: try row.optionalChoice("expired_stage")
        )
        let grant = try row.isNull("grant_id") ? nil : try grant(row, joined: true)
        return try row.required(columns.state(grant: grant))
    }

    /// Joined to its request, a grant's columns say in their names that they are its.
    static func grant(_ row: SQLRow, joined: Bool = false) throws(StoreError) -> Grant {
        func column(_ name: String) -> SQLColumn { .name(joined ? "grant_" + name : name) }
        let start = try row.timestamp(column("starts_at"))
        let end = try row.timestamp(column("ends_at"))
        guard start < end else { throw row.corrupt }
        return Grant(
            id: try row.id(column("id")),
            start: start,
            end: end,
            scope: try row.scope(column("scope")),
            basis: try row.choice(column("basis"))
        )
    }

    private func decisions(of request: AccessRequestID) throws -> [Decision] {
        try connection.select(
            from: "decision",
            key: ["request", "position"],
            "WHERE request = $1 ORDER BY position",
            [.id(request)]
        ) { row in
            let narrowing = Decision.Narrowing(
                duration: try row.optionalSpan("duration"),
                scope: try row.optionalScope("scope")
            )
            return Decision(
                stage: try row.choice("stage"),
                person: try row.id("person"),
                verdict: try row.flag("is_approval") ? .approve(narrowing) : .deny,
                comment: try row.optionalText("comment"),
                at: try row.timestamp("decided_at"),
                isSigned: try row.flag("is_signed")
            )
        }
    }
}

extension RequestOrder {
    /// The list's name in its cursors, so that a cursor of one order is none in another.
    fileprivate var list: String { "requests-\(rawValue)" }

    /// What is compared, and whether the greatest comes first.
    fileprivate var key: (column: String, isDescending: Bool) {
        switch self {
        case .newest: ("r.created_at", true)
        case .oldest: ("r.created_at", false)
        case .deadline: ("coalesce(r.deadline, \(Int64.max))", false)
        case .longest: ("r.duration", true)
        case .engineer: (SQLTransaction.engineerName(of: "r.engineer"), false)
        }
    }

    /// What a cursor keeps of the request where it begins; of an engineer it keeps who she is.
    fileprivate func place(of request: AccessRequest) -> Int64 {
        switch self {
        case .newest, .oldest: request.createdAt.milliseconds
        case .deadline: StateColumns(request.state).deadline?.milliseconds ?? .max
        case .longest: request.terms.duration.milliseconds
        case .engineer: 0
        }
    }
}

extension SQLTransaction {
    fileprivate static func engineerName(of id: String) -> String {
        "(SELECT lower(p.name) FROM person p WHERE p.id = \(id))"
    }
}

extension Conditions {
    /// All that `filter` says, but for the state.
    fileprivate init(_ filter: RequestFilter) {
        add("r.tenant = %", filter.tenant.map(SQLValue.id))
        add("r.support_request = %", filter.supportRequest.map { .text($0.text) })
        add("r.engineer = %", filter.engineer.map(SQLValue.id))
        add("r.asked_by = %", filter.askedBy.map(SQLValue.id))
        add("r.created_at >= %", filter.from.map(SQLValue.time))
        add("r.created_at < %", filter.before.map(SQLValue.time))
        add(
            """
            EXISTS (
                SELECT 1 FROM support_request s
                WHERE s.tenant = r.tenant AND s.number = r.support_request AND s.opened_by = %
            )
            """,
            filter.supportOpenedBy.map(SQLValue.id)
        )
        if filter.asksForChanges {
            // Each line of a scope ends with the number of its actions (`Scope.stored`).
            let ends = [Actions.write, [.read, .write]].map { "% \($0.rawValue)" }
            add(
                "(r.scope LIKE % OR r.scope LIKE % OR r.scope LIKE % OR r.scope LIKE %)",
                (ends + ends.map { $0 + "\n%" }).map(SQLValue.text)
            )
        }
        if let names = filter.resourceNames {
            // A name has no colon, and a space follows it (`Scope.stored`).
            let each = names.map { _ in "replace(r.scope, %, '') <> r.scope" }
                .joined(separator: " OR ")
            add(names.isEmpty ? "1 = 0" : "(\(each))", names.map { .text(":\($0) ") })
        }
        guard let text = filter.text else { return }
        // Nothing that is stored holds a NUL, at which SQLite would cut the pattern off.
        guard !text.unicodeScalars.contains("\0") else {
            add("1 = 0", [])
            return
        }
        let columns = ["r.id", "r.support_request", "r.scope", "r.reason"]
        let own = columns.map { "lower(\($0)) LIKE % ESCAPE '\\'" }.joined(separator: " OR ")
        add(
            """
            (\(own) OR EXISTS (
                SELECT 1 FROM person p WHERE p.id = r.engineer AND (
                    lower(p.name) LIKE % ESCAPE '\\' OR lower(p.email) LIKE % ESCAPE '\\'
                )
            ))
            """,
            Array(repeating: .containing(text), count: columns.count + 2)
        )
    }
}
