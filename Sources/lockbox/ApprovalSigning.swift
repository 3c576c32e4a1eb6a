import ArgumentParser
import Foundation
import LockboxApprovals
import LockboxClient
import LockboxWire
import MerkleLog

/// How something is signed on the command line.
struct SigningOptions: ParsableArguments {
    @Option(
        help: "Sign with this SSH key (ssh-keygen does, and an agent if the key is in one).",
        completion: .file()
    )
    var signWith: String?
    @Option(help: "Write what is to be signed into this file, and do nothing else.")
    var statementOut: String?
    @Option(help: "The statement that was signed elsewhere.", completion: .file())
    var statement: String?
    @Option(help: "Its signature, as ssh-keygen -Y sign writes it.", completion: .file())
    var signature: String?
    @Option(help: "Where “audit verify” remembers the log, whose name is held against it.")
    var logState: String?

    var isGiven: Bool { signWith ?? statementOut ?? statement != nil }

    func validate() throws {
        guard (statement == nil) == (signature == nil) else {
            throw ValidationError("Give --statement and --signature together.")
        }
        let ways = [signWith != nil, statementOut != nil, statement != nil]
        guard ways.count(where: { $0 }) <= 1 else {
            throw ValidationError(
                "Give one of --sign-with, --statement-out, and --statement with --signature."
            )
        }
    }
}

extension Session {
    /// `decision` with a signature, where one is asked for; nil where the statement was written out
    /// to be signed elsewhere. Asks `question` first, of the statement where there is one.
    func signed(
        _ decision: NewDecision,
        of shown: AccessRequestBody,
        version: Int?,
        _ options: SigningOptions,
        asking question: String?
    ) async throws -> NewDecision? {
        guard options.isGiven else {
            if let question { try confirm(question) }
            return decision
        }
        let version = version ?? shown.version
        let statement =
            try await text(options) {
                try await client.post(
                    Path("v1", "requests", shown.id, "statement"),
                    decision,
                    ifVersion: version
                )
            }
        let terms = SigningTerms(
            request: shown,
            version: version,
            duration: decision.duration,
            resources: decision.resources,
            approver: try await me().id,
            logName: try remembered(options.logState, of: shown.tenant)
        )
        let now = shell.now()
        let said = try terms.statement(statement, now: now)
        show(terms.sheet(said, now: now), of: statement)
        if let question { try confirm(question) }
        guard
            let signature = try await signature(over: statement, said, at: shown.tenant, options)
        else { return nil }
        var signed = decision
        (signed.statement, signed.signature) = (statement, signature)
        return signed
    }

    /// What is to be signed: it was signed elsewhere, or the server makes it.
    func text(
        _ options: SigningOptions,
        orMade make: () async throws -> ApprovalStatementBody
    ) async throws -> String {
        if let file = options.statement { return try Files.text(of: file) }
        return try await make().statement
    }

    /// Shows what is to be signed, and its bytes.
    func show(_ sheet: [String], of statement: String) {
        shell.tell(sheet.joined(separator: "\n"))
        shell.tell("Its text: \(TerminalText.clean(statement))")
    }

    /// The signature over `statement`, which says `said` and was looked at; nil where it was written
    /// out to be signed elsewhere.
    func signature<Statement: SignedStatement>(
        over statement: String,
        _ said: Statement,
        at tenant: String,
        _ options: SigningOptions
    ) async throws -> SignatureBody? {
        if let file = options.statementOut {
            try writeOut(statement, to: file, in: Statement.namespace)
            return nil
        }
        let armoured =
            if let file = options.signature { try Files.text(of: file) } else {
                try await sshSignature(
                    of: statement,
                    with: options.signWith ?? "",
                    in: Statement.namespace
                )
            }
        return try await body(of: armoured, at: tenant)
    }

    /// The name of the tenant's log, where an earlier look at it is remembered.
    func remembered(_ state: String?, of tenant: String) throws -> String? {
        try LogMemory(
            state: state,
            server: client.address,
            log: Path("v1", "tenants", tenant).text,
            environment: shell.environment
        ).keys.last?.name
    }

    private func writeOut(_ statement: String, to file: String, in namespace: String) throws {
        try Files.write(Array(statement.utf8), to: file)
        shell.tell(
            """
            Sign it within five minutes:
              ssh-keygen -Y sign -f KEY -n \(namespace) \(TerminalText.clean(file))
            Then give the same command, with --statement \(TerminalText.clean(file)) and --signature \
            \(TerminalText.clean(file)).sig in place of --statement-out.
            """
        )
    }

    private func body(of armoured: String, at tenant: String) async throws -> SignatureBody {
        let lines = armoured.split(whereSeparator: \.isNewline).map(String.init)
        guard lines.first == "-----BEGIN SSH SIGNATURE-----",
            lines.last == "-----END SSH SIGNATURE-----"
        else { throw Failure.failed("That is no SSH signature.") }
        let base64 = lines.dropFirst().dropLast().joined()
        guard let blob = Data(base64Encoded: base64), let key = Self.publicKey(in: Array(blob))
        else {
            throw Failure.failed("That is no SSH signature.")
        }
        let keys = try await client.list(
            try await signingKeys(of: tenant),
            of: SigningKeyBody.self
        ).items
        let line = Data(key).base64EncodedString()
        guard let known = keys.first(where: { $0.publicKey.hasSuffix(" \(line)") }) else {
            throw Failure.failed(
                "That key is not among those of “lockbox keys list”. Add it first."
            )
        }
        return SignatureBody(kind: "sshsig", key: known.id, signature: base64)
    }

    /// The public key of an SSH signature: after the magic word and the version, with its length.
    private static func publicKey(in blob: [UInt8]) -> [UInt8]? {
        guard blob.count > 14 else { return nil }
        let length = blob[10..<14].reduce(0) { $0 << 8 | Int($1) }
        guard blob.count >= 14 + length else { return nil }
        return Array(blob[14..<14 + length])
    }

    /// What `ssh-keygen` makes of `statement`, in a folder that nobody else reads.
    private func sshSignature(of statement: String, with key: String, in namespace: String)
        async throws -> String
    {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "lockbox-\(Shell.newKey())")
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        defer {
            try? FileManager.default.removeItem(at: folder)  // best effort: it holds no secret
        }
        let file = folder.appending(path: "statement").path
        try Files.write(Array(statement.utf8), to: file)
        let arguments = ["-Y", "sign", "-f", key, "-n", namespace, file]
        guard let process = try shell.start("ssh-keygen", arguments, [:]) else {
            throw Failure.failed("There is no ssh-keygen here. Install OpenSSH.")
        }
        guard await shell.end(of: process) == 0 else {
            throw Failure.failed("ssh-keygen did not sign. Nothing was changed.")
        }
        return try Files.text(of: file + ".sig")
    }
}
