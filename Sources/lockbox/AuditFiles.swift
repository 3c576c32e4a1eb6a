import Foundation
import Glibc
import LockboxClient
import LockboxWire
import MerkleLog

extension Files {
    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Where this program keeps what it remembers, unless it is told otherwise.
    static func stateFolder(_ environment: [String: String]) -> String {
        let base = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (base ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.local/state") + "/lockbox"
    }

    /// `text` as the name of a file.
    static func name(_ text: String) -> String {
        String(
            text.map {
                $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) ? $0 : "_"
            }
        )
    }

    /// What a file of a key, a secret or settings has at the most.
    static let smallBytes = LogLimits.noteBytes

    /// What a file of some of a log's records has at the most.
    static let largeBytes = 1 << 28

    private static let pieceBytes = 1 << 18

    /// The bytes of a file that somebody else may have made: of a regular one, of at most `limit`
    /// bytes. From a pipe or a device more would come without end, or nothing, ever.
    static func read(_ path: String, atMost limit: Int) throws(FileProblem) -> [UInt8] {
        // To open a pipe would be to wait for somebody who writes into it.
        let file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else {
            throw FileProblem(
                path,
                errno == ENOENT ? "there is no such file" : "it cannot be read"
            )
        }
        defer { close(file) }
        var about = stat()
        guard fstat(file, &about) == 0, about.st_mode & S_IFMT == S_IFREG else {
            throw FileProblem(path, "it is no regular file")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        while bytes.count <= limit {
            let count = piece.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileProblem(path, "it cannot be read") }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
        }
        throw FileProblem(path, "it is larger than \(limit) bytes")
    }

    /// Likewise, of a file that is to be verified: where it cannot be read there is no verdict.
    static func verifiable(_ path: String, atMost limit: Int = .max) throws(Failure) -> [UInt8] {
        do { return try read(path, atMost: limit) } catch {
            throw .unverifiable(error.description)
        }
    }
}

/// The files of one export.
struct ExportFiles {
    let records: String
    let checkpoint: String
    let key: String

    init(records: String) {
        let suffix = ".jsonl"
        let stem = records.hasSuffix(suffix) ? String(records.dropLast(suffix.count)) : records
        self.records = records.hasSuffix(suffix) ? records : records + suffix
        checkpoint = stem + ".checkpoint"
        key = stem + ".key"
    }

    var all: [String] { [records, checkpoint, key] }

    /// Writes the records of `draft` to `path`, each with its proof. The proofs are made here, from
    /// the leaves that were read: the server's would have to be checked against the same root. Where
    /// the leaves do not lead to that root nothing can be proven, and the records stay as they came.
    static func finish(
        _ draft: DraftFile,
        _ leaves: [Hash],
        _ head: TreeHead,
        at path: String
    ) throws {
        let tree = WholeTree(leaves: leaves)
        let isProvable = tree.size == head.size && tree.root == head.root
        let file = try DraftFile(path + ".new")
        defer { file.discard() }
        var index: UInt64 = 0
        try draft.lines { line in
            try file.append(
                line: isProvable
                    ? RecordLine.adding(try tree.inclusion(of: index), size: tree.size, to: line)
                    : line
            )
            index += 1
        }
        try file.replace(path)
    }
}

/// A file that grows beside the one that it will be, readable by its owner alone.
final class DraftFile {
    private static let bufferBytes = 1 << 20

    let path: String
    private let file: Int32
    private var buffer: [UInt8] = []

    init(_ path: String) throws(FileProblem) {
        try Files.makeFolder(of: path)
        self.path = path
        unlink(path)
        file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileProblem(path, String(cString: strerror(errno))) }
    }

    deinit { close(file) }

    func append(line: [UInt8]) throws(FileProblem) {
        try append(line)
        try append([UInt8(ascii: "\n")])
    }

    func append(_ bytes: [UInt8]) throws(FileProblem) {
        buffer += bytes
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    func flush() throws(FileProblem) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileProblem(path, String(cString: strerror(errno))) }
            rest = rest.dropFirst(count)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Everything that was flushed, line by line from the first.
    func lines(_ take: ([UInt8]) throws -> Void) throws {
        guard lseek(file, 0, SEEK_SET) == 0 else {
            throw FileProblem(path, String(cString: strerror(errno)))
        }
        var cutter = LineCutter()
        var chunk = [UInt8](repeating: 0, count: Self.bufferBytes)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileProblem(path, String(cString: strerror(errno))) }
            guard count > 0 else { return }
            try cutter.take(chunk[..<count], each: take)
        }
    }

    /// Puts it in the place of the file at `target`, for others to read where `mode` says so. A crash
    /// before leaves that one as it was.
    func replace(_ target: String, mode: mode_t = 0o600) throws(FileProblem) {
        try flush()
        guard fchmod(file, mode) == 0, fsync(file) == 0, rename(path, target) == 0 else {
            throw FileProblem(target, String(cString: strerror(errno)))
        }
    }

    /// Nothing is left of it where it did not become the file that it was for.
    func discard() { unlink(path) }
}

