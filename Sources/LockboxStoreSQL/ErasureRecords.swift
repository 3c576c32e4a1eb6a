import LockboxDomain
import LockboxPorts

extension SQLTransaction: ErasureRecords {
    func standingTexts(of tenant: TenantID, _ selection: TextSelection, limit: Int) throws
        -> [StandingText]
    {
        let chosen = try chosen(selection, of: tenant)
        guard !chosen.isNothing else { return [] }
        let query = """
            \(texts) \(chosen.whereClause) AND t.content IS NOT NULL
            ORDER BY t.position, t.ordinal
            """
        var found = try connection.query(
            "\(query) LIMIT \(SQLLimits.rows.clamped(limit))",
            chosen.values,
            row: Self.standingText
        )
        // Of the last record all that is chosen: a record goes at once.
        guard found.count >= limit, let last = found.last?.index else { return found }
        found.removeAll { $0.index == last }
        var rest = chosen
        rest.add("t.position = %", [.position(last)])
        return found
            + (try connection.query(
                "\(texts) \(rest.whereClause) AND t.content IS NOT NULL ORDER BY t.ordinal",
                rest.values,
                row: Self.standingText
            ))
    }

    func unfinished(of tenant: TenantID, _ selection: TextSelection) throws -> [String] {
        let chosen = try chosen(selection, of: tenant)
        guard !chosen.isNothing else { return [] }
        let texts = "\(chosen.whereClause) AND t.content IS NOT NULL"
        let requests = try connection.query(
            """
            SELECT DISTINCT e.request FROM log_text t
            JOIN log_entry e ON e.log = t.log AND e.position = t.position
            JOIN access_request r ON r.id = e.request
            \(texts) AND NOT (\(Self.isOver)) ORDER BY e.request LIMIT 20
            """,
            chosen.values
        ) { try $0.text(0) }
        let supports = try connection.query(
            """
            SELECT DISTINCT s.number FROM log_text t
            JOIN log_entry e ON e.log = t.log AND e.position = t.position
            JOIN support_request s ON s.tenant = e.log AND s.number = \(supportRequest)
            \(texts) AND e.activity >= 'support.' AND e.activity < 'support/'
                AND NOT (\(Self.isClosed))
            ORDER BY s.number LIMIT 20
            """,
            chosen.values
        ) { try $0.text(0) }
        return requests + supports
    }

    func erase(_ erasure: TextErasure, recordedAt record: UInt64) throws {
        let log = LogID.tenant(erasure.tenant)
        let positions = erasure.texts.map { Int64(clamping: $0.index) }
        let entries = try entries(at: positions, of: log)
        var requests: [AccessRequestID: RepeatedTexts] = [:]
        var supports: [SupportRequestNumber: RepeatedTexts] = [:]
        // A crash here leaves all of it, for it goes with its record in one transaction.
        for texts in erasure.texts {
            guard let entry = entries[Int64(clamping: texts.index)] else {
                throw Refusal.notFound(.auditRecord)
            }
            let gone = entry.texts.filter { texts.fields.contains($0.field) }
            try erase(texts, of: entry, recordedAt: record)
            if let request = texts.request {
                requests[request, default: RepeatedTexts()].add(gone)
            }
            if texts.request == nil, let number = texts.supportRequest {
                supports[number, default: RepeatedTexts()].add(gone)
            }
        }
        for (request, texts) in requests { try eraseRepetitions(of: texts, request) }
        for (number, texts) in supports {
            try eraseRepetitions(of: texts, number, erasure.tenant)
        }
        if let person = erasure.person { try erase(person) }
    }

    func erasures(of tenant: TenantID, at indices: [UInt64]) throws -> [UInt64: [String: UInt64]] {
        guard !indices.isEmpty else { return [:] }
        var conditions = Conditions()
        conditions.add("log = %", [.log(.tenant(tenant))])
        conditions.addOne(of: indices.map(SQLValue.position), "position")
        return try connection.select(
            from: "erasure",
            key: ["log", "position", "field"],
            conditions.whereClause,
            conditions.values
        ) { row in
            (try row.position("position"), try row.text("field"), try row.position("record"))
        }.reduce(into: [:]) { $0[$1.0, default: [:]][$1.1] = $1.2 }
    }

