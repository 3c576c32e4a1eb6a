import ArgumentParser
import LockboxClient
import LockboxWire

struct RequestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Access requests: ask, decide, use, end.",
        discussion: """
            As an engineer         new, watch, credential, finish, withdraw
            As manager, approver   list, show, approve, deny, revoke
            All of them            ask: a question, or its answer
            """,
        subcommands: [
            NewRequest.self, ListRequests.self, ShowRequest.self, ApproveRequest.self,
            DenyRequest.self,
            WithdrawRequest.self, FinishRequest.self, RevokeRequest.self, CredentialRequest.self,
            WatchRequest.self,
            AskRequest.self,
        ]
    )
}

struct NewRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Ask for access to a tenant's data.",
        discussion: """
              lockbox request new --support-request SR-7K3M9QPXAB --duration 2h \\
                --resource mailbox:sue@contoso.test:read \\
                --reason "Find out why her inbox is empty" --wait

            A manager of the provider reviews it first, then the customer decides. With
            --wait the command ends when access is open, with exit code 1 if it is
            refused.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Option(help: "The support request that this serves.") var supportRequest: String
    @Option(help: "The tenant; that of the support request if left out.") var tenant: String?
    @Option(help: "How long you need, such as 2h or 90m.") var duration: DurationArgument
    @Option(
        name: .long,
        help:
            "What to open: [SERVICE/]TYPE:NAME[:read|:write], read if not said. May be given several times."
    )
    var resource: [ResourceArgument]
    @Option(help: "Why, for those who decide.") var reason: String
    @Option(help: "The earliest start (RFC 3339); at once if left out.") var notBefore:
        InstantArgument?
    @Option(name: .customLong("for"), help: "For which engineer a program asks: e-mail or PER-…")
    var engineer: String?
    @Flag(help: "Wait until access is open (or as --until says).") var wait = false
    @OptionGroup var waiting: WaitOptions

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let tenant = try await tenantOfRequest(session)
            let accesses = try await session.resolve(resource, of: tenant)
            let body = NewAccessRequest(
                tenant: tenant,
                supportRequest: supportRequest,
                reason: reason,
                duration: duration.iso,
                resources: accesses,
                notBefore: notBefore?.text,
                engineer: engineer
            )
            var request: AccessRequestBody = try await session.client.post(
                Path("v1", "requests"),
                body
            )
            if wait { request = try await session.wait(for: request, waiting) }
            try session.show(request) { request in
                if !wait {
                    session.shell.tell(
                        "Asked. The request is \(TerminalText.clean(request.state.words))."
                    )
                }
                return [TerminalText.clean(request.id)]
            }
        }
    }

    private func tenantOfRequest(_ session: Session) async throws -> String {
        if let tenant { return tenant }
        let support: SupportRequestBody = try await session.client.get(
            Path("v1", "support-requests", supportRequest)
        )
        return support.tenant
    }
}

extension Session {
    /// Finds the service of each resource that was named without one.
    func resolve(_ arguments: [ResourceArgument], of tenant: String) async throws
        -> [ResourceAccess]
    {
        let needsLookup = arguments.contains { $0.service == nil }
        let services =
            needsLookup
            ? try await client.list(Path("v1", "services"), of: ServiceBody.self).items : []
        return try arguments.map { argument in
            let actions = argument.actions ?? ["read"]
            if let service = argument.service {
                return ResourceAccess(service: service, id: argument.id, actions: actions)
            }
            let type = argument.id.prefix { $0 != ":" }
            let fitting = services.filter { $0.resources == type }
            guard let service = fitting.first else {
                throw Failure.failed(
                    "No service has a \(TerminalText.clean(String(type))); see the type before the colon."
                )
            }
            guard fitting.count == 1 else {
                let names = fitting.map { "\($0.id)/\(argument.id)" }.joined(separator: " or ")
                throw Failure.usage(
                    "Several services have a \(type). Write \(TerminalText.clean(names))."
                )
            }
            return ResourceAccess(service: service.id, id: argument.id, actions: actions)
        }
    }
}

struct ListRequests: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List access requests, newest first.",
        discussion: """
              lockbox request list --state awaitingManager
              lockbox request list --tenant contoso --output json | jq -r '.[].id'
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @OptionGroup var paging: LimitOptions
    @Option(
        help:
            "Only those in this state: \(AccessState.known.map(\.rawValue).joined(separator: ", ")).",
        completion: .list(AccessState.known.map(\.rawValue))
    )
    var state: String?
    @Option(help: "Only those for this tenant.") var tenant: String?
    @Option(help: "Only those for this support request.") var supportRequest: String?

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let path = Path(
                "v1",
                "requests",
                query: ["state": state, "tenant": tenant, "supportRequest": supportRequest]
            )
            let found = try await session.client.list(
                path,
                limit: paging.limit,
                of: AccessRequestBody.self
            )
            let now = session.shell.now()
            try session.show(found, none: "There are no such requests.") {
                RequestText.table($0, now: now)
            }
        }
    }
}

struct ShowRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an access request and all that became of it."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let request: AccessRequestBody = try await session.client.get(
                Path("v1", "requests", id)
            )
            let now = session.shell.now()
            let thread = session.output == .table ? try await session.thread(on: id) : []
            try session.show(request) { RequestText.sheet($0, thread: thread, now: now) }
        }
    }
}

struct WatchRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow an access request until its access is over.",
        discussion: "  lockbox request watch LBX-7K3M9QPXAB --until active"
    )

    @OptionGroup var server: ServerOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "Until when to follow it.") var until: WaitGoal = .ended
    @Option(help: "Give up after this time, such as 10m.") var timeout: DurationArgument?

    func run() async throws {
        try await Session.run(server) { session in
            _ = try await session.wait(for: id, until: until, timeout: timeout) { request in
                let now = session.shell.now()
                var line = "\(request.id)  \(request.state.words)"
                if let decideBy = request.decideBy {
                    line += ", until \(TimeText.both(decideBy, now: now))"
                }
                if let grant = request.grant,
                    request.state == .active || request.state == .scheduled
                {
                    line +=
                        ", \(TimeText.absolute(grant.start)) to \(TimeText.both(grant.end, now: now))"
                }
                if let ending = request.grant?.endingWords { line += ": \(ending)" }
                session.shell.write(TerminalText.clean(line))
            }
        }
    }
}
