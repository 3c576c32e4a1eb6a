import ArgumentParser
import LockboxClient
import LockboxPorts
import LockboxWire
import MerkleLog

struct VerifyAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that nothing in the log was changed, removed, added or reordered.",
        discussion: """
            With a server: reads the whole log with its texts, computes its root again, holds
            each text against its record, and all of it against the signed head and against
            every checkpoint and record seen in earlier runs, and remembers what it saw. The
            key is remembered at the first run; another key is an error unless the log shows
            that the first one handed over to it.

              lockbox audit verify --tenant contoso
              lockbox audit verify --max-age 1h

            Without: checks an export against its checkpoint and any older ones that you
            kept, or a folder of tiles, with an export beside it for the texts.

              lockbox audit verify --export contoso.jsonl
              lockbox audit verify --export contoso.jsonl \\
                --checkpoint contoso.checkpoint --checkpoint last-month.checkpoint \\
                --key contoso.key
              lockbox audit verify --tiles mirror --records contoso.jsonl --key contoso.key

            Names what is wrong, record by record, and then ends with exit code 1; with 2
            where a file or the key cannot be read. Where two signed heads contradict each
            other, keeps both: see “lockbox audit evidence”.
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
    @Option(help: "Verify this folder of tiles instead.", completion: .directory)
    var tiles: String?
    @Option(
        help: "With --tiles: an export, for the texts.",
        completion: .file(extensions: ["jsonl"])
    )
    var records: String?
    @Option(
        help:
            "A checkpoint to hold it against; may be given several times. FILE.checkpoint if left out."
    )
    var checkpoint: [String] = []
    @Option(help: "The log's key, or a file that holds it. With --export, FILE.key if left out.")
    var key: String?
    @Flag(help: "The export holds only some of the records.") var partial = false
    @Option(
        help:
            "How old the log's last sign of life may be, such as 1h or 2d. 1d of a server if left out."
    )
    var maxAge: DurationArgument?
    @Option(help: "Where to remember what was seen.") var state: String?
    @OptionGroup var witnesses: WitnessingOptions

    func validate() throws {
        if export != nil, tiles != nil {
            throw ValidationError("Give --export or --tiles, not both.")
        }
        if export == nil, tiles == nil, !checkpoint.isEmpty {
            throw ValidationError("--checkpoint goes with --export or --tiles.")
        }
        if export == nil, partial { throw ValidationError("--partial goes with --export.") }
        if tiles == nil, records != nil { throw ValidationError("--records goes with --tiles.") }
        if tiles != nil, key == nil {
            throw ValidationError("Tiles hold no key: give the log's with --key.")
        }
        if let maxAge, maxAge.seconds == nil {
            throw ValidationError("--max-age takes days, hours, minutes and seconds.")
        }
    }

    func run() async throws {
        if let export {
            try verifyExport(export)
        } else if let tiles {
            try verifyTiles(TilesFolder(folder: tiles))
        } else {
            try await verifyServer()
        }
    }

    /// What lies further back than this is too old.
    private func oldest(_ shell: Shell, of age: DurationArgument? = nil) -> Int64? {
        (maxAge ?? age)?.seconds.map { seconds in
            let (age, isTooLong) = seconds.multipliedReportingOverflow(by: 1000)
            return isTooLong ? 0 : shell.now() - age
        }
    }

    /// The name of the log that was asked for, where one was.
    private var asked: String? { log.provider ? "provider" : log.tenant.map { "tenant:\($0)" } }

    private func notes(_ paths: [String]) throws -> [LogVerifier.Note] {
        try paths.map { path in
            .init(name: path, bytes: try Files.verifiable(path, atMost: LogLimits.noteBytes))
        }
    }

    private func conclude(
        _ report: AuditReport,
        _ shell: Shell,
        subject: String,
        isComplete: Bool = true
    ) throws {
        var text = AuditText(report: report, subject: subject, isComplete: isComplete)
        text.evidence = try LogMemory.write(report.evidence) { "\(subject).\($0).evidence" }
        try text.conclude(shell, format.output)
    }

    private static func read(_ path: String, into verifier: inout LogVerifier) throws {
        let lines = try Files.verifiable(path).split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        // After the last line's end is nothing.
        for line in lines.last?.isEmpty == true ? lines.dropLast() : lines[...] {
            verifier.read(line: line)
        }
    }

    private func verifyExport(_ export: String) throws {
        let shell = Shell()
        let names = ExportFiles(records: export)
        let path = Files.exists(export) ? export : names.records
        let key = try LogKey.read(self.key ?? names.key)
        if self.key == nil {
            shell.tell(
                "The key was taken from “\(names.key)”; compare it with one you got elsewhere:\n  “\(key.text)”"
            )
        }
        var verifier = LogVerifier(
            notes: try notes(checkpoint.isEmpty ? [names.checkpoint] : checkpoint),
            keys: [key],
            source: .records,
            asked: asked,
            isComplete: !partial,
            oldest: oldest(shell),
            now: shell.now(),
            witnessing: try witnesses.read()
        )
        try Self.read(path, into: &verifier)
        try conclude(verifier.finish(), shell, subject: path, isComplete: !partial)
    }

    private func verifyTiles(_ tiles: TilesFolder) throws {
        let shell = Shell()
        var verifier = LogVerifier(
            notes: try notes([tiles.checkpoint] + checkpoint),
            keys: [try LogKey.read(key ?? "")],
            source: records == nil ? .tree : .treeAndRecords,
            asked: asked,
            oldest: oldest(shell),
            now: shell.now(),
            witnessing: try witnesses.read()
        )
        tiles.read(size: verifier.shownSize, into: &verifier)
        if let records { try Self.read(records, into: &verifier) }
        try conclude(verifier.finish(), shell, subject: tiles.folder)
    }

    private func verifyServer() async throws {
        try await Session.run(server, format.output) { session in
            let (base, name) = try await log.place(session)
            let witnessing = try witnesses.read()
            // Before the newest head, which is not to be the older of the two.
            let cosigned = try await cosigned(base, session, at: witnessing?.needed)
            let shown = try await ShownHead(
                base,
                session,
                remembered: try log.memory(session, base, state: state)
            )
            let remembered = shown.memory
            let newest = LogVerifier.Note(name: "the server's checkpoint", bytes: shown.note)
            var verifier = LogVerifier(
                notes: [newest] + cosigned,
                keys: try trusted(remembered, shown, session.shell),
                source: .treeAndRecords,
                asked: name,
                named: shown.named,
                memory: remembered.memory,
                oldest: oldest(session.shell, of: DurationArgument(argument: "1d")),
                now: session.shell.now(),
                witnessing: witnessing
            )
            try await session.read(base, size: shown.size, into: &verifier)
            session.shell.clearProgress()
            let report = verifier.finish()
            var text = AuditText(report: report, subject: shown.named.name, isComplete: true)
            text.evidence = try remembered.keep(report.evidence)
            try text.conclude(session.shell, format.output)
            try remembered.save(report, note: shown.note)
        }
    }

    /// The newest heads that so many witnesses have cosigned, or more: the server knows others than
    /// are asked for here, and counts them all.
    private func cosigned(_ base: Path, _ session: Session, at least: Int?) async throws
        -> [LogVerifier.Note]
    {
        guard let least else { return [] }
        var notes: [LogVerifier.Note] = []
        for count in least...LogWitness.most {
            guard let bytes = try await cosigned(base, session, by: count) else { break }
            notes.append(.init(name: "the server's cosigned checkpoint", bytes: bytes))
        }
        return notes
    }

    /// Nil where no head has so many cosignatures.
    private func cosigned(_ base: Path, _ session: Session, by count: Int) async throws -> [UInt8]?
    {
        let path = base.appending("log/checkpoint").adding(["cosignatures": "\(count)"])
        do { return try await session.client.bytes(path) } catch {
            guard case .refused(let problem) = error, problem.status == 404 else { throw error }
            return nil
        }
    }

    /// The keys to believe: those remembered, or the one given; at first sight the one that the server
    /// names, which is shown to be compared.
    private func trusted(_ remembered: LogMemory, _ shown: ShownHead, _ shell: Shell) throws
        -> [VerifierKey]
    {
        let given = try key.map(LogKey.read)
        if let given, let kept = remembered.keys.last, given != kept {
            throw Failure.failed("The key given is not the one that was remembered for this log.")
        }
        if !remembered.keys.isEmpty { return remembered.keys }
        if let given { return [given] }
        shell.tell(
            """
            First look at this log. Compare its name and key with what the provider told you in \
            another way; they are remembered from now on:
              “\(shown.named.text)”
            """
        )
        return [shown.named]
    }
}

extension Session {
    /// Reads the tree of `size` and its records into `verifier`; `keep` takes each record's line too.
    func read(
        _ base: Path,
        size: UInt64,
        into verifier: inout LogVerifier,
        keep: ([UInt8]) throws -> Void = { _ in }
    ) async throws {
        for bundle in EntryBundle.all(ofSize: size) {
            shell.progress("\(bundle.entries.lowerBound) of \(size)")
            let bytes = try await client.bytes(base.appending("log/\(bundle.path)"))
            guard case .success(let entries) = Result(catching: { try bundle.decode(bytes) })
            else {
                verifier.refuse(tile: bundle.path)
                break
            }
            // Whatever size the head says: nothing is read after what is no entry of a log.
            guard entries.allSatisfy({ verifier.read(entry: $0) }) else { break }
        }
        shell.progress("texts")
        // What was written since the checkpoint is not covered by it.
        try await records(base, upTo: size) { line in
            verifier.read(line: line)
            try keep(line)
        }
    }
}
