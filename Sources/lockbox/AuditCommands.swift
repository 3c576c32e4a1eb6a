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
            EvidenceAudit.self,
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
    func base(_ session: Session) async throws -> Path { try await place(session).base }

    /// That path, and the log's name in its records.
    func place(_ session: Session) async throws -> (base: Path, name: String) {
        let provider = (base: Path("v1", "provider"), name: "provider")
        if self.provider { return provider }
        let me = tenant == nil ? try await session.me() : nil
        if let me, me.tenant == nil { return provider }
        let tenant = try await session.tenant(tenant ?? me?.tenant)
        return (Path("v1", "tenants", tenant), "tenant:\(tenant)")
    }

    /// What is remembered of the log at `place`.
    func memory(_ session: Session, _ base: Path, state: String?) throws -> LogMemory {
        try LogMemory(
            state: state,
            server: session.client.address,
            log: base.text,
            environment: session.shell.environment
        )
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

/// What a server shows as the head of its log. Nothing of it is believed yet.
struct ShownHead {
    let note: [UInt8]
    /// The key that the server says signs now.
    let named: VerifierKey
    /// What is remembered of this log.
    let memory: LogMemory
    /// How many records the head says there are; 0 where it says nothing.
    let size: UInt64

    /// Fetches the key and the newest checkpoint, and keeps the checkpoint for good, whatever comes
    /// of it: the next one may contradict it. `follows` says to look for a log that moved.
    init(
        _ base: Path,
        _ session: Session,
        remembered memory: LogMemory,
        follows: Bool = true
    ) async throws {
        let line = String(
            decoding: try await session.client.bytes(base.appending("log/key")),
            as: UTF8.self
        )
        do throws(NoteError) { named = try VerifierKey(parsing: line.filter { $0 != "\n" }) } catch
        {
            throw Failure.failed("The server's key cannot be used: \(error)")
        }
        let note = try await session.client.bytes(base.appending("log/checkpoint"))
        self.note = note
        self.memory = follows ? try memory.following(named) : memory
        try self.memory.keep(note)
        let claimed = Result { try Checkpoint(parsing: SignedNote(parsing: note).text).head.size }
        size =
            switch claimed {
            case .success(let size): size
            case .failure: 0
            }
    }

    /// The head, signed by the key that is remembered, or by the one that the server names where none
    /// is. Of the log `name`, or it is refused.
    func believed(log name: String) throws -> TreeHead {
        guard (memory.keys.last ?? named) == named else {
            throw Failure.failed(
                """
                The log's key has changed. “lockbox audit verify” follows a change that the log shows; \
                do not trust the log before.
                  it was  “\(memory.keys.last?.text ?? "")”
                  now is  “\(named.text)”
                """
            )
        }
        guard Leaf.logName(ofOrigin: named.name) == name else {
            throw Failure.failed(
                AuditFinding.wrongLog(name: named.name, asked: name).description
            )
        }
        do {
            return try Checkpoint(
                opening: SignedNote(parsing: note),
                origin: named.name,
                logKey: named
            ).head
        } catch let error as NoteError {
            throw Failure.failed("The server's checkpoint cannot be trusted: \(error)")
        } catch let error as CheckpointError {
            throw Failure.failed("The server's checkpoint cannot be trusted: \(error)")
        }
    }
}

extension Session {
    /// The lines of the log's first `size` records, and not one more, whatever the server sends: what
    /// was written since the checkpoint is not covered by it.
    func records(_ base: Path, upTo size: UInt64, to take: ([UInt8]) throws -> Void) async throws {
        struct AllAreRead: Error {}
        guard size > 0 else { return }
        var count: UInt64 = 0
        do {
            try await client.lines(base.appending("audit"), accept: "application/jsonl") { line in
                try take(line)
                count += 1
                if count == size { throw AllAreRead() }
            }
        } catch is AllAreRead {}
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
    @Option(help: "Where “audit verify” remembers what was seen.") var state: String?

    func run() async throws {
        try await Session.run(server) { session in
            let (base, name) = try await log.place(session)
            let memory = try log.memory(session, base, state: state)
            let shown = try await ShownHead(base, session, remembered: memory)
            _ = try shown.believed(log: name)
            session.shell.write(
                key ? shown.named.text : String(decoding: shown.note, as: UTF8.self)
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
    @Option(help: "Where “audit verify” remembers what was seen.") var state: String?

    func run() async throws {
        let names = ExportFiles(records: out)
        if !force, let taken = names.all.first(where: Files.exists) {
            throw Failure.failed(
                "\(taken) is there already, and an old one is worth keeping. Use another name, or --force."
            )
        }
        try await Session.run(server) { session in
            let (base, name) = try await log.place(session)
            let memory = try log.memory(session, base, state: state)
            let shown = try await ShownHead(base, session, remembered: memory)
            let head = try shown.believed(log: name)
            var verifier = LogVerifier(
                notes: [.init(name: "checkpoint", bytes: shown.note)],
                keys: [shown.named],
                source: .records,
                asked: name
            )
            let draft = try DraftFile(names.records + ".part")
            defer { draft.discard() }
            var leaves: [Hash] = []
            try await session.records(base, upTo: head.size) { line in
                leaves.append(verifier.read(line: line) ?? .emptyRoot)
                try draft.append(line: line)
                if leaves.count.isMultiple(of: 1000) {
                    session.shell.progress("\(leaves.count) of \(head.size)")
                }
            }
            session.shell.clearProgress()
            try draft.flush()
            try ExportFiles.finish(draft, leaves, head, at: names.records)
            try Files.write(shown.note, to: names.checkpoint)
            try Files.write(Array((shown.named.text + "\n").utf8), to: names.key)
            try AuditText(
                report: verifier.finish(),
                subject: names.records,
                isComplete: true
            ).conclude(session.shell, .table)
        }
    }
}
