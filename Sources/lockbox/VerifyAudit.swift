import ArgumentParser
import LockboxClient
import LockboxWire
import MerkleLog

struct VerifyAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that nothing in the log was changed, removed, added or reordered.",
        discussion: """
            With a server: reads the whole log, computes its root again, holds it against
            the signed head and against every checkpoint and record seen in earlier runs,
            and remembers what it saw. The key is remembered at the first run; a changed
            key is an error.

              lockbox audit verify --tenant contoso

            Without: checks an export against its checkpoint and any older ones that you
            kept.

              lockbox audit verify --export contoso.jsonl
              lockbox audit verify --export contoso.jsonl \\
                --checkpoint contoso.checkpoint --checkpoint last-month.checkpoint \\
                --key contoso.key

            Names what is wrong, record by record, and then ends with exit code 1.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @OptionGroup var log: LogOptions
    @Option(
        help: "Verify this export instead of a server's log.",
        completion: .file(extensions: ["jsonl"])
    )
    var export: String?
    @Option(
        help:
            "A checkpoint to hold it against; may be given several times. FILE.checkpoint if left out."
    )
    var checkpoint: [String] = []
    @Option(help: "The log's key, or a file that holds it. With --export, FILE.key if left out.")
    var key: String?
    @Flag(help: "The export holds only some of the records.") var partial = false
    @Option(help: "Where to remember what was seen.") var state: String?
    @OptionGroup var witnesses: WitnessingOptions

    func validate() throws {
        if export == nil, !checkpoint.isEmpty || partial {
            throw ValidationError("--checkpoint and --partial go with --export.")
        }
    }

    func run() async throws {
        guard let export else { return try await verifyServer() }
        try verifyExport(export)
    }

    private func readKey(_ text: String) throws -> VerifierKey {
        let line = Files.exists(text) ? String(decoding: try Files.read(text), as: UTF8.self) : text
        do { return try VerifierKey(parsing: line.filter { !$0.isNewline }) } catch {
            throw Failure.failed("\(TerminalText.clean(text)): \(error)")
        }
    }

    private func verifyExport(_ export: String) throws {
        let shell = Shell()
        let names = ExportFiles(records: export)
        let path = Files.exists(export) ? export : names.records
        let key = try readKey(self.key ?? names.key)
        if self.key == nil {
            shell.tell(
                "The key was taken from \(names.key); compare it with one you got elsewhere."
            )
        }
        let checkpoints = checkpoint.isEmpty ? [names.checkpoint] : checkpoint
        let notes = try checkpoints.map { ExportVerifier.Note(name: $0, bytes: try Files.read($0)) }
        // The first is that of the export.
        if let newest = notes.first { try witnesses.check(newest.bytes, on: shell) }
        var verifier = ExportVerifier(notes: notes, key: key, isComplete: !partial)
        let lines = try Files.read(path).split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        // After the last line's end is nothing.
        for line in lines.last?.isEmpty == true ? lines.dropLast() : lines[...] {
            verifier.read(line: line)
        }
        try AuditText.conclude(verifier.finish(), shell, format.output, subject: path)
    }

    private func verifyServer() async throws {
        try await Session.run(server, format.output) { session in
            let base = try await log.base(session)
            let remembered = try LogMemory(
                state: state,
                server: session.client.address,
                log: base.text,
                environment: session.shell.environment
            )
            let named = try key.map(readKey)
            if let named, let kept = remembered.key, named != kept {
                throw Failure.failed(
                    "The key given is not the one that was remembered for this log."
                )
            }
            let signed = try await SignedHead(base, session, pinned: named ?? remembered.key)
            if remembered.key == nil, named == nil {
                session.shell.tell(
                    "First look at this log. Its key is remembered from now on:\n  \(signed.key.text)"
                )
            }
            try witnesses.check(signed.note, on: session.shell)
            let origin = signed.key.name
            var verifier = LogVerifier(head: signed.head, origin: origin, memory: remembered.memory)
            for bundle in EntryBundle.all(ofSize: signed.head.size) {
                session.shell.progress("\(bundle.entries.lowerBound) of \(signed.head.size)")
                let bytes = try await session.client.bytes(base.appending("log/\(bundle.path)"))
                do {
                    for entry in try bundle.decode(bytes) { verifier.read(entry: entry) }
                } catch {
                    throw Failure.failed(
                        "The server's entries from \(bundle.entries.lowerBound) on cannot be read."
                    )
                }
            }
            session.shell.clearProgress()
            let leaves = verifier.leaves
            try AuditText.conclude(verifier.finish(), session.shell, format.output, subject: origin)
            try remembered.save(signed, leaves: leaves)
        }
    }
}
