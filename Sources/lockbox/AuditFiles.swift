import Foundation
import LockboxClient
import LockboxWire
import MerkleLog

extension Files {
    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
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

    /// Puts it in the place of the file at `target`. A crash before leaves that one as it was.
    func replace(_ target: String) throws(FileProblem) {
        try flush()
        guard fsync(file) == 0, rename(path, target) == 0 else {
            throw FileProblem(target, String(cString: strerror(errno)))
        }
    }

    /// Nothing is left of it where it did not become the file that it was for.
    func discard() { unlink(path) }
}

/// What `lockbox audit verify` remembers of a log between runs: the key, every checkpoint, and the
/// hash of each leaf.
struct LogMemory {
    private let folder: String
    let key: VerifierKey?
    let memory: LogVerifier.Memory

    /// `server` and `log` name the log before anything of it is known.
    init(state: String?, server: String, log: String, environment: [String: String]) throws {
        let root = state ?? Self.defaultFolder(environment)
        let name = "\(server)/\(log)".map {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) ? $0 : "_"
        }
        folder = root + "/" + String(name)
        key = try Self.readKey(folder + "/key")
        var memory = LogVerifier.Memory()
        if let key {
            for name in try Self.names(folder + "/checkpoints") {
                let path = folder + "/checkpoints/" + name
                do {
                    let note = try SignedNote(parsing: try Files.read(path))
                    memory.heads.append(
                        try Checkpoint(opening: note, origin: key.name, logKey: key).head
                    )
                } catch is NoteError {
                    throw FileProblem(
                        path,
                        "it is not a checkpoint any more; somebody has changed it"
                    )
                } catch is CheckpointError {
                    throw FileProblem(
                        path,
                        "it is not a checkpoint of this log any more; somebody has changed it"
                    )
                }
            }
            memory.leaves = try Self.readLeaves(folder + "/leaves")
        }
        self.memory = memory
    }

    private static func defaultFolder(_ environment: [String: String]) -> String {
        let base = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (base ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.local/state")
            + "/lockbox/logs"
    }

    private static func readKey(_ path: String) throws -> VerifierKey? {
        guard Files.exists(path) else { return nil }
        do {
            return try VerifierKey(
                parsing: String(decoding: try Files.read(path), as: UTF8.self).filter { $0 != "\n" }
            )
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

    private static func readLeaves(_ path: String) throws(FileProblem) -> [Hash] {
        guard Files.exists(path) else { return [] }
        let bytes = try Files.read(path)
        return stride(from: 0, to: bytes.count, by: Hash.byteCount).compactMap {
            Hash(bytes: bytes[$0..<min($0 + Hash.byteCount, bytes.count)])
        }
    }

    /// Remembers a log that was found to be in order.
    func save(_ signed: SignedHead, leaves: [Hash]) throws(FileProblem) {
        try Files.write(Array((signed.key.text + "\n").utf8), to: folder + "/key")
        try Files.write(signed.note, to: folder + "/checkpoints/\(signed.head.size)")
        try Files.write(leaves.flatMap(\.bytes), to: folder + "/leaves")
    }
}

/// How a verification is told.
enum AuditText {
    private struct Summary: Encodable {
        let verified: Bool
        let records: Int
        let erasedTexts: Int
        let checkpoints: [Head]
        let findings: [String]

        struct Head: Encodable {
            let size: UInt64
            let root: String
        }
    }

    /// Tells the outcome; throws if anything is wrong.
    static func conclude(
        _ report: AuditReport,
        _ shell: Shell,
        _ output: OutputFormat,
        subject: String
    ) throws {
        let findings = report.findings.map { TerminalText.clean($0.description) }
        if output == .json {
            let heads = report.heads.map { Summary.Head(size: $0.size, root: $0.root.base64) }
            shell.write(
                try Session.json(
                    Summary(
                        verified: findings.isEmpty,
                        records: report.records,
                        erasedTexts: report.erasedTexts,
                        checkpoints: heads,
                        findings: findings
                    )
                )
            )
        }
        guard findings.isEmpty else {
            throw Failure.failed((findings + ["\(subject): NOT in order"]).joined(separator: "\n"))
        }
        guard output == .table else { return }
        let newest = report.heads.last
        let older = report.heads.count - 1
        shell.write("\(subject): in order")
        shell.write(
            "  \(report.records) record\(report.records == 1 ? "" : "s"), none changed, missing or added"
        )
        if let newest { shell.write("  signed head: size \(newest.size), root \(newest.root)") }
        if older > 0 {
            shell.write("  continues \(older) earlier checkpoint\(older == 1 ? "" : "s")")
        }
        if report.erasedTexts > 0 {
            shell.write("  \(report.erasedTexts) texts were erased; their records are intact")
        }
    }
}
