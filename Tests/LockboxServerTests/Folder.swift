import Foundation
import LockboxPorts
import Testing

@testable import LockboxServer

/// A folder of a test's own, gone when the test ends.
final class Folder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appending(
                path: "lockbox-server-\(ProcessInfo.processInfo.globallyUniqueString)"
            ).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record(error, "the folder of the test stays behind")
        }
    }

    /// Writes a file, by default one that only its owner reads, and gives its path.
    @discardableResult
    func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: mode],
            ofItemAtPath: path + "/" + name
        )
        return path + "/" + name
    }
}

/// What the error says that `body` throws, with `folder` taken out of it.
func complaint(in folder: Folder, _ body: () throws -> Void) throws -> String {
    do {
        try body()
    } catch let error as ConfigurationError {
        return error.description.replacing(folder.path, with: "FOLDER")
    }
    return "nothing"
}
