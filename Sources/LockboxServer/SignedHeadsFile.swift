import Foundation
import LockboxAudit
import LockboxDomain
package import LockboxPorts
package import MerkleLog

/// The heads in a file: a line of log, size and root for each.
package struct SignedHeadsFile: SignedHeads {
    private static let title = "lockbox-signed-heads/v1"

    private let path: String
    /// Files and locks block.
    private let pool = BlockingPool(width: 1, label: "lockbox.signed-heads")

    package init(_ path: String) { self.path = path }

    package func all() async throws -> [LogID: TreeHead]? {
        try await pool.run { Result { try self.read() } }.get()
    }

    package func replace(
        _ before: [LogID: TreeHead],
        with heads: [LogID: TreeHead]
    ) async throws -> Bool {
        try await locked {
            var kept = try read() ?? [:]
            guard heads.keys.allSatisfy({ kept[$0] == before[$0] }) else { return false }
            kept.merge(heads) { _, new in new }
            try write(kept)
            return true
        }
    }

    package func replaceAll(with heads: [LogID: TreeHead]) async throws {
        try await locked { try write(heads) }
    }

    /// Runs `work` while no other process does so with this file.
    private func locked<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await pool.run {
            Result {
                // Not the file itself, which is another one after each change.
                let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
                guard lock >= 0 else { throw DurableFile.failure(path) }
                defer { close(lock) }
                // Nobody holds it for longer than a write takes.
                guard flock(lock, LOCK_EX) == 0 else { throw DurableFile.failure(path) }
                return try work()
            }
        }.get()
    }

    private func read() throws -> [LogID: TreeHead]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        // Who can write it can have an older copy of the database taken for the newest.
        try SecretFile.requirePrivate(path, for: "signing.keyFile", fromGroup: true)
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ConfigurationError("signing.keyFile: \(path), beside it, cannot be read")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.popLast() == "", lines.first.map({ $0 == Self.title }) == true else {
            throw unreadable
        }
        var heads: [LogID: TreeHead] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, let log = LogID(logName: String(parts[0])),
                let size = UInt64(parts[1]), parts[1] == "\(size)", size < LogLimits.treeSize,
                let root = Hash(base64: parts[2]),
                heads.updateValue(TreeHead(size: size, root: root), forKey: log) == nil
            else { throw unreadable }
        }
        return heads
    }

    private var unreadable: ConfigurationError {
        ConfigurationError(
            "\(path) does not say what was signed of the logs. Put its newest copy back; if there is none, "
                + "remove it and run `lockboxd recover --reason TEXT`"
        )
    }

    private func write(_ heads: [LogID: TreeHead]) throws {
        let lines = heads.map { "\($0.key.logName) \($0.value.size) \($0.value.root.base64)" }
        let text = ([Self.title] + lines.sorted()).joined(separator: "\n") + "\n"
        try DurableFile.replace(path, with: Data(text.utf8))
    }
}
