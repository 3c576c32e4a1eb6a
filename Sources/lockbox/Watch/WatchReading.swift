import LockboxClient
import LockboxWire
import MerkleLog

/// What one look at a log came to.
struct WatchLook: Sendable {
    /// The log as it is known now; nil where it was not found to be in order.
    var known: KnownLog?
    /// The rule as it is after the records of `known`.
    var rule = AlertRule()
    /// What was found; nil where nothing was looked at that could be wrong.
    var findings: [FindingEntry]?
    var alerts: [WatchEvent] = []
    /// The signs of life that the head and the newest record are, in milliseconds since 1970.
    var life: [Int64] = []
    /// Files with what convinces others.
    var evidence: [String] = []
    var isWhole = false
}

/// Reads a server's log for a watch: what is new, or all of it.
struct WatchReading: Sendable {
    /// More new records than these are read with the whole log.
    private static let mostNew: UInt64 = 1_000

    let folder: WatchFolder
    let log: LogOptions
    /// The key to believe at first sight; the one that the server names if nil.
    let key: VerifierKey?

    /// How far a look goes.
    enum Depth: Sendable {
        /// The head alone, for a sign of life.
        case head
        /// What is new; all of it where that is not in order, because only then can be said why.
        case new
        case whole
    }

    /// Looks at the log.
    func look(
        _ session: Session,
        _ known: KnownLog?,
        _ rule: AlertRule,
        _ depth: Depth
    ) async throws -> WatchLook {
        let (base, name) = try await log.place(session)
        let memory = try folder.memory()
        let shown = try await ShownHead(base, session, remembered: memory, follows: false)
        if let known, depth != .whole {
            let note = Self.note(shown)
            let head = LogVerifier(
                notes: [note],
                keys: known.keys,
                source: .tree,
                asked: name,
                named: shown.named,
                now: session.shell.now()
            ).finish()
            // Nothing was read, so that all records are missing; else nothing may be wrong.
            let isRight = head.findings.allSatisfy {
                if case .truncated = $0 { true } else { false }
            }
            if isRight, head.heads.last == known.head {
                return WatchLook(known: known, rule: rule, life: Self.life(head))
            }
            guard depth == .new else { return WatchLook(life: Self.life(head)) }
            if shown.size > known.head.size, shown.size - known.head.size <= Self.mostNew,
                let look = try await readNew(session, base, shown, known, rule)
            {
                return look
            }
        }
        return try await readAll(session, base, name, shown, known)
    }

    private static func note(_ shown: ShownHead) -> LogVerifier.Note {
        .init(name: "the server's checkpoint", bytes: shown.note)
    }

    private static func life(_ report: AuditReport) -> [Int64] {
        [report.signedTime, report.newestRecord.flatMap(LogTime.milliseconds)].compactMap(\.self)
    }

    /// Goes on from what is known; nil where that does not lead to the head that is shown.
    private func readNew(
        _ session: Session,
        _ base: Path,
        _ shown: ShownHead,
        _ known: KnownLog,
        _ rule: AlertRule
    ) async throws -> WatchLook? {
        let found = try await session.client.list(
            base.appending("audit").adding(["from": known.newestRecord]),
            limit: Int(2 * Self.mostNew),
            of: AuditRecord.self
        )
        let new = found.items.filter { (known.head.size..<shown.size).contains($0.index) }
            .sorted { $0.index < $1.index }
        var verifier = known.verifier
        verifier.goOn(
            to: Self.note(shown),
            from: .init(name: "the remembered checkpoint", bytes: known.note)
        )
        var look = WatchLook(rule: rule, findings: [])
        for record in new {
            let leaf = Array(record.leaf.utf8)
            verifier.read(entry: leaf)
            verifier.read(record)
            look.alerts += look.rule.read(record).map { WatchEvent($0, leaf: .leaf(leaf)) }
        }
        let read = verifier
        let report = verifier.finish()
        guard report.findings.isEmpty, let head = report.heads.last else { return nil }
        let grown = KnownLog(read, report, head, note: shown.note, keys: report.keys)
        try folder.append(new)
        try folder.accept(grown)
        look.known = grown
        look.life = Self.life(report)
        return look
    }

    /// Reads the whole log, as “audit verify” does, and replaces the copy where it is in order.
    private func readAll(
        _ session: Session,
        _ base: Path,
        _ name: String,
        _ shown: ShownHead,
        _ known: KnownLog?
    ) async throws -> WatchLook {
        let trusted = known?.keys ?? shown.memory.keys
        var verifier = LogVerifier(
            notes: [Self.note(shown)],
            keys: trusted.isEmpty ? [key ?? shown.named] : trusted,
            source: .treeAndRecords,
            asked: name,
            named: shown.named,
            memory: known?.remembered ?? .init(),
            now: session.shell.now()
        )
        let draft = try DraftFile(folder.copy + ".new")
        defer { draft.discard() }
        var look = WatchLook(isWhole: true)
        try await session.read(base, size: shown.size, into: &verifier) { line in
            try draft.append(line: line)
            guard let record = RecordLine.record(in: line) else { return }
            let leaf = Hash.leaf(Array(record.leaf.utf8))
            let alerts = look.rule.read(record)
            // What was there at the last look was told then.
            guard let known, !known.holds(leaf, at: record.index) else { return }
            look.alerts += alerts.map { WatchEvent($0, leaf: leaf) }
        }
        session.shell.clearProgress()
        let read = verifier
        let report = verifier.finish()
        look.findings = report.findings.flatMap(FindingEntry.all)
        look.evidence = try shown.memory.keep(report.evidence)
        look.life = Self.life(report)
        if report.findings.isEmpty, let head = report.heads.last {
            let whole = KnownLog(read, report, head, note: shown.note, keys: report.keys)
            // A crash before the checkpoint is written leaves a copy of which its beginning counts.
            try draft.replace(folder.copy)
            try folder.accept(whole)
            look.known = whole
        }
        return look
    }
}

extension KnownLog {
    fileprivate func holds(_ leaf: Hash, at index: UInt64) -> Bool {
        index < UInt64(leaves.count) && leaves[Int(index)] == leaf
    }
}

extension WatchEvent {
    /// What a record says that is to be told; its leaf is in the name, so that another record in its
    /// place is another event.
    init(_ alert: LogAlert, leaf: Hash) {
        self.init(
            id: Self.id(alert.kind.rawValue, leaf.base64),
            kind: alert.kind.rawValue,
            record: alert.record,
            time: TerminalText.clean(alert.time),
            text: TerminalText.clean(alert.text)
        )
    }

    static func id(_ parts: String...) -> String {
        Hex.encode(Hash.leaf(Array(parts.joined(separator: "\n").utf8)).bytes.prefix(12))
    }
}
