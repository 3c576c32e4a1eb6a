import Crypto
import Foundation
import Glibc
package import MerkleLog

/// The folder of one witness: its key, its database, the logs that it looks at, and evidence.
package struct WitnessFolder: Sendable {
    private let path: String

    package init(_ path: String) { self.path = path }

    private var keyFile: String { path + "/key" }
    private var logsFile: String { path + "/logs" }
    package var database: String { path + "/witness.sqlite" }

    // MARK: - Making one

    /// Makes a witness with a new key in a folder of its own, and gives the key that others verify
    /// with.
    package func make(name: String) throws(WitnessError) -> WitnessKey {
        let key = Curve25519.Signing.PrivateKey()
        let signer: WitnessSigner
        do { signer = try WitnessSigner(name: name, seed: Array(key.rawRepresentation)) } catch {
            throw .key(
                "A witness's name is a URL without scheme, such as witness.contoso.example: "
                    + "no spaces, no plus sign."
            )
        }
        let files = FileManager.default
        if files.fileExists(atPath: path) {
            let found: [String]
            do { found = try files.contentsOfDirectory(atPath: path) } catch {
                throw .file(path, "the folder cannot be read")
            }
            guard found.isEmpty else { throw .folderInUse(path) }
        }
        do {
            try files.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch { throw .file(path, "the folder cannot be made") }
        try WitnessStore.make(database, key: signer.key)
        try write("", to: logsFile)
        // Last: a crash before leaves a folder that is no witness, and no key that anybody knows.
        try write("\(name)\n\(Hex.encode(Array(key.rawRepresentation)))\n", to: keyFile)
        return signer.key
    }

    /// The key and the database that belong together.
    package func open() throws(WitnessError) -> (signer: WitnessSigner, store: WitnessStore) {
        let signer = try signer()
        return (signer, try WitnessStore(database, key: signer.key))
    }

    private func signer() throws(WitnessError) -> WitnessSigner {
        var status = stat()
        guard stat(keyFile, &status) == 0 else { throw .noWitness(path) }
        guard status.st_mode & 0o077 == 0 else {
            throw .file(
                keyFile,
                "others on this machine can read it; close it: chmod 600 \(keyFile)"
            )
        }
        let lines = try read(keyFile).split(separator: "\n")
        guard lines.count == 2, let seed = Hex.decode(lines[1].utf8) else {
            throw .file(keyFile, "it is not the key that “lockbox witness init” made")
        }
        do { return try WitnessSigner(name: String(lines[0]), seed: seed) } catch {
            throw .file(keyFile, "it is not the key that “lockbox witness init” made")
        }
    }

    // MARK: - Logs

    /// The file of logs as it is now.
    package func logs() throws(WitnessError) -> [WitnessedLog] {
        try WitnessedLog.read(try logsText())
    }

    func logsText() throws(WitnessError) -> String { try read(logsFile) }

    /// Adds a log; false where it is there already. A witness that runs looks at it from the next
    /// request on.
    package func add(_ log: WitnessedLog) throws(WitnessError) -> Bool {
        _ = try signer()
        let text = try read(logsFile)
        guard try !WitnessedLog.read(text).contains(log) else { return false }
        try write(
            text + (text.isEmpty || text.hasSuffix("\n") ? "" : "\n") + log.line + "\n",
            to: logsFile
        )
        return true
    }

    // MARK: - Evidence

    /// Writes a file for each contradiction that has none yet: both notes, an empty line between them.
    /// Gives their paths.
    @discardableResult
    package func keep(_ contradictions: [Contradiction]) throws(WitnessError) -> [String] {
        var paths: [String] = []
        for found in contradictions {
            let texts = [found.first, found.second].sorted()
            let digest = Hex.encode(SHA256.hash(data: Data(texts.joined().utf8)).prefix(8))
            let file = "\(path)/evidence/size-\(found.size)-\(digest).notes"
            paths.append(file)
            guard !FileManager.default.fileExists(atPath: file) else { continue }
            do {
                try FileManager.default.createDirectory(
                    atPath: path + "/evidence",
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch { throw .file(path + "/evidence", "the folder cannot be made") }
            try write(texts.joined(separator: "\n"), to: file)
        }
        return paths
    }

    // MARK: - Files

    private func read(_ file: String) throws(WitnessError) -> String {
        do { return try String(contentsOfFile: file, encoding: .utf8) } catch {
            throw .file(file, "it cannot be read")
        }
    }

    /// Replaces the file in one step, for its owner alone.
    private func write(_ text: String, to file: String) throws(WitnessError) {
        let draft = file + ".new"
        unlink(draft)
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .file(file, "it cannot be written") }
        let isWritten =
            Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count
            && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten, rename(draft, file) == 0 else {
            unlink(draft)
            throw .file(file, "it cannot be written")
        }
    }
}
