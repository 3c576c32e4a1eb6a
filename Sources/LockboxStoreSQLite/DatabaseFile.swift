import Foundation
import LockboxPorts

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
