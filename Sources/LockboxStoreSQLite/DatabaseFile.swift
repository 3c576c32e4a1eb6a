import Dispatch
import Foundation
import LockboxPorts
import Synchronization

/// The files of a database and who may read them.
enum DatabaseFile {
    /// Makes the file, if there is none, readable and writable by its owner alone; SQLite gives the
    /// log beside it the same permissions. Wider permissions of a database that is there already
    /// are taken away.
    ///
    /// By name and without opening: closing any descriptor of a file drops the locks that this
    /// process holds on it, and another engine in this process may hold some.
    static func protect(_ path: String) throws(StoreError) {
        if mknod(path, S_IFREG | 0o600, 0) != 0, errno != EEXIST {
            throw failure("cannot make", path)
        }
        for name in [path, path + "-wal", path + "-shm"] {
            if chmod(name, 0o600) != 0, errno != ENOENT { throw failure("cannot protect", name) }
        }
    }

    /// A new folder that only its owner can enter.
    static func temporaryFolder() throws(StoreError) -> String {
        var template = Array((NSTemporaryDirectory() + "lockbox-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw failure("cannot make a folder in", NSTemporaryDirectory())
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func failure(_ what: String, _ path: String) -> StoreError {
        .unavailable("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}

/// Which files the database was opened as. One that was removed, or replaced by another of its
/// name, still takes writes, and they are lost with it: so each group of writes asks before it
/// begins and before anybody is told.
final class OpenedFiles: Sendable {
    private struct Identity: Equatable {
        let device: UInt
        let inode: UInt

        /// Nil where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
        }
    }

    private let path: String
    private let database: Identity?
    /// The log beside it, from when it was first seen; it stays while the database is open.
    private let log: Mutex<Identity?>
    private let queue = DispatchQueue(label: "lockbox.files")

    /// To be called once the database is open.
    init(path: String) {
        self.path = path
        database = Identity(path)
        log = Mutex(Identity(path + "-wal"))
    }

    var areInPlace: Bool {
        guard let database, Identity(path) == database else { return false }
        let found = Identity(path + "-wal")
        return log.withLock { known in
            // Before the first write there may be none.
            known = known ?? found
            return known == found
        }
    }

    /// Throws unless they are in their places.
    func require() throws(StoreError) {
        guard areInPlace else {
            throw .unavailable("the database's file was removed or replaced while it was open")
        }
    }

    /// Looks on a thread of its own: a disk that hangs holds up nobody else.
    func state() async throws -> StoreFilesState {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                var space = statvfs()
                guard statvfs(path, &space) == 0 || statvfs(folder, &space) == 0 else {
                    continuation.resume(throwing: StoreError.unavailable("the disk is gone"))
                    return
                }
                let (bytes, overflow) = Int64(clamping: space.f_bavail)
                    .multipliedReportingOverflow(by: Int64(clamping: space.f_frsize))
                continuation.resume(
                    returning: StoreFilesState(
                        areInPlace: areInPlace,
                        freeBytes: overflow ? .max : bytes
                    )
                )
            }
        }
    }

    private var folder: String { URL(filePath: path).deletingLastPathComponent().path }
}
