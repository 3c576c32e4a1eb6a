import ArgumentParser
import Foundation
import LockboxClient
import LockboxWire

/// Gives the engineer the running thing.
struct OpenAccess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Open what you have access to: databases in psql, applications in the browser.",
        discussion: """
              lockbox access open LBX-7K3M9QPXAB
              lockbox access open LBX-7K3M9QPXAB < repair.sql
              TOKEN=$(lockbox access open LBX-7K3M9QPXAB --token)

            Where Lockbox does not know the service's address, or nothing on this machine opens it, you get
            what you need to do it yourself.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Option(help: "Which resource: [SERVICE/]TYPE:NAME; needed if the access has several.")
    var resource: ResourceArgument?
    @Flag(help: "Write nothing but the token, for scripts.") var token = false

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let credential = try await session.credential(for: id, resource)
            if token { return session.shell.write(TerminalText.clean(credential.token)) }
            guard format.output == .table, let opener = Opener(of: credential, id, session) else {
                return try session.show(credential)
            }
            let end = TimeText.both(credential.expiresAt, now: session.shell.now())
            session.shell.tell(
                TerminalText.clean("Access to \(credential.resource) ends \(end). \(opener.words)")
            )
            guard let process = try opener.start(session.shell) else {
                return try session.show(credential)
            }
            try await session.see(id, opener, process)
        }
    }
}

/// A program on the engineer's machine that opens a resource.
private struct Opener {
    let program: String
    let arguments: [String]
    /// Beside those that the shell has.
    var environment: [String: String] = [:]
    /// What it does, in a sentence.
    let words: String
    /// Whether it goes on as long as the access is used.
    let lasts: Bool

    /// Nil where the kind has none, or the address is not known.
    init?(of credential: CredentialBody, _ id: String, _ session: Session) {
        guard let address = credential.address else { return nil }
        switch credential.kind {
        case "postgres" where address.hasPrefix("postgres://"):
            program = "psql"
            // In a script, what follows a statement that failed is not run.
            let isScript = !session.shell.inputIsTerminal
            arguments = (isScript ? ["-v", "ON_ERROR_STOP=1"] : []) + [address]
            // Others cannot read the environment of a process, as they can its arguments.
            environment = ["PGPASSWORD": credential.token]
            words = "Leave psql with \\q."
            lasts = true
        case "http" where credential.opensInBrowser && session.shell.hasBrowser:
            // The page lets the browser in with a credential of its own, by a code that works once.
            program = "xdg-open"
            arguments = ["\(session.client.address)/requests/\(id)"]
            words = "Choose “Open” on the page that your browser shows now."
            lasts = false
        case _: return nil
        }
    }

    /// Starts it at this terminal; nil if it is not there.
    func start(_ shell: Shell) throws -> pid_t? {
        try shell.start(program, arguments, environment)
    }
}

extension Session {
    /// A new credential.
    func credential(for id: String, _ resource: ResourceArgument?) async throws -> CredentialBody {
        try await client.post(
            Path("v1", "requests", id, "credentials"),
            NewCredential(service: resource?.service, resource: resource?.id)
        )
    }

    /// All that it takes to use a credential.
    func show(_ credential: CredentialBody) throws {
        let now = shell.now()
        try show(credential) { credential in
            var sheet = Sheet()
            sheet.add("Token", credential.token)
            sheet.add("Username", credential.username)
            sheet.add("Address", credential.address)
            sheet.add("Resource", "\(credential.resource) (\(credential.service))")
            sheet.add("Actions", credential.actions.joined(separator: " and "))
            sheet.add("Expires", TimeText.both(credential.expiresAt, now: now))
            sheet.add("How", credential.how)
            sheet.add("In a shell", credential.command)
            return sheet.lines
        }
    }

    /// Waits for a program that uses the access, and says why it was cut, if it was.
    fileprivate func see(_ id: String, _ opener: Opener, _ process: pid_t) async throws {
        let status = await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await shell.end(of: process) }
            if opener.lasts {
                group.addTask {
                    try? await endWithAccess(id, process)  // best effort: it ended before
                    return nil
                }
            }
            defer { group.cancelAll() }
            for await status in group { if let status { return status } }
            return 0
        }
        guard opener.lasts else {
            guard status == 0 else { throw Failure.failed("No browser could be opened.") }
            return
        }
        if let grant = try await grant(of: id), let why = grant.endingWords {
            let end = grant.endedAt.map { " \(TimeText.absolute($0))" } ?? ""
            throw Failure.failed(TerminalText.clean("Access ended\(end): \(why)."))
        }
        if status != 0 { throw Failure.failed("\(opener.program) ended with status \(status).") }
        shell.tell(
            TerminalText.clean("Access is still open. End it with: lockbox request finish \(id)")
        )
    }

    /// A program that does not notice that its connection leads nowhere, as behind a pooler, is ended
    /// soon after the access.
    private func endWithAccess(_ id: String, _ process: pid_t) async throws {
        let clock = ContinuousClock()
        while true {
            try await clock.sleep(for: .seconds(2))
            let grant = try? await grant(of: id)  // best effort: the next look tells
            if grant?.endingWords != nil { break }
        }
        try await clock.sleep(for: .seconds(2))
        kill(process, SIGTERM)
    }

    private func grant(of id: String) async throws -> GrantBody? {
        let request: AccessRequestBody = try await client.get(Path("v1", "requests", id))
        return request.grant
    }
}
