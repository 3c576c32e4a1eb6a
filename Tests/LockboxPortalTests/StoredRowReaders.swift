import HTTPTypes
import Hummingbird
import LockboxAPI
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxIdentity
import LockboxNotifier
import LockboxPortalWorld
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWork
import Logging
import MerkleLog

@testable import LockboxPortal

/// One way in which stored rows are read. It gives the status of its answer, where it has one.
struct StoredRowReader: CustomStringConvertible {
    let description: String
    let read: () async throws -> Int?

    init(_ name: String, _ read: @escaping () async throws -> Int?) {
        (description, self.read) = (name, read)
    }
}

/// A world with one of everything, and all that reads it.
struct StoredRowWorld {
    let world: PortalWorld
    let api: API
    private let tokens: [PersonID: String]
    private let credential: IssuedCredential
    private let requests: [AccessRequest]
    private let now: Timestamp

    init(_ world: PortalWorld) async throws {
        self.world = world
        let reviewed = try await world.reviewed(
            try await world.submitted(actions: ["read", "write"])
        )
        try await world.said("What for?", on: reviewed, by: "adam")
        try await world.said("For this.", on: reviewed, by: "eve")
        let active = try await world.approved()
        credential = try await world.opened(active)
        let ended = try await world.approved(nil, .yes("One hour.", for: .hours(1)))
        try await world.opened(ended)
        try await world.revoked(ended, comment: "Enough.")
        try await world.removing(problem: "It does not answer.")
        let late = try await world.approved(
            try await world.reviewed(
                try await world.submitted(notBefore: world.clock.now() + .hours(6))
            )
        )
        let waiting = try await world.submitted()
        let withdrawn = try await world.withdrawn(try await world.submitted(), comment: "Found it.")
        try await world.audited.write(by: .console) { change in
            for _ in 0..<260 { change.emit(.signIn(.passwordSet(Fixture.sue))) }
        }
        _ = try await world.log.checkpoint(of: .tenant(Fixture.contoso.id))
        requests = [waiting, reviewed, late, active, ended, withdrawn]
        var tokens: [PersonID: String] = [:]
        for person in [Fixture.gita, Fixture.eve, Fixture.mark, Fixture.vera] {
            tokens[person.id] = try await world.signIn.issueToken(
                for: person,
                TokenTerms(label: "a")
            ).secret
        }
        self.tokens = tokens
        let index = DecisionIndex(store: world.store, clock: world.clock)
        api = API(
            lockbox: world.lockbox,
            signIn: world.signIn,
            log: world.log,
            index: index,
            clients: MailClient(),
            store: world.store,
            clock: world.clock,
            metrics: Metrics(),
            publicURL: PortalWorld.publicURL,
            proxies: .none,
            metricsAccess: .open,
            condition: NoTrouble(),
            tokens: AccessTokens(NoKeys(), entropy: SeededEntropy()),
            receiptPage: { try ReceiptPage.document(of: $0) }
        )
        now = world.clock.now()
    }

    // MARK: - Pages and answers

    /// Every page that can be seen, and every answer to a GET, each once for each who may see it.
    func pages() async throws -> [StoredRowReader] {
        var found: [StoredRowReader] = []
        for route in world.site.routes where route.method == .get {
            for person in ["gita", "eve", "mark", "vera", "sue"] {
                for path in filled(route.path.description) where !path.hasSuffix("/live") {
                    let reader = StoredRowReader("\(person) sees \(path)") { [world] in
                        try await world.visit(path, as: person).status
                    }
                    if try await reader.read() == 200 { found.append(reader) }
                }
            }
        }
        for route in api.routes where route.method == .get {
            for person in [Fixture.gita, Fixture.eve, Fixture.vera] {
                for path in filled(route.path.description) {
                    let reader = StoredRowReader("\(person.name) gets \(path)") {
                        try await ask(.get, path, as: person)
                    }
                    if try await reader.read() == 200 { found.append(reader) }
                }
            }
        }
        return found
    }

    private func filled(_ path: String) -> [String] {
        let searches = [
            "?text=Reyes", "?person=Eve", "?activity=access&limit=2", "?from=2026-01-01T00:00:00Z",
        ]
        if path.hasSuffix("/audit") { return searches.map { fill(path, requests[3]) + $0 } }
        if path.hasSuffix("**") {
            return ["0/000", "0/001.p/1", "1/000.p/1", "entries/000", "entries/001.p/1"].map {
                fill(path, requests[3]).replacing("**", with: $0)
            }
        }
        if path.hasSuffix("/proof") { return [fill(path, requests[3]) + "?index=3&size=270"] }
        if path.hasSuffix("/consistency") { return [fill(path, requests[3]) + "?from=3&to=270"] }
        guard path.contains("{id}") || path.contains("{request}") else {
            return [fill(path, requests[3])]
        }
        return requests.map { fill(path, $0) }
    }

