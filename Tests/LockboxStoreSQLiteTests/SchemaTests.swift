import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQLite
import Testing

@testable import LockboxStoreSQL

/// The schema by itself, past the statements of the store.
struct SchemaTests {
    /// A store with something in every table, and the engine below it.
    private func furnished() async throws -> (SQLStore, SQLiteEngine) {
        let engine = try SQLiteEngine.temporary()
        let store = try await SQLStore(engine: engine, dialect: .sqlite)
        try await store.write { tx in
            try Fixture.populate(tx)
            let versions = try Fixture.history(to: .active)
            for version in versions { try tx.save(version) }
            let request = versions[versions.count - 1]
            let credential = Fixture.credential(of: request)
            try tx.insert(credential, secretHash: Fixture.secretHash(1))
            _ = try tx.recordUse(of: credential.id, count: 1, first: Fixture.now, last: Fixture.now)
            try tx.save(Fixture.removal(of: request))
            try tx.insert(Fixture.notice(about: request))
            var support = Fixture.supportRequest("SR-1009")
            try tx.insert(support)
            let answer = try support.write("It works.", by: Fixture.eve, now: Fixture.now)
            try tx.save(support, answer)
            try tx.insert(
                Message(
                    number: 1,
                    request: request.id,
                    person: Fixture.adam.id,
                    text: "Why?",
                    at: Fixture.now
                )
            )
            try tx.insert(
                APIToken(
                    id: Fixture.id(1),
                    person: Fixture.eve.id,
                    label: "",
                    scopes: .every,
                    createdAt: Fixture.now,
                    expiresAt: nil
                ),
                secretHash: Fixture.secretHash(1)
            )
            try tx.insert(Fixture.passkey(of: Fixture.eve))
            let session = Session(
                id: Fixture.id(1),
                person: Fixture.eve.id,
                createdAt: Fixture.now,
                lastSeenAt: Fixture.now,
                confirmedAt: Fixture.now,
                expiresAt: Fixture.now + .hours(1)
            )
            try tx.insert(session, secretHash: Fixture.secretHash(1))
            try tx.insert(
                CommandRecord(
                    person: Fixture.eve.id,
                    key: "k",
                    payloadHash: Fixture.secretHash(1),
                    subject: "",
                    at: Fixture.now
                )
            )
            let entry = try LogWriter.append(texts: [Fixture.text("actorName", "Eve Park")], in: tx)
            try tx.saveTileRoot(entry.hash, of: entry.log, level: 1, index: 0)
            try tx.saveCheckpoint(size: 1, root: entry.hash, note: "note", of: entry.log)
        }
        return (store, engine)
    }

    @Test func transitionsAreThoseOfTheDomain() async throws {
        let (store, engine) = try await furnished()
        let stored = try await engine.read { tx in
            try tx.query("SELECT prior, next FROM request_transition") {
                [try $0.text(0), try $0.text(1)]
            }
        }
        let legal = AccessRequest.legalTransitions.map {
            [$0.from?.rawValue ?? "", $0.to.rawValue]
        }
        #expect(Set(stored) == Set(legal + [["awaitingCustomer", "awaitingCustomer"]]))
        try await store.close()
    }

