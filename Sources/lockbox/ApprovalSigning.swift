import ArgumentParser
import Foundation
import LockboxClient
import LockboxWire
import MerkleLog

/// How an approval is signed on the command line.
struct SigningOptions: ParsableArguments {
    @Option(
        help: "Sign with this SSH key (ssh-keygen does, and an agent if the key is in one).",
        completion: .file()
    )
    var signWith: String?
    @Option(help: "Write what is to be signed into this file, and decide nothing.")
    var statementOut: String?
    @Option(help: "The statement that was signed elsewhere.", completion: .file())
    var statement: String?
    @Option(help: "Its signature, as ssh-keygen -Y sign writes it.", completion: .file())
    var signature: String?
    @Option(help: "Where “audit verify” remembers the log, whose name is held against it.")
    var logState: String?

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
        guard options.signWith ?? options.statementOut ?? options.statement != nil else {
            if let question { try confirm(question) }
            return decision
        }
        let version = version ?? shown.version
        let statement =
            if let file = options.statement { try Files.text(of: file) } else {
                try await self.statement(for: decision, of: shown, version: version)
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
        shell.tell(terms.sheet(said, now: now).joined(separator: "\n"))
        shell.tell("Its text: \(TerminalText.clean(statement))")
        if let question { try confirm(question) }
        if let file = options.statementOut {
            try writeOut(statement, to: file)
            return nil
        }
        let signature =
            if let file = options.signature { try Files.text(of: file) } else {
                try await sshSignature(of: statement, with: options.signWith ?? "")
            }
        return try await add(signature, over: statement, to: decision, at: shown.tenant)
    }

    private func statement(
        for decision: NewDecision,
        of shown: AccessRequestBody,
        version: Int
    ) async throws -> String {
        let made: ApprovalStatementBody = try await client.post(
            Path("v1", "requests", shown.id, "statement"),
            decision,
            ifVersion: version
        )
        return made.statement
    }

    /// The name of the tenant's log, where an earlier look at it is remembered.
    private func remembered(_ state: String?, of tenant: String) throws -> String? {
        try LogMemory(
            state: state,
            server: client.address,
            log: Path("v1", "tenants", tenant).text,
            environment: shell.environment
        ).keys.last?.name
    }

    private func writeOut(_ statement: String, to file: String) throws {
        try Files.write(Array(statement.utf8), to: file)
        shell.tell(
            """
            Sign it within five minutes:
              ssh-keygen -Y sign -f KEY -n lockbox-approval \(TerminalText.clean(file))
            Then approve as now, with --statement \(TerminalText.clean(file)) and --signature \
            \(TerminalText.clean(file)).sig in place of --statement-out.
            """
        )
    }

    private func add(
        _ armoured: String,
        over statement: String,
        to decision: NewDecision,
        at tenant: String
    ) async throws -> NewDecision {
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
        var signed = decision
        signed.statement = statement
        signed.signature = SignatureBody(kind: "sshsig", key: known.id, signature: base64)
        return signed
    }

    /// The public key of an SSH signature: after the magic word and the version, with its length.
    private static func publicKey(in blob: [UInt8]) -> [UInt8]? {
        guard blob.count > 14 else { return nil }
        let length = blob[10..<14].reduce(0) { $0 << 8 | Int($1) }
        guard blob.count >= 14 + length else { return nil }
        return Array(blob[14..<14 + length])
    }

    /// What `ssh-keygen` makes of `statement`, in a folder that nobody else reads.
    private func sshSignature(of statement: String, with key: String) async throws -> String {
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
        let arguments = ["-Y", "sign", "-f", key, "-n", "lockbox-approval", file]
        guard let process = try shell.start("ssh-keygen", arguments, [:]) else {
            throw Failure.failed("There is no ssh-keygen here. Install OpenSSH.")
        }
        guard await shell.end(of: process) == 0 else {
            throw Failure.failed("ssh-keygen did not sign. Nothing was approved.")
        }
        return try Files.text(of: file + ".sig")
    }
}