/// What `lockbox audit verify` remembers of a log between runs: the keys, every checkpoint, the hash of
/// each leaf and which of its texts were there. Apart from those, every checkpoint that was ever
/// shown, and evidence where two contradict each other.
struct LogMemory {
    private let folder: String
    /// Oldest first; the last is the present one.
    let keys: [VerifierKey]
    let memory: LogVerifier.Memory

    /// `server` and `log` name the log before anything of it is known.
    init(state: String?, server: String, log: String, environment: [String: String]) throws {
        let parent = state ?? Files.stateFolder(environment) + "/logs"
        try self.init(folder: parent + "/" + Files.name("\(server)/\(log)"))
    }

    /// What is remembered of the log that `named` signs: this, or, where nothing is, what was
    /// remembered of a log of that name at another address. A log that moved is the same log.
    func following(_ named: VerifierKey) throws -> LogMemory {
        guard keys.isEmpty else { return self }
        let root = URL(filePath: folder).deletingLastPathComponent().path
        for name in try Self.names(root) {
            let other = root + "/" + name
            let known = try Self.readKeys(other + "/key").last
            if let known, known.name.utf8.elementsEqual(named.name.utf8) {
                return try LogMemory(folder: other)
            }
        }
        return self
    }

    /// What is remembered of the log whose name `key` has, at whatever address it was seen.
    static func ofLog(_ key: VerifierKey, state: String?, environment: [String: String]) throws
        -> LogMemory
    {
        // No server's log has this name, so there is nothing in it but what `following` finds.
        try LogMemory(folder: (state ?? Files.stateFolder(environment) + "/logs") + "/-").following(
            key
        )
    }

    init(folder: String) throws {
        self.folder = folder
        let keys = try Self.readKeys(folder + "/key")
        self.keys = keys
        var memory = LogVerifier.Memory()
        if keys.isEmpty {
            // The key is written before anything else that is remembered of a log in order.
            let rest = try Self.names(folder + "/checkpoints").first.map { "/checkpoints/" + $0 }
            let files = ["/leaves", "/texts"].filter { Files.exists(folder + $0) }
            if let rest = rest ?? files.first {
                throw FileProblem(
                    folder + "/key",
                    "it is gone, and “\(folder + rest)” is still there; somebody has removed it. "
                        + "Put the key there that you got elsewhere, or move the folder away"
                )
            }
        } else {
            var heads: [TreeHead] = []
            for name in try Self.names(folder + "/checkpoints") {
                let path = folder + "/checkpoints/" + name
                let note = LogVerifier.Note(
                    name: path,
                    bytes: try Files.read(path, atMost: LogLimits.noteBytes)
                )
                switch Result(catching: {
                    let signed = try SignedNote(parsing: note.bytes)
                    try signed.verify(with: keys)
                    return try Checkpoint(parsing: signed.text).head
                }) {
                case .success(let head): heads.append(head)
                case .failure:
                    throw FileProblem(
                        path,
                        "it is not a checkpoint of this log any more; somebody has changed it"
                    )
                }
                memory.notes.append(note)
            }
            memory.leaves = try Self.readHashes(folder + "/leaves", heads)
            guard Self.lead(memory.leaves, to: heads) else {
                throw Self.changed(folder + "/leaves")
            }
            memory.texted = try Self.readHashes(folder + "/texts", heads)
        }
        self.memory = memory
    }

    private static func readKeys(_ path: String) throws -> [VerifierKey] {
        guard Files.exists(path) else { return [] }
        do {
            let text = String(
                decoding: try Files.read(path, atMost: LogLimits.noteBytes),
                as: UTF8.self
            )
            let keys = try text.split(separator: "\n").map { try VerifierKey(parsing: $0) }
            guard !keys.isEmpty else { throw NoteError.malformedKey }
            return keys
        } catch is NoteError {
            throw FileProblem(path, "it is not a key any more; somebody has changed it")
        }
    }