    func erasures(of request: AccessRequestID, of tenant: TenantID) throws -> [UInt64] {
        try connection.query(
            "SELECT DISTINCT record FROM erasure WHERE log = $1 AND request = $2 ORDER BY record",
            [.log(.tenant(tenant)), .id(request)]
        ) { UInt64(clamping: try $0.integer(0)) }
    }
}

// MARK: - Which

extension SQLTransaction {
    private var supportRequest: String { told("supportRequest") }

    /// A member of the record's data.
    private func told(_ member: String) -> String {
        connection.dialect.told(member, in: "e.leaf")
    }

    private var texts: String {
        """
        SELECT t.position, t.field, e.request, \(supportRequest),
            CASE t.field WHEN 'operations' THEN '' ELSE t.content END
        FROM log_text t JOIN log_entry e ON e.log = t.log AND e.position = t.position
        """
    }

    private static func standingText(_ row: SQLRow) throws -> StandingText {
        let request = try row.optionalText(2).flatMap { AccessRequestID($0) }
        // Records of an access request name the support request, too, and say nothing of it.
        let number = request == nil ? try row.optionalText(3) : nil
        return StandingText(
            index: UInt64(clamping: try row.integer(0)),
            field: try row.text(1),
            request: request,
            supportRequest: number.flatMap { SupportRequestNumber($0) },
            text: try row.text(4)
        )
    }

    /// Of the access request `r`: nobody waits for it, nothing is open, and no letter is on its way
    /// that the mail job would write down again.
    private static let isOver = """
        r.settled_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM removal m WHERE m.request = r.id AND m.progress <> 'confirmed')
        AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.request = r.id
            AND n.delivery = 'queued' AND n.begun_at IS NOT NULL)
        """

    /// Of the support request `s`.
    private static let isClosed = """
        s.state = 'closed' AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.tenant = s.tenant
            AND n.support_request = s.number AND n.delivery = 'queued' AND n.begun_at IS NOT NULL)
        """

    /// Texts of the log of `tenant` that `selection` names, of the tables `e` and `t`.
    private func chosen(_ selection: TextSelection, of tenant: TenantID) throws -> Chosen {
        var chosen = Chosen()
        chosen.add("t.log = %", [.log(.tenant(tenant))])
        // Why something went is not taken away again.
        chosen.add("e.activity <> 'texts.erased'", [])
        switch selection {
        case .records(let indices, let fields):
            guard !indices.isEmpty, fields?.isEmpty != true else { return .nothing }
            chosen.addOne(of: indices.map(SQLValue.position), "t.position")
            if let fields { chosen.addOne(of: fields.map(SQLValue.text), "t.field") }
        case .request(let request): chosen.add("e.request = %", [.id(request)])
        case .supportRequest(let number):
            chosen.add(
                """
                e.activity >= 'support.' AND e.activity < 'support/'
                    AND \(supportRequest) = %
                """,
                [.text(number.text)]
            )
        case .person(let id): chosen.add(try about(id))
        case .before(let instant): chosen.add(settled(before: instant))
        }
        return chosen
    }

    /// What somebody did, what was done to her, and each text with an address of hers.
    private func about(_ id: PersonID) throws -> (String, [SQLValue]) {
        let person = try person(id)
        let addresses = person.map { [$0.email] + $0.aliases } ?? []
        let patterns = addresses.flatMap(patterns).map(SQLValue.text)
        let holdsOne = patterns.map { _ in
            "('  ' || lower(t.content) || '  ') \(connection.dialect.matches) %"
        }
        let conditions =
            ["e.actor = %", "\(told("person")) = %"] + holdsOne
        return ("(\(conditions.joined(separator: " OR ")))", [.id(id), .id(id)] + patterns)
    }

    /// What a text matches, in lower case and with spaces around it, that holds `address` and not
    /// only the end or the beginning of a longer one: that is somebody else's. After a dot or a hyphen
    /// a domain may go on, and a sentence may end; a quotation mark is a letter in `o'neil@`.
    private func patterns(_ address: EmailAddress) -> [String] {
        // Of what stands for something else in a pattern, no address has any.
        let text = address.text.lowercased()
        return ["[^a-z0-9._%+'@-]", "[^a-z0-9._%+@-]'"].flatMap { before in
            ["[^a-z0-9.-]", "[.-][^a-z0-9]"].map { after in
                connection.dialect.pattern(before, text, after)
            }
        }
    }