    @Test(arguments: [
        "UPDATE decision SET comment = 'x'", "DELETE FROM decision",
        "UPDATE message SET content = 'x'", "DELETE FROM message",
        "UPDATE access_grant SET ends_at = ends_at + 1", "DELETE FROM access_grant",
        "UPDATE access_request SET reason = 'x', version = version + 1",
        "DELETE FROM access_request",
        "UPDATE access_request SET version = version + 1, prior_state = state",
        "UPDATE access_request SET state = 'awaitingManager', prior_state = '', version = version + 1",
        "UPDATE support_request SET subject = 'x', entry_count = entry_count + 1",
        "UPDATE support_request SET state = 'open'", "DELETE FROM support_request",
        "UPDATE support_request SET state = 'closed', entry_count = entry_count + 1",
        "UPDATE support_entry SET content = 'x'", "DELETE FROM support_entry",
        "UPDATE notice SET support_request = 'SR-1'",
        "UPDATE request_transition SET next = 'active'", "DELETE FROM request_transition",
        "UPDATE credential SET expires_at = expires_at + 1", "DELETE FROM credential",
        "DELETE FROM credential_use",
        "DELETE FROM removal", "UPDATE notice SET facts = '{}'", "UPDATE command SET subject = 'x'",
        "UPDATE api_token SET person = 'x'", "DELETE FROM api_token",
        "UPDATE passkey SET public_key = x'00'", "UPDATE passkey SET person = 'x'",
        "UPDATE passkey SET answered_at = answered_at - 1", "DELETE FROM passkey",
        "UPDATE portal_session SET person = 'x'",
        "UPDATE portal_session SET expires_at = expires_at + 1",
        "UPDATE person SET tenant = NULL WHERE tenant IS NOT NULL", "DELETE FROM person",
        "DELETE FROM tenant",
        "UPDATE log_entry SET leaf = x'00'", "DELETE FROM log_entry",
        "UPDATE log_head SET size = 9",
        "DELETE FROM log_head", "UPDATE log_text SET salt = x''",
        "UPDATE log_text SET content = 'x'", "UPDATE log_text SET content = NULL, salt = NULL",
        "INSERT INTO erasure (log, position, field, record) VALUES ('contoso', 0, 'actorName', 1)",
        "UPDATE log_text SET content = NULL, field = 'x'", "DELETE FROM log_text",
        "INSERT INTO log_text VALUES ('contoso', 0, 'new', 1, x'00', 0, 'x')",
        "UPDATE log_number SET number = 9", "DELETE FROM log_number",
        "UPDATE log_tile SET hash = zeroblob(32)", "DELETE FROM log_tile",
        "UPDATE log_checkpoint SET note = 'x'", "DELETE FROM log_checkpoint",
    ])
    func rewritingIsRefused(_ statement: String) async throws {
        let (store, engine) = try await furnished()
        await #expect(throws: SQLConstraintViolation.self) {
            try await engine.write { tx in _ = try tx.execute(statement) }
        }
        try await store.close()
    }

    /// A later step's column of texts is erased with the others, or named with a reason.
    @Test func everyColumnOfTextsIsErasedOrNamed() async throws {
        let (store, engine) = try await furnished()
        let stored = try await engine.read { connection in
            try connection.query(
                """
                SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                WHERE t.type = 'table' AND c.type = 'TEXT' AND t.name NOT LIKE 'sqlite%'
                    AND t.name NOT LIKE 'log_words%'
                """
            ) { "\(try $0.text(0)).\(try $0.text(1))" }
        }
        let lists =
            [TextColumns.erased]
            + TextColumns.Reason.allCases.compactMap {
                TextColumns.kept[$0]
            }
        let named = lists.flatMap { $0.flatMap { table, names in names.map { "\(table).\($0)" } } }
        #expect(named.sorted() == stored.sorted())
        try await store.close()
    }

    @Test func textGoesOnlyWithItsSaltAndItsRecord() async throws {
        let (store, engine) = try await furnished()
        try await store.write { tx in
            let record = try LogWriter.append("texts.erased", in: tx)
            try tx.erase(
                TextErasure(
                    tenant: Fixture.contoso.id,
                    texts: [
                        .init(index: 0, fields: ["actorName"], request: nil, supportRequest: nil)
                    ],
                    cause: .asked(reason: "Asked for.")
                ),
                recordedAt: record.index
            )
        }
        for statement in [
            "UPDATE erasure SET record = 9", "DELETE FROM erasure",
            "UPDATE log_text SET content = 'x'", "UPDATE log_text SET salt = x'00'",
            "INSERT INTO erasure (log, position, field, record) VALUES ('contoso', 0, 'x', 2)",
        ] {
            await #expect(throws: SQLConstraintViolation.self, "\(statement)") {
                try await engine.write { tx in _ = try tx.execute(statement) }
            }
        }
        try await store.close()
    }

    @Test(arguments: [
        ("person", "UPDATE person SET email = 'sue at home'", "PER-0000011111"),
        ("person", "UPDATE person SET roles = 32768", "PER-0000011111"),
        ("person", "UPDATE person SET muted_letters = 16", "PER-0000011111"),
        ("person", "UPDATE person SET aliases = '[\"sue at home\"]'", "PER-0000011111"),
        ("tenant", "UPDATE tenant SET max_access = 9000000000000", "contoso"),
        ("service", "UPDATE service SET kind = 'POP 3'", "mail"),
        ("removal", "UPDATE removal SET usernames = 'sue at home'", "GRT-0000011111 mail"),
        ("removal", "UPDATE removal SET next_attempt = 9223372036854775807", "GRT-0000011111 mail"),
    ])
    func rowThatIsNoValueIsReportedWithoutItsContent(table: String, statement: String, key: String)
        async throws
    {
        let (store, engine) = try await furnished()
        try await engine.write { tx in _ = try tx.execute(statement) }
        await #expect(throws: StoreError.corrupt("\(table) \(key)")) {
            try await store.read { tx in
                _ = try tx.person(Fixture.sue.id)
                _ = try tx.tenants()
                _ = try tx.services()
                _ = try tx.removals(of: Fixture.id(1))
            }
        }
        try await store.close()
    }

    @Test func databaseOfTheFirstSchemaIsBroughtUpToDate() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.migrate([Schema.migrations(for: .sqlite)[0]], .sqlite)
        try await engine.write { tx in
            _ = try tx.execute(
                "INSERT INTO tenant VALUES ('contoso', 'Contoso Ltd', 1, 1, 1000, 1000, 1, 1)"
            )
            _ = try tx.execute(
                """
                INSERT INTO person (id, tenant, name, email, canonical_email, aliases, roles, is_disabled)
                VALUES ($1, 'contoso', 'Sue Reyes', 'sue@contoso.test', 'sue@contoso.test', '[]', $2, 0)
                """,
                [.text(Fixture.sue.id.text), .integer(Int64(Roles.member.rawValue))]
            )
        }
        let store = try await SQLStore(engine: engine, dialect: .sqlite)
        #expect(try await store.read { try $0.person(Fixture.sue.id) } == Fixture.sue)
        try await store.close()
    }

    @Test func settingsOfServicesAreCarriedOver() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.migrate(Array(Schema.migrations(for: .sqlite).prefix(5)), .sqlite)
        try await engine.write { tx in
            for row in [
                "'mail', 'imap', 'mailbox', 'dovecot', 'secrets/dovecot',"
                    + " 'http://127.0.0.1:8080/doveadm/v1', 'secrets/doveadm'",
                "'odd', 'imap', 'mailbox', NULL, NULL, 'http://[::1]/\"q\"', '/a\\b/clé'",
                "'web', 'http', 'site', 'web', 'secrets/web', NULL, NULL",
            ] {
                _ = try tx.execute("INSERT INTO service VALUES (\(row))")
            }
        }
        let store = try await SQLStore(engine: engine, dialect: .sqlite)
        let services = try await store.read { try $0.services() }
        #expect(services.map(\.service.id.text) == ["mail", "odd", "web"])
        #expect(services[0] == Fixture.mail)
        #expect(
            services[1].own
                == #"{"doveadm":{"apiKeyFile":"/a\\b/clé","url":"http://[::1]/\"q\""}}"#
        )
        #expect(services[2].own == "{}")
        try await store.close()
    }

    // MARK: - Plans

    @Test(arguments: Leftover.allCases)
    func whatIsOverIsFoundInAnIndex(_ leftover: Leftover) async throws {
        let (store, engine) = try await furnished()
        let plans = try await engine.write { connection in
            let explaining = ExplainingConnection(connection: connection)
            _ = try SQLTransaction(connection: explaining).remove(
                leftover,
                overAt: Fixture.now,
                limit: 9
            )
            return explaining.steps
        }
        #expect(!plans.isEmpty)
        for step in plans {
            #expect(!step.hasPrefix("SCAN"), "\(leftover): \(step)")
            #expect(!step.contains("USE TEMP B-TREE"), "\(leftover): \(step)")
        }
        try await store.close()
    }

    @Test(arguments: Question.all)
    fileprivate func questionIsAnsweredFromAnIndex(_ question: Question) async throws {
        let (store, engine) = try await furnished()
        let plans = try await engine.read { connection in
            let explaining = ExplainingConnection(connection: connection)
            try question.ask(SQLTransaction(connection: explaining))
            return explaining.steps
        }
        #expect(!plans.isEmpty)
        for step in plans {
            let isOfIndex = step.contains("USING") || step.contains("VIRTUAL TABLE INDEX")
            #expect(!step.hasPrefix("SCAN") || isOfIndex, "\(question): \(step)")
            #expect(!step.contains("TEMP B-TREE"), "\(question): \(step)")
        }
        try await store.close()
    }
}