    private static func names(_ folder: String) throws(FileProblem) -> [String] {
        guard Files.exists(folder) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter {
                !$0.hasSuffix(".new")
            }.sorted()
        } catch {
            throw FileProblem(folder, "it cannot be read")
        }
    }

    private static func changed(_ path: String) -> FileProblem {
        FileProblem(
            path,
            "it is not what was remembered; somebody has changed it. Move its folder away to begin "
                + "anew, and give the key and the checkpoints in it that you trust"
        )
    }

    private static func lead(_ leaves: [Hash], to heads: [TreeHead]) -> Bool {
        var replay = LogReplay(heads: heads)
        for leaf in leaves { replay.append(hash: leaf) }
        return replay.fault == nil
    }

    /// One for each record of the largest of `heads`, or more: they are written before it.
    private static func readHashes(_ path: String, _ heads: [TreeHead]) throws(FileProblem)
        -> [Hash]
    {
        if heads.isEmpty, !Files.exists(path) { return [] }
        let bytes = try Files.read(path, atMost: .max)
        guard bytes.count.isMultiple(of: Hash.byteCount),
            heads.allSatisfy({ $0.size <= bytes.count / Hash.byteCount })
        else { throw changed(path) }
        return stride(from: 0, to: bytes.count, by: Hash.byteCount).compactMap {
            Hash(bytes: bytes[$0..<min($0 + Hash.byteCount, bytes.count)])
        }
    }

    /// A name for these bytes that no others have.
    private static func digest(_ bytes: [UInt8]) -> String {
        Hex.encode(Hash.leaf(bytes).bytes.prefix(8))
    }

    /// Keeps a note that was shown, before anything is said of it.
    func keep(_ note: [UInt8]) throws(FileProblem) {
        guard note.count <= LogLimits.noteBytes else { return }
        // The same head with another time is nothing new.
        let said =
            switch Result(catching: { () throws(NoteError) in try SignedNote(parsing: note) }) {
            case .success(let note): Array(note.text.utf8)
            case .failure: note
            }
        let path = folder + "/seen/" + Self.digest(said)
        if !Files.exists(path) { try Files.write(note, to: path) }
    }

    /// Where the evidence was kept.
    func keep(_ evidence: [Evidence]) throws -> [String] {
        try Self.write(evidence) { folder + "/evidence/\($0).json" }
    }

    /// Writes each piece of evidence to the file that `path` makes of its digest.
    static func write(_ evidence: [Evidence], to path: (String) -> String) throws -> [String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try evidence.map { one in
            let bytes = Array(try encoder.encode(one))
            let path = path(digest(bytes))
            if !Files.exists(path) { try Files.write(bytes, to: path) }
            return path
        }
    }

    /// Remembers a log that was found to be in order. A crash between two of the files leaves more
    /// leaves or texts than checkpoints cover, of which each is right.
    func save(_ report: AuditReport, note: [UInt8]) throws(FileProblem) {
        let keys = report.keys.map { $0.text + "\n" }.joined()
        try Files.write(Array(keys.utf8), to: folder + "/key")
        try Files.write(report.leaves.flatMap(\.bytes), to: folder + "/leaves")
        try Files.write(report.texted.flatMap(\.bytes), to: folder + "/texts")
        if let head = report.heads.last {
            try Files.write(note, to: folder + "/checkpoints/\(head.size)")
        }
    }
}

/// A folder with a log's tiles (C2SP tlog-tiles).
struct TilesFolder {
    let folder: String

    private static let fullTileBytes = Tile.fullWidth * Hash.byteCount
    private static let bundleBytes = Tile.fullWidth * (2 + LogLimits.entryBytes)

    var checkpoint: String { folder + "/checkpoint" }

    /// Reads the tree of `size` into `verifier`, and holds each tile of hashes against the entries.
    func read(size: UInt64, into verifier: inout LogVerifier) {
        var leaves: [Hash] = []
        for bundle in EntryBundle.all(ofSize: size) {
            guard let entries = entries(bundle) else { return verifier.refuse(tile: bundle.path) }
            for entry in entries {
                leaves.append(.leaf(entry))
                verifier.read(entry: entry)
            }
        }
        var level = 0
        var hashes = leaves
        for tile in Tile.all(ofSize: size) {
            while level < tile.level {
                // A hash of a level stands for a full tile of the one below.
                hashes = stride(
                    from: 0,
                    to: hashes.count / Tile.fullWidth * Tile.fullWidth,
                    by: 256
                )
                .map { start in
                    var range = CompactRange()
                    for hash in hashes[start..<start + Tile.fullWidth] { range.append(hash) }
                    return range.root
                }
                level += 1
            }
            let start = Int(tile.index) * Tile.fullWidth
            let expected = Tile.encode(Array(hashes[start..<start + tile.width]))
            // The full tile may be there for the part of it that is asked for.
            let full = Tile(level: tile.level, index: tile.index)
            let bytes = bytes(tile.path) ?? full.flatMap { self.bytes($0.path) }
            let whole = bytes?.count == expected.count || bytes?.count == Self.fullTileBytes
            if !whole || bytes?.prefix(expected.count).elementsEqual(expected) != true {
                verifier.refuse(tile: tile.path)
            }
        }
    }

    private func entries(_ bundle: EntryBundle) -> [[UInt8]]? {
        for one in [bundle, EntryBundle(index: bundle.index)].compactMap({ $0 }) {
            guard let bytes = bytes(one.path) else { continue }
            switch Result(catching: { () throws(EntryBundleError) in try one.decode(bytes) }) {
            case .success(let entries): return Array(entries.prefix(bundle.width))
            case .failure: return nil
            }
        }
        return nil
    }

    private func bytes(_ path: String) -> [UInt8]? {
        switch Result(catching: { () throws(FileProblem) in
            try Files.read(folder + "/" + path, atMost: Self.bundleBytes)
        }) {
        case .success(let bytes): bytes
        case .failure: nil
        }
    }
}
