package import LockboxWire
package import MerkleLog

/// Verifies an audit log against signed checkpoints: an export, a folder of tiles, or what a server
/// shows, all by the same rules, and against what the reader remembers.
///
/// The keys and what is remembered are trusted; nothing else is. A checkpoint from before, kept by
/// the reader, also shows what a provider who holds the key has rewritten since.
package struct LogVerifier: Sendable {
    /// A checkpoint that has not been looked at yet.
    package struct Note: Sendable {
        /// Where it came from, for findings.
        package let name: String
        package let bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// What is remembered of a log after a verification.
    package struct Memory: Sendable {
        /// Checkpoints that were shown before.
        package var notes: [Note]
        /// The hashes of the leaves that were seen before.
        package var leaves: [Hash]
        /// By record, a digest of which of its texts were there. What they said, the leaf's
        /// commitments hold fast.
        package var texted: [Hash]

        package init(notes: [Note] = [], leaves: [Hash] = [], texted: [Hash] = []) {
            self.notes = notes
            self.leaves = leaves
            self.texted = texted
        }
    }

    /// What the log is read from.
    package enum Source: Hashable, Sendable {
        /// An export: lines, each with its proof.
        case records
        /// The tree's entries alone; no text can be checked.
        case tree
        /// The tree's entries, then the records, which have to be the same.
        case treeAndRecords
    }

    struct Line {
        let number: Int
        let index: UInt64
        /// The size of the log that its proof leads to.
        let size: UInt64
        let hash: Hash
        let flaws: [RecordFlaw]
        let isProven: Bool
        let texted: Hash
    }

    /// A note that is a checkpoint of this log in form; who signed it is not known yet.
    struct OpenNote {
        let name: String
        let signed: SignedNote
        let head: TreeHead
    }

    /// A checkpoint whose signer is one of the log's keys.
    struct Believed {
        let note: SignedNote
        let head: TreeHead
        let signer: VerifierKey
    }

    let source: Source
    let isComplete: Bool
    private(set) var memory: Memory
    /// The key that the source names, which nothing need lead to.
    let named: VerifierKey?
    /// In milliseconds since 1970: a log without a sign of life since then is stale.
    let oldest: Int64?
    /// In milliseconds since 1970: nothing was signed later. Nil where that is not looked at.
    let now: Int64?
    /// Who has to have cosigned; nil where the reader asks for none.
    let witnessing: Witnessing?
    private let log: String?
    private(set) var notes: [OpenNote] = []
    /// The head that is shown now, believed or not.
    private var shown: TreeHead?
    /// The roots to hold proofs against. A head that turns out not to be believed is a finding in
    /// itself.
    private var roots: [UInt64: Hash] = [:]
    /// Of the key's name and the notes, as far as they could be judged before any record was read.
    private(set) var refused: [AuditFinding] = []
    var findings: [AuditFinding] = []
    var rules: LogRules
    private(set) var lines: [Line] = []
    private(set) var entries: [Hash] = []
    /// Of the entries as they are, whatever records show.
    private(set) var ofEntries: [AuditFinding] = []
    private(set) var texts = 0
    private(set) var erased = 0
    private(set) var unchecked = 0
    private var lineCount = 0
    /// The smallest index that the next record in order can have.
    private var next: UInt64 = 0
    private var digests: [[String]: Hash] = [:]

    /// `keys` are trusted, oldest first; at least one. `asked` is the log that it has to be, such as
    /// `tenant:contoso`; nil for whichever the key's name says. `named` is the key that the source
    /// says signs now. `isComplete` says that an export shall hold the whole log up to the newest
    /// checkpoint, not only what a search found. The first of `notes` is the head that is shown now.
    /// `now` and `oldest`, in milliseconds since 1970, bound the time of what was signed last.
    package init(
        notes: [Note],
        keys: [VerifierKey],
        source: Source,
        asked: String? = nil,
        named: VerifierKey? = nil,
        memory: Memory = Memory(),
        isComplete: Bool = true,
        oldest: Int64? = nil,
        now: Int64? = nil,
        witnessing: Witnessing? = nil
    ) {
        self.source = source
        self.isComplete = isComplete
        self.memory = memory
        self.named = named
        self.oldest = oldest
        self.now = now
        self.witnessing = witnessing
        let origin = keys.last?.name ?? ""
        let name = Leaf.logName(ofOrigin: origin)
        log = asked ?? name
        rules = LogRules(keys: keys, log: log)
        if name == nil || (asked ?? name) != name {
            refused.append(.wrongLog(name: origin, asked: asked))
        }
        for note in notes.prefix(1) { open(note, origin: origin, keys: keys) }
        shown = self.notes.first?.head
        for note in notes.dropFirst() + memory.notes[...] {
            open(note, origin: origin, keys: keys)
        }
    }

    private mutating func open(_ note: Note, origin: String, keys: [VerifierKey]) {
        do throws(CheckpointError) {
            let signed: SignedNote
            do { signed = try SignedNote(parsing: note.bytes) } catch { throw .note(error) }
            do throws(NoteError) { try signed.verify(with: keys) } catch {
                // Another key may turn out to be the log's; a wrong signature cannot turn right.
                guard error == .unsigned else { throw .note(error) }
            }
            let checkpoint = try Checkpoint(parsing: signed.text)
            guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else { throw .wrongOrigin }
            notes.append(OpenNote(name: note.name, signed: signed, head: checkpoint.head))
            roots[checkpoint.head.size] = roots[checkpoint.head.size] ?? checkpoint.head.root
        } catch {
            refused.append(.checkpoint(name: note.name, error))
        }
    }

    /// Goes on to the head that is `shown` now, with everything that was read so far. All of that is
    /// what `known` was signed over, and stands for every head and leaf before it.
    package mutating func goOn(to shown: Note, from known: Note) {
        (notes, roots, refused, memory) = ([], [:], [], Memory())
        let keys = rules.keys.keys
        open(shown, origin: keys.last?.name ?? "", keys: keys)
        self.shown = notes.first?.head
        open(known, origin: keys.last?.name ?? "", keys: keys)
    }

    /// How many entries the head has that is shown now; 0 where it cannot be read.
    package var shownSize: UInt64 { shown?.size ?? 0 }

    /// Takes the bytes of the next entry of the tree, from the first on; all of them before any
    /// record. Whether they are an entry, and that in its place: what comes after others need not be
    /// read.
    @discardableResult
    package mutating func read(entry: [UInt8]) -> Bool {
        let index = UInt64(entries.count)
        let hash = Hash.leaf(entry)
        var flaws: [RecordFlaw] = []
        do throws(Leaf.Problem) {
            let leaf = try Leaf(bytes: entry)
            if leaf.index != index { flaws.append(.member("index")) }
            // Where records come after, they are held against this entry, and tell the rest.
            if source == .tree {
                if let log, leaf.log != log { flaws.append(.log(leaf.log)) }
                unchecked += leaf.commitments.count
                findings += rules.read(OrderedRecord(leaf: leaf, texts: nil))
            }
        } catch {
            flaws.append(.leaf(error))
        }
        let isEntry = flaws.allSatisfy { if case .log = $0 { true } else { false } }
        if entries.count < memory.leaves.count, memory.leaves[entries.count] != hash {
            flaws.append(.remembered)
        }
        if !flaws.isEmpty { ofEntries.append(.changed(record: index, flaws)) }
        entries.append(hash)
        return isEntry
    }

    /// Says that a file of the tree does not hold what it should.
    package mutating func refuse(tile path: String) { findings.append(.tile(path: path)) }

    /// Takes the next line of records as it stands in the file. Gives the hash of its leaf; nil if it
    /// is no record.
    @discardableResult
    package mutating func read(line: some Sequence<UInt8>) -> Hash? {
        guard let read = RecordLine(line) else {
            lineCount += 1
            findings.append(.unreadable(line: lineCount))
            return nil
        }
        take(read.record, read.flaws)
        return lines.last?.hash
    }

    /// Takes the next record.
    package mutating func read(_ record: AuditRecord) { take(record, []) }

    private mutating func take(_ record: AuditRecord, _ flaws: [RecordFlaw]) {
        lineCount += 1
        var check = RecordCheck(record, log: log)
        let isProven =
            source == .records
            ? check.prove(with: roots)
            : check.hold(against: record.index < entries.count ? entries[Int(record.index)] : nil)
        texts += check.texts
        erased += check.erased
        // What is out of its place is told as that; it tells nothing of the others.
        if let leaf = check.leaf, leaf.index == record.index, leaf.index >= next {
            next = leaf.index == .max ? .max : leaf.index + 1
            findings += rules.read(OrderedRecord(leaf: leaf, texts: record.texts))
        }
        lines.append(
            Line(
                number: lineCount,
                index: record.index,
                size: record.size ?? 0,
                hash: check.hash,
                flaws: flaws + check.flaws,
                isProven: isProven,
                texted: digest(record)
            )
        )
    }

    /// Few records have other fields than those before.
    private mutating func digest(_ record: AuditRecord) -> Hash {
        let there = record.texts.filter { $0.value.text != nil }.keys.sorted()
        if let known = digests[there] { return known }
        let digest = Hash.leaf(Array(there.joined(separator: "\n").utf8))
        digests[there] = digest
        return digest
    }
}

/// The rules that go over records in their order.
struct LogRules: Sendable {
    private(set) var keys: KeyRule
    private(set) var time = TimeRule()
    private(set) var erasure = ErasureRule()
    private var operations = OperationsRule()
    private(set) var approvals: ApprovalRule
    private(set) var recovery = RecoveryRule()

    init(keys: [VerifierKey], log: String?) {
        self.keys = KeyRule(trusted: keys)
        approvals = ApprovalRule(log: log)
    }

    mutating func read(_ record: OrderedRecord) -> [AuditFinding] {
        let findings =
            keys.read(record) + time.read(record) + erasure.read(record) + operations.read(record)
        return findings + approvals.read(record) + recovery.read(record)
    }

    mutating func finish(isComplete: Bool) -> [AuditFinding] {
        let findings =
            keys.finish(isComplete: isComplete) + time.finish(isComplete: isComplete)
            + erasure.finish(isComplete: isComplete) + operations.finish(isComplete: isComplete)
        return findings + approvals.finish(isComplete: isComplete)
            + recovery.finish(isComplete: isComplete)
    }
}
