import Crypto
import Foundation
import Glibc
import MerkleLog

/// The files of PostgreSQL's log in its folder. Every call blocks its thread.
struct LogFolder: Sendable {
    enum Limits {
        /// More files than anybody keeps.
        static let files = 10_000
        /// By its first line, or so many bytes of it, a file is known: it has the time, the session and
        /// the number of its first record in that.
        static let head = 512
        static let piece = 64 * 1024
    }

    /// Why the log cannot be read, for an operator.
    struct Problem: Error {
        let words: String
    }

    /// A file as it stands in the folder; the same again where nothing was written to it.
    struct Entry: Hashable, Sendable {
        let name: String
        let inode: UInt64
        let size: Int
        let changed: [Int]
    }

    let path: String
    /// With the dot.
    let suffix: String

    /// In order of names, which mostly is that of time.
    func entries() throws(Problem) -> [Entry] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw Problem(words: "the folder \(path) cannot be read")
        }
        let logs = names.filter { $0.hasSuffix(suffix) }.sorted()
        guard logs.count <= Limits.files else {
            throw Problem(words: "the folder \(path) has more than \(Limits.files) files")
        }
        var entries: [Entry] = []
        for name in logs {
            var found = stat()
            // One that is gone meanwhile has been removed by whoever keeps the folder; a link's file
            // is in the folder itself.
            guard lstat("\(path)/\(name)", &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
                continue
            }
            entries.append(
                Entry(
                    name: name,
                    inode: UInt64(found.st_ino),
                    size: Int(found.st_size),
                    changed: [Int(found.st_mtim.tv_sec), found.st_mtim.tv_nsec]
                )
            )
        }
        return entries
    }

    /// What the file of `entry` is known by, and its bytes from `position(id)` on, at most a piece and
    /// none beyond the size that `entry` says. Nil where there is no whole record yet, or another
    /// file under that name.
    func bytes(
        of entry: Entry,
        from position: (_ file: String) -> Int?
    ) throws(Problem) -> (file: String, bytes: [UInt8])? {
        let descriptor = open(
            "\(path)/\(entry.name)",
            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        )
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Problem(words: "\(path)/\(entry.name) cannot be read")
        }
        defer { close(descriptor) }
        var found = stat()
        guard fstat(descriptor, &found) == 0, UInt64(found.st_ino) == entry.inode else {
            return nil
        }
        let first = try read(descriptor, entry, 0, min(Limits.head, entry.size))
        let line = first.prefix { $0 != UInt8(ascii: "\n") }
        // Of a record that is being written nothing is known yet.
        guard line.count < first.count || first.count == Limits.head else { return nil }
        let file = Hex.encode(Array(SHA256.hash(data: line)))
        guard let start = position(file), start < entry.size else { return (file, []) }
        let size = min(Limits.piece, entry.size - start)
        return (file, try read(descriptor, entry, start, size))
    }

    private func read(
        _ descriptor: Int32,
        _ entry: Entry,
        _ start: Int,
        _ size: Int
    ) throws(Problem) -> [UInt8] {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, used in
            count = pread(descriptor, buffer.baseAddress, size, start)
            used = max(0, count)
        }
        guard count >= 0 else { throw Problem(words: "\(path)/\(entry.name) cannot be read") }
        return bytes
    }
}