    private func fill(_ path: String, _ request: AccessRequest) -> String {
        let known = [
            "id": request.id.text, "request": request.id.text,
            "number": request.terms.supportRequest.text, "tenant": "contoso",
            "person": Fixture.sue.id.text, "index": "3",
        ]
        return path.replacing(#/\{(\w+)\}/#) { known[String($0.output.1)] ?? "contoso" }
    }

    private func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        as person: Person? = nil,
        _ more: HTTPFields = [:],
        _ body: String = ""
    ) async throws -> Int {
        var fields = more
        if let person { fields[.authorization] = "Bearer \(tokens[person.id] ?? "")" }
        let head = HTTPRequest(
            method: method,
            scheme: "https",
            authority: "lockbox.example-cloud.test",
            path: path,
            headerFields: fields
        )
        return try await InProcess.ask(api.responder(), head, Array(body.utf8)) {
            DoorContext(source: $0)
        }.status
    }

    // MARK: - Commands, whose writes are taken back, and work

    func commands() throws -> [StoredRowReader] {
        let mail = try mail()
        return decisions() + ends() + rules() + others() + mail + logs()
    }

    private func decisions() -> [StoredRowReader] {
        let lockbox = world.lockbox
        func decide(_ draft: DecisionDraft, _ request: AccessRequest, _ person: Person)
            -> StoredRowReader
        {
            StoredRowReader("\(person.name) decides on \(request.state.name)") {
                _ = try await lockbox.decide(
                    draft,
                    on: request.id.text,
                    version: request.version,
                    by: person,
                    key: nil
                )
                return nil
            }
        }
        let (waiting, reviewed) = (requests[0], requests[1])
        return [
            decide(.yes(), waiting, Fixture.mark), decide(.no("No."), waiting, Fixture.mark),
            decide(.yes(), reviewed, Fixture.adam), decide(.yes(), reviewed, Fixture.gita),
            decide(.yes(for: .minutes(5)), reviewed, Fixture.adam),
            decide(.no("No."), reviewed, Fixture.adam),
        ]
    }

    private func ends() -> [StoredRowReader] {
        let (lockbox, clock, now) = (world.lockbox, world.clock, now)
        return requests.flatMap { request in
            [
                StoredRowReader("Gita stops \(request.state.name)") {
                    _ = try await lockbox.revoke(
                        request.id.text,
                        comment: "Enough.",
                        by: Fixture.gita,
                        key: nil
                    )
                    return nil
                },
                StoredRowReader("Eve withdraws \(request.state.name)") {
                    _ = try await lockbox.withdraw(
                        request.id.text,
                        comment: nil,
                        by: Fixture.eve,
                        key: nil
                    )
                    return nil
                },
            ]
        }
            + [TimeSpan.hours(1), .hours(7), .days(30)].map { later in
                StoredRowReader("time passes, \(later)") {
                    clock.move(to: now + later)
                    defer { clock.move(to: now) }
                    _ = try await lockbox.expireDue()
                    return nil
                }
            }
    }

    private func rules() -> [StoredRowReader] {
        let lockbox = world.lockbox
        return [
            StoredRowReader("Gita changes the rules") {
                let strict = try Policy(
                    requireApproval: true,
                    decisionWindow: .hours(1),
                    maxAccess: .seconds(1),
                    approvalsNeeded: 2,
                    withheldFromTokens: [],
                    coolingOff: .hours(24)
                )
                _ = try await lockbox.changePolicy(
                    of: "contoso",
                    to: strict,
                    version: nil,
                    by: Fixture.gita
                )
                return nil
            },
            StoredRowReader("Gita changes roles") {
                _ = try await lockbox.changeRoles(
                    of: Fixture.adam.id.text,
                    in: "contoso",
                    to: ["member"],
                    by: Fixture.gita
                )
                return nil
            },
        ]
    }

