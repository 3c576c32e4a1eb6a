import Foundation
import LockboxClient
import LockboxWire
import MerkleLog

/// The folder of one watch, for its owner alone: `log.jsonl`, `log.checkpoint` and `log.key` are an
/// export of the log as far as it was in order, `key` has the keys that are trusted, `seen` every
/// head that was shown, `evidence` what contradicts itself, `state.json` what was told.
struct WatchFolder: Sendable {
    let path: String
    private let lock: FileLock

    init(_ path: String) throws {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
            throw FileProblem(path, "others than its owner can look into it; “chmod 700” it")
        }
        self.path = path
        lock = try FileLock(
            path + "/lock",
            isTaken: "another “lockbox watch” is at work with this folder"
        )
    }

    var copy: String { path + "/log.jsonl" }
    private var checkpoint: String { path + "/log.checkpoint" }
    private var state: String { path + "/state.json" }

    /// The keys that are trusted, and where heads and evidence are kept.
    func memory() throws -> LogMemory { try LogMemory(folder: path) }

    // MARK: - The copy

    /// The log as it was found to be in order last; nil where none was. `each` takes its records.
    ///
    /// What stands behind the records that the checkpoint covers was being written when a watch
    /// ended, and is cut off: it is read again.
    func known(each take: (AuditRecord) -> Void) throws -> KnownLog? {
        let keys = try memory().keys
        guard Files.exists(checkpoint), !keys.isEmpty else {
            // The key is written before the checkpoint, and what was told after it.
            let gone = keys.isEmpty ? path + "/key" : checkpoint
            guard !Files.exists(checkpoint), try readState()?.told ?? 0 == 0 else {
                throw FileProblem(
                    gone,
                    "it is gone, and what was told of the log is still here; somebody has removed it. "
                        + "Put it back, or begin with another folder"
                )
            }
            return nil
        }
        let note = LogVerifier.Note(
            name: checkpoint,
            bytes: try Files.read(checkpoint, atMost: LogLimits.noteBytes)
        )
        var verifier = LogVerifier(notes: [note], keys: keys, source: .treeAndRecords)
        var count: UInt64 = 0
        var start = 0
        if Files.exists(copy) {
            let bytes = try Files.read(copy, atMost: .max)
            while count < verifier.shownSize,
                let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
            {
                let line = bytes[start..<end]
                guard let record = RecordLine.record(in: line) else { break }
                verifier.read(entry: Array(record.leaf.utf8))
                verifier.read(line: line)
                take(record)
                (count, start) = (count + 1, end + 1)
            }
            if start < bytes.count, truncate(copy, start) != 0 {
                throw FileProblem(copy, String(cString: strerror(errno)))
            }
        }
        let read = verifier
        let report = verifier.finish()
        var range = CompactRange()
        for leaf in report.leaves { range.append(leaf) }
        guard let head = report.heads.last, range.head == head else {
            throw FileProblem(
                path,
                "the copy is not what was verified any more; somebody has changed it. Keep it, and "
                    + "begin with another folder"
            )
        }
        // A text of the copy may still be wrong; the next reading of the whole log mends that.
        return KnownLog(read, report, head, note: note.bytes, keys: report.keys)
    }

    /// Adds records to the copy. A crash leaves some that the checkpoint does not cover.
    func append(_ records: [AuditRecord]) throws {
        guard !records.isEmpty else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes: [UInt8] = []
        for var record in records {
            // Its proof leads to a tree that the copy does not end with.
            (record.size, record.proof) = (nil, nil)
            bytes += try encoder.encode(record)
            bytes.append(UInt8(ascii: "\n"))
        }
        let file = open(copy, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileProblem(copy, String(cString: strerror(errno))) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileProblem(copy, String(cString: strerror(errno))) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw FileProblem(copy, String(cString: strerror(errno))) }
    }

    /// Remembers the head to which the copy leads now. The copy was written before; what the records
    /// between this head and the one before say is told again after a crash, since `state.json` is
    /// written last.
    func accept(_ known: KnownLog) throws {
        let keys = known.keys.map { $0.text + "\n" }
        try Files.write(Array(keys.joined().utf8), to: path + "/key")
        try Files.write(Array((keys.last ?? "").utf8), to: path + "/log.key")
        try Files.write(known.note, to: checkpoint)
    }

    // MARK: - What was told

    func readState() throws -> WatchState? {
        guard Files.exists(state) else { return nil }
        do {
            let state = try JSONDecoder().decode(
                WatchState.self,
                from: Data(try Files.read(state, atMost: .max))
            )
            guard state.form == WatchState.form else {
                throw FileProblem(self.state, "it is of a version that this program does not know")
            }
            return state
        } catch is DecodingError {
            throw FileProblem(state, "it cannot be read; begin with another folder")
        }
    }

    func save(_ state: WatchState) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try Files.write(Array(try encoder.encode(state)), to: self.state)
    }
}

/// A log as far as it was found to be in order, with all that is needed to go on from there.
struct KnownLog: Sendable {
    let verifier: LogVerifier
    /// The head that was signed, and the note that says so.
    let head: TreeHead
    let note: [UInt8]
    /// Oldest first; the last is the present one.
    let keys: [VerifierKey]
    let leaves: [Hash]
    let texted: [Hash]
    let newestRecord: String?

    /// `verifier` is as it was before it came to `report`.
    init(
        _ verifier: LogVerifier,
        _ report: AuditReport,
        _ head: TreeHead,
        note: [UInt8],
        keys: [VerifierKey]
    ) {
        (self.verifier, self.head, self.note, self.keys) = (verifier, head, note, keys)
        (leaves, texted, newestRecord) = (report.leaves, report.texted, report.newestRecord)
    }

    var remembered: LogVerifier.Memory {
        .init(
            notes: [.init(name: "the remembered checkpoint", bytes: note)],
            leaves: leaves,
            texted: texted
        )
    }
}

/// Something to be told.
struct WatchEvent: Codable, Hashable, Sendable {
    /// The same whenever the same is told, so that whoever hears of it twice can tell.
    let id: String
    let kind: String
    /// Of a finding: what “audit verify” calls it.
    var code: String?
    var record: UInt64?
    var time: String?
    /// A sentence, fit for a terminal.
    let text: String
}

/// What a watch has told, and has to tell still.
struct WatchState: Codable, Sendable {
    static let form = "lockbox-watch-state/v1"

    /// An event on its way.
    struct Outgoing: Codable, Sendable {
        let event: WatchEvent
        /// The channels that have not taken it yet.
        var pending: [String]
    }

    var form = WatchState.form
    /// What the records before this one say is told.
    var told: UInt64 = 0
    /// Events of records that are told though the log is not in order up to them.
    var ahead: Set<String> = []
    /// What is wrong, by code and place.
    var findings: [String: String] = [:]
    /// The log's last sign of life, and whether its standstill was told; milliseconds since 1970.
    var lastLife: Int64
    var standsStill = false
    /// When the whole log was read last, and when it could be read at all.
    var lastWholeReading: Int64 = 0
    var lastReading: Int64 = 0
    /// How often what was told, by kind, and how often a channel failed.
    var counts: [String: Int] = [:]
    var failures: [String: Int] = [:]
    var outbox: [Outgoing] = []

    init(now: Int64) { lastLife = now }

    /// How many events a channel has not taken yet.
    func pending(_ channel: String) -> Int { outbox.count { $0.pending.contains(channel) } }
}
