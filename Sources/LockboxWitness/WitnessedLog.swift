package import MerkleLog

/// A log that a witness looks at: its origin and a key that signs it.
package struct WitnessedLog: Hashable, Sendable {
    /// The first line of its checkpoints (C2SP tlog-checkpoint).
    package let origin: String
    package let key: VerifierKey

    /// `origin` is the key's name where it is left out, which it is for most logs. Throws
    /// `NoteError.malformedText` for an origin that fits on no line.
    package init(key: VerifierKey, origin: String? = nil) throws(NoteError) {
        let origin = origin ?? key.name
        guard !origin.isEmpty, origin.utf8.allSatisfy({ $0 >= 0x20 }) else { throw .malformedText }
        self.origin = origin
        self.key = key
    }

    /// `VKEY`, or `VKEY ORIGIN` where they differ.
    package var line: String {
        origin.utf8.elementsEqual(key.name.utf8) ? key.text : "\(key.text) \(origin)"
    }

    /// Reads a file of logs: one a line; empty lines and those that begin with `#` say nothing. Several
    /// keys of one origin are all good.
    package static func read(_ text: String) throws(WitnessError) -> [WitnessedLog] {
        var logs: [WitnessedLog] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty && line.first != "#" {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            do {
                let key = try VerifierKey(parsing: parts[0])
                let origin = parts.count > 1 ? String(parts[1]) : nil
                logs.append(try WitnessedLog(key: key, origin: origin))
            } catch {
                throw .log(line: index + 1, error.description)
            }
        }
        return logs
    }
}