    private func others() -> [StoredRowReader] {
        let (lockbox, active, issued) = (world.lockbox, requests[3], credential)
        return [
            StoredRowReader("Eve gets a credential") {
                _ = try await lockbox.issueCredential(
                    for: active.id.text,
                    service: nil,
                    resource: nil,
                    by: Fixture.eve,
                    key: CommandKey(key: "k", payloadHash: [1])
                )
                return nil
            },
            StoredRowReader("a use is recorded") {
                _ = try await lockbox.recordUse(of: issued.credential)
                return nil
            },
            StoredRowReader("Adam asks") {
                _ = try await lockbox.postMessage(
                    "Why?",
                    on: active.id.text,
                    by: Fixture.adam,
                    key: nil
                )
                return nil
            },
            StoredRowReader("Eve asks for access") {
                _ = try await lockbox.submit(
                    TestWorld.draft { $0.supportRequest = active.terms.supportRequest.text },
                    by: Fixture.eve,
                    key: nil
                )
                return nil
            },
            StoredRowReader("Dovecot asks") {
                try await ask(
                    .post,
                    "/oauth2/introspect",
                    [
                        .authorization: "Basic ZG92ZWNvdDp4",
                        .contentType: "application/x-www-form-urlencoded",
                    ],
                    "token=\(issued.secret)"
                )
            },
            StoredRowReader("Sue signs in") { [world] in
                _ = try await world.sessions.begin(
                    email: Fixture.sue.email.text,
                    password: PortalWorld.password,
                    from: ClientKey(address: "192.0.2.1", device: "d")
                )
                return nil
            },
        ]
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func mail() throws -> [StoredRowReader] {
        let (store, clock, now) = (world.audited, world.clock, now)
        let letters = try Letters(
            sender: Mailbox(name: "Lockbox", address: "lockbox@adatum.test"),
            host: "adatum.test"
        )
        let mail = MailJob(
            store: store,
            mailer: NoRelay(),
            clock: clock,
            letters: letters,
            operators: Operators([Fixture.olga.email]),
            entropy: SeededEntropy(seed: 3),
            logger: Self.quiet,
            // What cannot be written is not tried again.
            sleep: { _ in throw CancellationError() }
        )
        let orders = RemovalJob(
            store: store,
            enforcers: NoEnforcers(),
            first: FirstActions(time: FixedMonotonicClock()),
            logger: Self.quiet
        )
        func work<Work: Job>(_ job: Work) -> StoredRowReader {
            StoredRowReader("work of lane \(job.lane.name)") {
                clock.move(to: now + .hours(2))
                defer { clock.move(to: now) }
                let due = try await store.read { tx, now in
                    _ = try job.nextDue(in: tx)
                    return try job.due(at: now, limit: 200, in: tx)
                }
                for item in due { try await job.carryOut([item], under: .free) }
                return nil
            }
        }
        let contents = StoredRowReader("every letter") {
            let notices = try await store.read { [requests] tx, _ in
                try requests.flatMap { try tx.notices(about: $0.id) }
            }
            for notice in notices {
                _ = letters.letter(
                    for: notice,
                    to: Mailbox(name: notice.recipientName, address: "a@b.test"),
                    after: [],
                    at: now
                )
            }
            return nil
        }
        return [
            work(mail), work(orders), work(ExpiryJob(lockbox: world.lockbox)), contents,
            StoredRowReader("what is open") { [world] in
                let index = DecisionIndex(store: world.store, clock: clock)
                try await index.refresh(reload: true)
                return nil
            },
        ]
    }

    private func logs() -> [StoredRowReader] {
        let (log, store, clock) = (world.log, world.store, world.clock)
        return [LogID.tenant(Fixture.contoso.id), .provider].flatMap { id in
            [
                StoredRowReader("head of \(id)") {
                    _ = try await log.checkpoint(of: id)
                    return nil
                },
                StoredRowReader("check of \(id)") {
                    _ = try await LogCheck(store: store, clock: clock).run(only: id.tenant)
                    return nil
                },
            ]
        }
    }
}

private struct MailClient: ServiceClients {
    let version = 0

    func service(clientID: String, secret: String) async -> ServiceSettings? {
        Fixture.mail
    }
}

private struct NoKeys: TokenKeys {
    let keys: [TokenKey] = []
}

private struct NoTrouble: ServerCondition {
    func problems() async -> [String] { [] }
    var remarks: [String] { [] }
    var gauges: [Gauge] { [] }
}

/// A relay that is away, so that its answer has to be written down.
private struct NoRelay: Mailer {
    func send(_ letter: Letter, while mayGo: @escaping @Sendable () -> Bool)
        async throws(MailError) -> MailReceipt
    {
        throw .refused(code: 550, text: "no such user")
    }
}