    /// Of a request, all counts from its end on; so it goes at once and its rows with it.
    private func settled(before instant: Timestamp) -> (String, [SQLValue]) {
        (
            """
            e.time < % AND CASE
                WHEN e.request IS NOT NULL THEN EXISTS (SELECT 1 FROM access_request r
                    WHERE r.id = e.request AND r.settled_at < % AND \(Self.isOver))
                WHEN e.activity >= 'support.' AND e.activity < 'support/' THEN EXISTS (
                    SELECT 1 FROM support_request s
                    WHERE s.tenant = e.log AND s.number = \(supportRequest)
                        AND \(Self.isClosed)
                        AND NOT EXISTS (SELECT 1 FROM support_entry w WHERE w.tenant = s.tenant
                            AND w.support_request = s.number AND w.posted_at >= %))
                ELSE TRUE END
            """,
            [.time(instant), .time(instant), .time(instant)]
        )
    }
}

/// Conditions of which one may be that there is nothing.
private struct Chosen {
    private var conditions = Conditions()
    private(set) var isNothing = false

    static var nothing: Chosen {
        var chosen = Chosen()
        chosen.isNothing = true
        return chosen
    }

    mutating func add(_ condition: String, _ values: [SQLValue]) {
        conditions.add(condition, values)
    }

    mutating func add(_ condition: (String, [SQLValue])) {
        conditions.add(condition.0, condition.1)
    }

    mutating func addOne(of several: [SQLValue], _ column: String) {
        conditions.addOne(of: several, column)
    }

    var whereClause: String { conditions.whereClause }
    var values: [SQLValue] { conditions.values }
}

extension Int {
    /// `limit` where it is no more than this.
    fileprivate func clamped(_ limit: Int) -> Int { Swift.max(1, Swift.min(self, limit)) }
}

// MARK: - Going

/// Texts that went, as rows repeat them.
private struct RepeatedTexts {
    private(set) var texts: Set<String> = []
    /// Names of resources go together: then their order stays the one that the log tells.
    private(set) var hasResources = false

    mutating func add(_ gone: [CommittedText]) {
        for text in gone where !text.namesSomeone && text.field != CommittedText.operations {
            if text.field.hasPrefix("resource") {
                hasResources = true
            } else if let content = text.text {
                texts.insert(content)
            }
        }
    }

    var isEmpty: Bool { texts.isEmpty && !hasResources }
}

extension SQLTransaction {
    private func erase(_ texts: TextErasure.Texts, of entry: LogEntry, recordedAt record: UInt64)
        throws
    {
        // The index of texts has to be told what goes.
        try words.remove(entry.texts, of: entry.log, at: entry.index)
        for field in texts.fields {
            try connection.insert(
                [
                    "log": .log(entry.log), "position": .position(entry.index),
                    "field": .text(field), "record": .position(record),
                    "request": .id(texts.request),
                    "support_request": .optional(texts.supportRequest?.text),
                ],
                into: "erasure"
            )
            try connection.execute(
                """
                UPDATE log_text SET content = NULL, salt = NULL
                WHERE log = $1 AND position = $2 AND field = $3
                """,
                [.log(entry.log), .position(entry.index), .text(field)]
            )
        }
        let kept = entry.texts.filter { !texts.fields.contains($0.field) }
        try words.add(kept, of: entry.log, at: entry.index)
        if texts.fields.contains(CommittedText.operations) {
            try eraseSubjects(of: entry.log, at: entry.index)
        }
    }

    /// What rows about an access request repeat of `gone`.
    private func eraseRepetitions(of gone: RepeatedTexts, _ request: AccessRequestID) throws {
        let own = Key("id", .id(request))
        let key = Key("request", .id(request))
        try mark(gone.texts, "reason", in: "access_request", own)
        try mark(gone.texts, "comment", in: "access_request", own)
        try mark(gone.texts, "comment", in: "decision", key)
        try mark(gone.texts, "content", in: "message", key)
        if gone.hasResources { try eraseResources(of: request) }
        try eraseLetters(key)
    }

    /// What rows about a support request repeat of `gone`.
    private func eraseRepetitions(
        of gone: RepeatedTexts,
        _ number: SupportRequestNumber,
        _ tenant: TenantID
    ) throws {
        let own = Key(("tenant", .id(tenant)), ("number", .text(number.text)))
        for column in ["subject", "description", "url"] {
            try mark(gone.texts, column, in: "support_request", own)
        }
        let thread = Key(("tenant", .id(tenant)), ("support_request", .text(number.text)))
        try mark(gone.texts, "content", in: "support_entry", thread)
        try eraseLetters(thread)
    }

