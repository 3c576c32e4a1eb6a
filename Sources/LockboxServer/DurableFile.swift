import Foundation
import LockboxPorts

/// A file that is the old one or the new one, whole and on the disk.
enum DurableFile {
    /// Replaces the file at `path`, or makes it, closed to others. A crash may leave a draft behind,
    /// which nobody reads. Throws where it cannot be written.
    static func replace(_ path: String, with text: Data) throws(ConfigurationError) {
        let draft = "\(path).\(getpid())"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        let isWritten =
            text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == text.count
            && fsync(file) == 0
        guard close(file) == 0, isWritten, rename(draft, path) == 0 else {
            unlink(draft)
            throw failure(path)
        }
        try sync(folderOf: path)
    }

    /// Makes durable what was made, renamed or removed beside `path`.
    static func sync(folderOf path: String) throws(ConfigurationError) {
        let folder = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY)
        guard folder >= 0 else { throw failure(path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure(path) }
    }

    static func failure(_ path: String) -> ConfigurationError {
        ConfigurationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