/// Something that is asked often, or of tables that grow for ever.
private struct Question: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let ask: @Sendable (SQLTransaction) throws -> Void

    init<Answer>(_ name: String, _ ask: @escaping @Sendable (SQLTransaction) throws -> Answer) {
        testDescription = name
        self.ask = { _ = try ask($0) }
    }

    static let contoso = Fixture.contoso.id
    static let log = LogID.tenant(contoso)
    static let page = ListPage(limit: 50)

    static func day(_ counted: Counted, _ tx: SQLTransaction) throws -> Timestamp? {
        try tx.time(ofLatest: 100, counted, after: Fixture.now)
    }

    static let all = [
        Question("a request") { try $0.request(Fixture.id(1)) },
        Question("requests due") { try $0.requestsDue(at: Fixture.now, limit: 9) },
        Question("next deadline") { try $0.nextRequestDeadline() },
        Question("open requests of a tenant") { try $0.openRequests(of: contoso, engineer: nil) },
        Question("open requests of an engineer") {
            try $0.openRequests(of: nil, engineer: Fixture.eve.id)
        },
        Question("open grants") { try $0.openGrants() },
        Question("requests whose end is not confirmed") {
            try $0.unconfirmedRequests(of: nil)
        },
        Question("requests of a tenant whose end is not confirmed") {
            try $0.unconfirmedRequests(of: contoso)
        },
        Question("requests of a tenant that may have left something open") {
            try $0.leftOpenRequests(of: contoso, endedAfter: Fixture.now)
        },
        Question("access of a tenant") {
            try $0.accessPeriods(of: contoso, engineer: nil, after: Fixture.now, most: 9)
        },
        Question("access of an engineer") {
            try $0.accessPeriods(of: nil, engineer: Fixture.eve.id, after: Fixture.now, most: 9)
        },
        Question("all access") {
            try $0.accessPeriods(of: nil, engineer: nil, after: Fixture.now, most: 9)
        },
        Question("requests in one state") {
            try $0.requests(RequestFilter(state: .denied), page: page)
        },
        Question("requests of a tenant in one state") {
            try $0.requests(RequestFilter(tenant: contoso, state: .denied), page: page)
        },
        Question("all requests") { try $0.requests(RequestFilter(), page: page) },
        Question("requests of a tenant") {
            try $0.requests(RequestFilter(tenant: contoso), page: page)
        },
        Question("requests of a tenant in a month") {
            var filter = RequestFilter(tenant: contoso)
            (filter.from, filter.before) = (Fixture.now, Fixture.now + .days(30))
            filter.order = .oldest
            return try $0.requests(filter, page: page)
        },
        Question("requests of an engineer") {
            try $0.requests(RequestFilter(engineer: Fixture.eve.id), page: page)
        },
        Question("support requests of a tenant") {
            try $0.supportRequests(of: contoso, openedBy: nil, page: page)
        },
        Question("support requests of a person") {
            try $0.supportRequests(of: nil, openedBy: Fixture.sue.id, page: page)
        },
        Question("support requests in one state") {
            try $0.supportRequests(of: nil, openedBy: nil, state: .open, page: page)
        },
        Question("support requests of a tenant in one state") {
            try $0.supportRequests(of: contoso, openedBy: nil, state: .open, page: page)
        },
        Question("support requests with a thread") {
            try $0.writtenSupportRequests(of: contoso, after: nil, limit: 9)
        },
        Question("the thread of a support request") {
            try $0.entries(on: Fixture.supportRequest().number, of: contoso)
        },
        Question("notices of a support request") {
            try $0.notices(about: Fixture.supportRequest().number, of: contoso)
        },
        Question("messages on support requests within a day") {
            try day(.supportMessagesBy(Fixture.sue.id), $0)
        },
        Question("a credential") { try $0.credential(secretHash: Fixture.secretHash(1)) },
        Question("credentials of a grant") { try $0.credentials(of: Fixture.id(1)) },
        Question("live credentials") { try $0.liveCredentials(at: Fixture.now) },
        Question("a live credential") { try $0.liveCredential(Fixture.id(1)) as Any },
        Question("removals due") { try $0.removalsDue(at: Fixture.now, of: .all, limit: 9) },
        Question("removals due of some services") {
            try $0.removalsDue(at: Fixture.now, of: .only([Fixture.mailbox.service]), limit: 9)
        },
        Question("removals to cut") {
            try $0.removalsToCut(at: Fixture.now, of: .all, limit: 9)
        },
        Question("removals to cut but of some services") {
            try $0.removalsToCut(
                at: Fixture.now,
                of: .allBut([Fixture.mailbox.service]),
                limit: 9
            )
        },
        Question("a browser's code") { try $0.browserCode(codeHash: Fixture.secretHash(1)) as Any },
        Question("a lease") { try $0.workLease(of: "mail") },
        Question("requests that wait for time") { try $0.backlog(of: .expiry, at: Fixture.now) },
        Question("cuts that wait") { try $0.backlog(of: .cut, at: Fixture.now) },
        Question("orders that wait") { try $0.backlog(of: .orders, at: Fixture.now) },
        Question("letters that wait") { try $0.backlog(of: .mail, at: Fixture.now) },
        Question("next removal") { try $0.nextRemovalAttempt(of: .all) },
        Question("notices due") { try $0.noticesDue(at: Fixture.now, limit: 9) },
        Question("next notice") { try $0.nextNoticeAttempt() },
        Question("notices of a request") { try $0.notices(about: Fixture.id(1)) },
        Question("messages on a request") { try $0.messages(on: Fixture.id(1)) },
        Question("a person by identity") {
            try $0.person(identifiedBy: Identity(local: Fixture.sue.email))
        },
        Question("people of a tenant") { try $0.people(at: .tenant(contoso)) },
        Question("resources of a tenant") { try $0.resources(of: contoso) },
        Question("a token") { try $0.token(secretHash: Fixture.secretHash(1)) },
        Question("tokens of a person") { try $0.tokens(of: Fixture.eve.id) },
        Question("a session") { try $0.session(secretHash: Fixture.secretHash(1)) },
        Question("a client that tried") {
            try $0.signInClient(Fixture.secretHash(1), of: Fixture.eve.id)
        },
        Question("sessions of a person") { try $0.sessions(of: Fixture.eve.id) },
        Question("support requests of a person within a day") {
            try day(.supportRequestsBy(Fixture.sue.id), $0)
        },
        Question("support requests of a tenant within a day") {
            try day(.supportRequestsOf(contoso), $0)
        },
        Question("requests of an engineer within a day") {
            try day(.requestsBy(Fixture.eve.id), $0)
        },
        Question("requests of an engineer about a tenant within a day") {
            try day(.requestsByAt(Fixture.eve.id, contoso), $0)
        },
        Question("requests about a tenant within a day") { try day(.requestsAbout(contoso), $0) },
        Question("messages of a person within a day") {
            try day(.messagesBy(Fixture.adam.id), $0)
        },
        Question("letters sent within a day") { try day(.lettersTo(Fixture.adam.id), $0) },
        Question("tokens issued within a day") { try day(.tokensOf(Fixture.eve.id), $0) },
        Question("a command") { try $0.command(of: Fixture.eve.id, key: "k") },
        Question("entries") { try $0.entries(of: log, in: 0..<9) },
        Question("leaf hashes") { try $0.treeHashes(of: log, level: 0, first: 0, count: 9) },
        Question("tile roots") { try $0.treeHashes(of: log, level: 1, first: 0, count: 9) },
        Question("last checkpoint") { try $0.lastCheckpoint(of: log) },
        Question("search by request") {
            try $0.search(LogSearch(request: Fixture.id(1)), in: log, page: page)
        },
        Question("search by time") {
            try $0.search(
                LogSearch(from: Fixture.now, to: Fixture.now + .days(1)),
                in: log,
                page: page
            )
        },
        Question("search by text") { try $0.search(LogSearch(text: "eve"), in: log, page: page) },
        Question("search by person") {
            try $0.search(LogSearch(person: "eve"), in: log, page: page)
        },
        Question("search by activity") {
            try $0.search(LogSearch(activity: "request"), in: log, page: page)
        },
    ]
}

/// Notes how SQLite would answer each query, and lets it answer.
private final class ExplainingConnection: SQLConnection {
    let dialect = SQLDialect.sqlite
    private let connection: any SQLConnection
    private(set) var steps: [String] = []

    init(connection: any SQLConnection) { self.connection = connection }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        steps += try connection.query("EXPLAIN QUERY PLAN \(sql)", values) { try $0.text(3) }
        return try connection.execute(sql, values)
    }

    func query<Value>(_ sql: String, _ values: [SQLValue], row: (SQLRow) throws -> Value) throws
        -> [Value]
    {
        steps += try connection.query("EXPLAIN QUERY PLAN \(sql)", values) { try $0.text(3) }
        return try connection.query(sql, values, row: row)
    }
}
