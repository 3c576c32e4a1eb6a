import ArgumentParser
import LockboxClient
import LockboxWire

struct ApproveRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Say yes to an access request, or yes to less.",
        discussion: """
              lockbox request approve LBX-7K3M9QPXAB
              lockbox request approve LBX-7K3M9QPXAB --duration 30m \\
                --resource mailbox:sue@contoso.test:read
              lockbox request approve LBX-7K3M9QPXAB --sign-with ~/.ssh/id_ed25519

            Shows the request and asks first, on a terminal. What you approve is exactly
            the version you were shown; if it changed meanwhile, nothing happens. What you
            sign is shown before you are asked; where it says anything else than the
            request and your options, nothing is signed.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "Approve for a shorter time, such as 30m.") var duration: DurationArgument?
    @Option(
        name: .long,
        help:
            "Approve only this resource: [SERVICE/]TYPE:NAME[:read|:write]. May be given several times."
    )
    var resource: [ResourceArgument] = []
    @Flag(help: "Approve reading only.") var readOnly = false
    @Option(help: "A remark; the engineer sees it.") var comment: String?
    @Option(help: "Approve only if this is still the version.") var version: Int?
    @Flag(name: [.short, .long], help: "Do not ask.") var yes = false
    @Flag(help: "Then wait until access is open (or as --until says).") var wait = false
    @OptionGroup var waiting: WaitOptions
    @OptionGroup(title: "Signing") var signing: SigningOptions

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let shown = try await session.showToDecide(id, quietly: yes)
            let resources = try Narrowing.apply(resource, readOnly: readOnly, to: shown.resources)
            let decision = NewDecision(
                decision: .approve,
                comment: comment,
                duration: duration?.iso,
                resources: resources
            )
            guard
                let signed = try await session.signed(
                    decision,
                    of: shown,
                    version: version,
                    signing,
                    asking: yes ? nil : question(resources)
                )
            else { return }
            var request = try await session.decide(shown, signed, version: version)
            if wait { request = try await session.wait(for: request, waiting) }
            try session.showOutcome(request)
        }
    }

    private func question(_ resources: [ResourceAccess]?) -> String {
        var less: [String] = []
        if let duration { less.append("for \(TimeText.duration(duration.iso))") }
        if let resources { less.append("only " + resources.map(\.words).joined(separator: ", ")) }
        return "Approve this request"
            + (less.isEmpty ? "?" : " " + less.joined(separator: ", ") + "?")
    }
}

struct DenyRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny",
        abstract: "Say no to an access request.",
        discussion: "  lockbox request deny LBX-7K3M9QPXAB --comment \"Ask us on Monday\""
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "Why; the engineer sees it.") var comment: String
    @Option(help: "Deny only if this is still the version.") var version: Int?
    @Flag(name: [.short, .long], help: "Do not ask.") var yes = false

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let shown = try await session.showToDecide(id, quietly: yes)
            if !yes { try session.confirm("Deny this request?") }
            let decision = NewDecision(decision: .deny, comment: comment)
            try session.showOutcome(try await session.decide(shown, decision, version: version))
        }
    }
}

extension Session {
    /// Reads the request that is to be decided on, and shows it to the person at a terminal.
    fileprivate func showToDecide(_ id: String, quietly: Bool) async throws -> AccessRequestBody {
        let request: AccessRequestBody = try await client.get(Path("v1", "requests", id))
        guard request.id.utf8.elementsEqual(id.uppercased().utf8) else {
            throw Failure.failed(
                "The server answered with another request, \(TerminalText.clean(request.id))."
            )
        }
        if !quietly, shell.inputIsTerminal, shell.errorsAreTerminal {
            shell.tell(RequestText.sheet(request, now: shell.now()).joined(separator: "\n"))
        }
        return request
    }

    func confirm(_ question: String) throws {
        guard shell.agrees(to: TerminalText.clean(question)) else {
            throw Failure.failed("Nothing was changed.")
        }
    }

    fileprivate func decide(
        _ shown: AccessRequestBody,
        _ decision: NewDecision,
        version: Int?
    ) async throws -> AccessRequestBody {
        try await client.post(
            Path("v1", "requests", shown.id, "decisions"),
            decision,
            ifVersion: version ?? shown.version
        )
    }

    fileprivate func showOutcome(_ request: AccessRequestBody) throws {
        try show(request) { request in
            ["\(TerminalText.clean(request.id)) is \(TerminalText.clean(request.state.words))."]
        }
    }

    /// Withdraws, finishes or revokes.
    fileprivate func end(_ id: String, _ verb: String, _ body: some Encodable & Sendable)
        async throws
    {
        let request: AccessRequestBody = try await client.post(
            Path("v1", "requests", id, verb),
            body
        )
        try showOutcome(request)
        if let grant = request.grant, grant.state == .removing || grant.state == .removalFailed {
            shell.tell(
                "The services are being told; see “lockbox request show \(TerminalText.clean(id))”."
            )
        }
    }
}

struct WithdrawRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Take your request back before it is decided."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "Why.") var comment: String?

    func run() async throws {
        try await Session.run(server, format.output) {
            try await $0.end(id, "withdraw", CommentBody(comment: comment))
        }
    }
}

struct FinishRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "finish",
        abstract: "Give your access back before its time is over."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "What you found or did; the customer sees it.") var comment: String?

    func run() async throws {
        try await Session.run(server, format.output) {
            try await $0.end(id, "finish", CommentBody(comment: comment))
        }
    }
}

struct RevokeRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End somebody's access at once. Open connections are cut where the service can.",
        discussion: """
              lockbox request revoke LBX-7K3M9QPXAB
              lockbox request revoke LBX-7K3M9QPXAB --sign-with ~/.ssh/id_ed25519

            Access ends with a signature or without one. Where your rules ask for one, an end
            without it is recorded as unsigned; on a terminal you are asked first, unless you
            say --unsigned.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "Why; the engineer sees it.") var comment: String?
    @Flag(help: "End it without a signature, and do not ask.") var unsigned = false
    @OptionGroup(title: "Signing") var signing: SigningOptions

    func validate() throws {
        guard !(unsigned && signing.isGiven) else {
            throw ValidationError("Give --unsigned or a way to sign.")
        }
    }

    func run() async throws {
        try await Session.run(server, format.output) { session in
            if signing.isGiven {
                guard let signed = try await session.signedRevoke(of: id, comment, signing) else {
                    return
                }
                return try await session.end(id, "revoke", signed)
            }
            var isMissed = false
            if !unsigned, session.shell.inputIsTerminal {
                let asked = try? await session.asksToSignRevoke(of: id)  // best effort: it ends
                isMissed = asked ?? false
            }
            if isMissed {
                try session.confirm(
                    "Your rules ask for a signature (--sign-with KEY). End access without one?"
                )
            }
            try await session.end(id, "revoke", NewRevoke(comment: comment))
            if isMissed { session.shell.tell("It is recorded as ended without a signature.") }
        }
    }
}

struct CredentialRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential",
        abstract: "Get what opens a resource. It is shown once and dies with the access.",
        discussion: """
              lockbox request credential LBX-7K3M9QPXAB
              TOKEN=$(lockbox request credential LBX-7K3M9QPXAB --token-only)
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "Which resource: [SERVICE/]TYPE:NAME; needed if the access has several.")
    var resource: ResourceArgument?
    @Flag(help: "Write nothing but the token.") var tokenOnly = false

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let credential = try await session.credential(for: id, resource)
            if tokenOnly { return session.shell.write(TerminalText.clean(credential.token)) }
            try session.show(credential)
        }
    }
}
