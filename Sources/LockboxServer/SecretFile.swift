import Foundation
import LockboxPorts

/// Secrets that lie in files of their own.
enum SecretFile {
    /// The file's content without white space around it. `mustBePrivate`: whether a file that others
    /// on the machine can read is refused; `mustBeOwners`: whether also one that its group can read.
    static func read(
        _ path: String,
        for place: String,
        mustBePrivate: Bool = true,
        mustBeOwners: Bool = false
    ) throws(ConfigurationError) -> String {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines
            )
        } catch {
            throw ConfigurationError("\(place): the file \(path) cannot be read")
        }
        if mustBeOwners {
            try requirePrivate(path, for: place, fromGroup: true)
        } else if mustBePrivate {
            try requirePrivate(path, for: place)
        }
        guard !text.isEmpty else { throw ConfigurationError("\(place): the file \(path) is empty") }
        return text
    }

    /// Makes a file that holds `text`. It appears whole, on the disk and closed to others, or not at
    /// all. Should another process have made one meanwhile, that one stays: both must have the same.
    static func make(
        _ path: String,
        text: String,
        draft: String,
        for place: String
    ) throws(ConfigurationError) {
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else { throw ConfigurationError("\(place): \(path) cannot be written") }
        defer { unlink(draft) }
        let isWritten = write(file, text, text.utf8.count) == text.utf8.count && fsync(file) == 0
        guard close(file) == 0, isWritten, link(draft, path) == 0 || errno == EEXIST else {
            throw ConfigurationError("\(place): \(path) cannot be written")
        }
    }

    /// Refuses a file that everybody can read, or that others than its owner can write; `fromGroup`:
    /// also one that its group can read. Where the path is a link, it is the file itself that counts.
    static func requirePrivate(
        _ path: String,
        for place: String,
        fromGroup: Bool = false
    ) throws(ConfigurationError) {
        let file = URL(filePath: path).resolvingSymlinksInPath().path
        let mode: Int?
        do {
            mode =
                try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        } catch {
            mode = nil
        }
        guard let mode, mode & (fromGroup ? 0o077 : 0o027) == 0 else {
            throw ConfigurationError(
                fromGroup
                    ? "\(place): others than its owner can use the file \(path); close it: chmod 600 \(path)"
                    : "\(place): everybody on this machine can read the file \(path), or its group can "
                        + "write it; close it: chmod 600 \(path)"
            )
        }
    }
}
