import LockboxClient
import LockboxDomain
import LockboxServer
import LockboxWire

/// A step that went otherwise than it must. It has been told already.
struct Surprise: Error {}

/// The story, told from outside: over the HTTP API, over IMAP, with psql and through the
/// gateway, and by what letters arrive.
struct Story {
    /// What came of a step, and whether it is what must come of it.
    struct Outcome {
        let text: String
        let isAsExpected: Bool

        init(_ text: String, _ isAsExpected: Bool) {
            self.text = text
            self.isAsExpected = isAsExpected
        }
    }

    /// The promise: after the end of access no session lives longer.
    static let bound = TimeSpan.seconds(1)

    let world: World
    let clients: [Participant: LockboxClient]
    let keys: [Participant: Keys]
    /// Starts programs that a person would.
    let children: Children
    let terminal: Terminal
    let clock = SystemClock()
    private(set) var steps = 0

    init(
        _ world: World,
        clients: [Participant: LockboxClient],
        keys: [Participant: Keys],
        children: Children,
        terminal: Terminal
    ) {
        self.world = world
        self.clients = clients
        self.keys = keys
        self.children = children
        self.terminal = terminal
    }

    /// Tells all of it; throws `Surprise` at the first step that is not as expected.
    mutating func tell() async throws {
        try terminal.head("Before anybody is asked")
        try await step(
            "Eve tries a made-up token at Sue's mailbox",
            expected: "the mail server refuses"
        ) { story in
            try await story.refusedLogin(
                user: Participant.sue.email,
                token: "lbc_" + String(repeating: "0", count: 64)
            )
        }
        let support = try await askForHelp()
        let first = try await approveLess(support)
        try await useWindow(first)
        let second = try await stop(support)
        try await deny(support)
        try await otherServices()
        try await closingReports(first, second)
        try await AuditFiles(story: self).tell(&self)
    }

    /// One step: shows who does what, does it, shows what came of it, and holds that against what
    /// must come.
    @discardableResult
    mutating func step<Value>(
        _ action: String,
        expected: String,
        _ body: (Story) async throws -> (Outcome, Value)
    ) async throws -> Value {
        steps += 1
        try terminal.begin(steps, action)
        let outcome: Outcome
        let value: Value
        do {
            (outcome, value) = try await body(self)
        } catch {
            // Whatever failed, it failed because the demo is being ended.
            try Task.checkCancellation()
            try terminal.fail(expected: expected, came: "\(error)")
            throw Surprise()
        }
        guard outcome.isAsExpected else {
            try terminal.fail(expected: expected, came: outcome.text)
            throw Surprise()
        }
        try terminal.answer(outcome.text)
        return value
    }

    mutating func step(
        _ action: String,
        expected: String,
        _ body: (Story) async throws -> Outcome
    ) async throws {
        try await step(action, expected: expected) { story in (try await body(story), ()) }
    }

    // MARK: - What steps are made of

    func client(_ person: Participant) throws -> LockboxClient {
        guard let client = clients[person] else { throw DemoError("\(person.name) has no token") }
        return client
    }

    func request(_ id: String, by person: Participant = .eve) async throws -> AccessRequestBody {
        try await client(person).get(Path("v1", "requests", id))
    }

    func ask(_ support: SupportRequestBody, reason: String, duration: String) async throws
        -> AccessRequestBody
    {
        let mailbox = ResourceAccess(
            service: "mail",
            id: "mailbox:\(Participant.sue.email)",
            actions: ["read"]
        )
        return try await client(.eve).post(
            Path("v1", "requests"),
            NewAccessRequest(
                tenant: support.tenant,
                supportRequest: support.number,
                reason: reason,
                duration: duration,
                resources: [mailbox]
            )
        )
    }

    /// Decides on the request as it is now.
    func decide(
        _ verdict: Verdict,
        on id: String,
        by person: Participant,
        comment: String? = nil,
        duration: String? = nil
    ) async throws -> AccessRequestBody {
        let shown = try await request(id, by: person)
        return try await client(person).post(
            Path("v1", "requests", id, "decisions"),
            NewDecision(decision: verdict, comment: comment, duration: duration),
            ifVersion: shown.version
        )
    }

    func credential(for id: String, resource: Participant = .sue) async throws -> CredentialBody {
        try await client(.eve).post(
            Path("v1", "requests", id, "credentials"),
            NewCredential(service: "mail", resource: "mailbox:\(resource.email)")
        )
    }

    /// A session of Eve's at the support Dovecot.
    func session(_ credential: CredentialBody) async throws -> IMAPConnection {
        let session = try await IMAPConnection.connect(port: world.mail.supportPort)
        let answer = try await session.signIn(user: credential.username, token: credential.token)
        guard answer.hasPrefix("OK") else { throw DemoError(answer) }
        return session
    }

    /// A login at the support Dovecot that must fail.
    func refusedLogin(user: String, token: String) async throws -> Outcome {
        let session = try await IMAPConnection.connect(port: world.mail.supportPort)
        let answer = try await session.signIn(user: user, token: token)
        await session.close()
        return Outcome("Dovecot: \(answer)", answer.hasPrefix("NO [AUTHENTICATIONFAILED]"))
    }

    /// A command that Lockbox must refuse for the reason `code`.
    func refusal(_ code: String, _ body: () async throws -> Void) async throws -> Outcome {
        do {
            try await body()
            return Outcome("it was done", false)
        } catch ClientError.refused(let problem) {
            return Outcome("refused: \(problem.detail)", problem.code == code)
        }
    }

    /// A letter, shown by its subject.
    func letter(to person: Participant, about id: String, _ beginning: String) async throws
        -> Outcome
    {
        let letter = try await world.letters.wait(to: person.email, about: id, beginning: beginning)
        return Outcome("letter: \(letter.subject)", true)
    }

    /// The request as it must be, in a word or two.
    func outcome(_ request: AccessRequestBody, is state: AccessState, _ more: String? = nil)
        -> Outcome
    {
        let words: [AccessState: String] = [
            .awaitingManager: "waits for the manager", .awaitingCustomer: "waits for the customer",
            .active: "access is open", .denied: "denied, for good",
        ]
        let said = words[request.state] ?? request.state.rawValue
        return Outcome(more.map { "\(said); \($0)" } ?? said, request.state == state)
    }

    /// The end of the grant's window, which was fixed when it was approved.
    func windowEnd(_ request: AccessRequestBody) throws -> Timestamp {
        guard let text = request.grant?.end, let end = Timestamp(text) else {
            throw DemoError("the grant has no end")
        }
        return end
    }

    func quoted(_ texts: [String]) -> String { texts.map { "“\($0)”" }.joined(separator: ", ") }
}

/// `10:15:03.250 UTC`: the time of day, to the millisecond.
func timeOfDay(_ instant: Timestamp) -> String {
    "\(instant.description.dropFirst(11).prefix(12)) UTC"
}
