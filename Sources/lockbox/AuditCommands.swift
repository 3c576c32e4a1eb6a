import ArgumentParser
import LockboxClient
import LockboxWire
import MerkleLog

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "The audit log: search, export, verify.",
        discussion: """
            Every tenant has a log of its own. Its head is signed; keep the checkpoints,
            and nobody can change what was written before without your noticing.

              lockbox audit search --activity request.approved --from 2026-11-01
              lockbox audit verify                       check all of it
              lockbox audit export --out 2026-11.jsonl   keep a copy, to verify offline
            """,
        subcommands: [
            SearchAudit.self, ExportAudit.self, CheckpointAudit.self, VerifyAudit.self,
            EraseAudit.self,
        ]
    )
}

/// Which log.
struct LogOptions: ParsableArguments {
    @Option(help: "The tenant; your own if left out.") var tenant: String?
    @Flag(help: "The provider's own log.") var provider = false

    func validate() throws {
        if provider && tenant != nil {
            throw ValidationError("Give --tenant or --provider, not both.")
        }
    }

    /// The path that the log's `audit` and `log` are below.
    func base(_ session: Session) async throws -> Path {
        if provider { return Path("v1", "provider") }
        let me = tenant == nil ? try await session.me() : nil
        if let me, me.tenant == nil { return Path("v1", "provider") }
        return Path("v1", "tenants", try await session.tenant(tenant ?? me?.tenant))
    }
}

struct SearchAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find records, newest first.",
        discussion: """
              lockbox audit search --person adam@contoso.test
              lockbox audit search --request LBX-7K3M9QPXAB --output json
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @OptionGroup var paging: LimitOptions
    @OptionGroup var log: LogOptions
    @Option(help: "At or after this time (RFC 3339, or a day).") var from: InstantArgument?
    @Option(help: "Before this time.") var to: InstantArgument?
    @Option(help: "An activity, or its first part: request finds request.approved.") var activity:
        String?
    @Option(help: "A person's id, or part of a name or address.") var person: String?
    @Option(help: "An access request: LBX-…") var request: String?
    @Option(help: "Part of any text.") var text: String?

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let path = try await log.base(session).appending("audit").adding([
                "from": from?.text, "to": to?.text, "activity": activity, "person": person,
                "request": request,
                "text": text,
            ])
            let found = try await session.client.list(
                path,
                limit: paging.limit,
                of: AuditRecord.self
            )
            try session.show(found, none: "There are no such records.") { records in
                var table = Table("No", "Time", "Activity", "By", "Request", "What")
                for record in records {
                    let texts = record.texts.filter { !$0.key.hasPrefix("actor") }.sorted {
                        $0.key < $1.key
                    }
                    table.add(
                        "\(record.index)",
                        TimeText.absolute(record.time),
                        record.activity,
                        record.actor.name ?? record.actor.id,
                        record.request ?? "–",
                        texts.map { "\($0.key): \(Self.shown($0.value.text, of: $0.key))" }.joined(
                            separator: "; "
                        )
                    )
                }
                return table
            }
        }
    }

    /// A batch of operations has a line for each; a table has room for how many.
    private static func shown(_ text: String?, of field: String) -> String {
        guard let text else { return "(erased)" }
        return field == "operations" ? "\(text.count { $0 == "\n" }) lines" : text
    }
}

/// A checkpoint that the log's key has signed.
struct SignedHead {
    let note: [UInt8]
    let head: TreeHead
    let key: VerifierKey

    /// Fetches the key and the newest checkpoint. With `pinned`, that key must have signed,
    /// whatever the server names.
    init(_ base: Path, _ session: Session, pinned: VerifierKey? = nil) async throws {
        let line = String(
            decoding: try await session.client.bytes(base.appending("log/key")),
            as: UTF8.self
        )
        note = try await session.client.bytes(base.appending("log/checkpoint"))
        do {
            let named = try VerifierKey(parsing: line.filter { $0 != "\n" })
            if let pinned, pinned != named {
                throw Failure.failed(
                    """
                    The log's key has changed. Do not trust the log before you know why; ask the provider.
                      it was  \(TerminalText.clean(pinned.text))
                      now is  \(TerminalText.clean(named.text))
                    """
                )
            }
            key = named
            head = try Checkpoint(opening: SignedNote(parsing: note), origin: key.name, logKey: key)
                .head
        } catch let error as NoteError {
            throw Failure.failed("The server's checkpoint cannot be trusted: \(error)")
        } catch let error as CheckpointError {
            throw Failure.failed("The server's checkpoint cannot be trusted: \(error)")
        }
    }
}

struct CheckpointAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Get the signed head of the log, to be kept outside the provider's reach.",
        discussion: "  lockbox audit checkpoint > contoso-2026-11-23.checkpoint"
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var log: LogOptions
    @Flag(help: "The key that signs it instead.") var key = false

    func run() async throws {
        try await Session.run(server) { session in
            let signed = try await SignedHead(try await log.base(session), session)
            session.shell.write(
                key ? signed.key.text : String(decoding: signed.note, as: UTF8.self)
            )
        }
    }
}

struct ExportAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Copy the whole log into files that can be verified without any server.",
        discussion: """
              lockbox audit export --tenant contoso --out contoso.jsonl

            Writes contoso.jsonl (one record a line, each with its proof),
            contoso.checkpoint (the signed head) and contoso.key (the key that signed
            it).
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var log: LogOptions
    @Option(
        help: "Where to write the records: FILE.jsonl.",
        completion: .file(extensions: ["jsonl"])
    ) var out: String
    @Flag(help: "Replace files that are there already.") var force = false

    func run() async throws {
        let names = ExportFiles(records: out)
        if !force, let taken = names.all.first(where: Files.exists) {
            throw Failure.failed(
                "\(taken) is there already. An old checkpoint is worth keeping; use another name, or --force."
            )
        }
        try await Session.run(server) { session in
            let base = try await log.base(session)
            let signed = try await SignedHead(base, session)
            var verifier = ExportVerifier(
                notes: [.init(name: "checkpoint", bytes: signed.note)],
                key: signed.key,
                isComplete: true
            )
            let draft = try DraftFile(names.records + ".part")
            defer { draft.discard() }
            var leaves: [Hash] = []
            try await session.client.lines(
                base.appending("audit"),
                accept: "application/jsonl"
            ) { line in
                // What was written since the checkpoint is not covered by it.
                guard UInt64(leaves.count) < signed.head.size else { return }
                leaves.append(verifier.read(line: line) ?? .emptyRoot)
                try draft.append(line: line)
                if leaves.count.isMultiple(of: 1000) {
                    session.shell.progress("\(leaves.count) of \(signed.head.size)")
                }
            }
            session.shell.clearProgress()
            try draft.flush()
            try ExportFiles.finish(draft, leaves, signed.head, at: names.records)
            try Files.write(signed.note, to: names.checkpoint)
            try Files.write(Array((signed.key.text + "\n").utf8), to: names.key)
            try AuditText.conclude(
                verifier.finish(),
                session.shell,
                .table,
                subject: "\(names.records)"
            )
        }
    }
}