    /// Puts the mark where `column` says one of `texts`.
    private func mark(_ texts: Set<String>, _ column: String, in table: String, _ key: Key) throws {
        for text in texts {
            try connection.execute(
                """
                UPDATE \(table) SET \(column) = $1
                WHERE \(column) = $2 AND \(key.condition(from: 3))
                """,
                [.text(ErasedText.mark), .text(text)] + key.values
            )
        }
    }

    /// Names of resources in the scope of a request, of what was narrowed and granted, and of its
    /// credentials.
    private func eraseResources(of request: AccessRequestID) throws {
        guard let stored = try self.request(request) else { return }
        var marks: [Resource: Resource] = [:]
        for (place, access) in stored.terms.scope.accesses.enumerated() {
            // Unless an earlier erasure had it.
            guard !ErasedText.isMark(access.resource.name) else { return }
            marks[access.resource] = ErasedText.resource(access.resource, at: place)
        }
        func replace(_ scope: Scope, in table: String, _ key: Key) throws {
            let accesses = scope.accesses.map { access in
                Access(marks[access.resource] ?? access.resource, access.actions)
            }
            try connection.execute(
                "UPDATE \(table) SET scope = $1 WHERE \(key.condition(from: 2))",
                [.text(try Scope(accesses).stored)] + key.values
            )
        }
        try replace(stored.terms.scope, in: "access_request", Key("id", .id(request)))
        for (position, decision) in stored.decisions.enumerated() {
            guard case .approve(let narrowing) = decision.verdict, let scope = narrowing.scope
            else { continue }
            let key = Key(("request", .id(request)), ("position", .count(position)))
            try replace(scope, in: "decision", key)
        }
        if let grant = stored.state.grant {
            try replace(grant.scope, in: "access_grant", Key("request", .id(request)))
        }
        for (resource, mark) in marks {
            try connection.execute(
                """
                UPDATE credential SET resource = $1
                WHERE request = $2 AND service = $3 AND resource = $4
                """,
                [.text(mark.name), .id(request), .id(resource.service), .text(resource.name)]
            )
        }
    }

    /// What letters say, and to whom they went. One that has not left does not leave.
    private func eraseLetters(_ key: Key) throws {
        try connection.execute(
            """
            UPDATE notice SET recipient_name = $1, recipient_address = $2,
                facts = '{}', last_reply = NULL,
                delivery = CASE delivery WHEN 'queued' THEN 'cancelled' ELSE delivery END
            WHERE \(key.condition(from: 3)) AND NOT (delivery = 'queued' AND begun_at IS NOT NULL)
            """,
            [.text(ErasedText.mark), .text(Self.nobody)] + key.values
        )
    }

    private static let nobody = "erased@erased.invalid"

    /// Name and addresses of somebody who was switched off, wherever they are told of her alone.
    private func erase(_ id: PersonID) throws {
        guard var person = try person(id), person.isDisabled,
            let address = ErasedText.address(of: id)
        else { throw Refusal.notFound(.person) }
        person.name = ErasedText.mark
        person.email = address
        person.aliases = []
        try save(person)
        try connection.execute(
            "DELETE FROM identity WHERE person = $1 AND issuer <> $2",
            [.id(id), .text(Identity.localIssuer)]
        )
        try connection.execute("DELETE FROM person_proposal WHERE person = $1", [.id(id)])
        try connection.execute("DELETE FROM provisioned_member WHERE person = $1", [.id(id)])
        try connection.execute(
            """
            UPDATE provisioned_user SET user_name = $1, user_name_key = $2, external_id = NULL,
                display_name = NULL, formatted_name = NULL, given_name = NULL, family_name = NULL,
                emails = '[]'
            WHERE person = $3
            """,
            [.text(address.text), .text(address.text), .id(id)]
        )
        try eraseLetters(Key("recipient", .id(id)))
    }
}

/// Columns that say which rows are meant.
private struct Key {
    private let columns: [(name: String, value: SQLValue)]

    init(_ columns: (name: String, value: SQLValue)...) { self.columns = columns }

    init(_ name: String, _ value: SQLValue) { columns = [(name, value)] }

    var values: [SQLValue] { columns.map(\.value) }

    /// The first placeholder has the number `first`.
    func condition(from first: Int) -> String {
        columns.enumerated().map { "\($1.name) = $\(first + $0)" }.joined(separator: " AND ")
    }
}
