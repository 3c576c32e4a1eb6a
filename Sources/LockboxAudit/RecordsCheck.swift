import LockboxDomain
package import LockboxPorts
import MerkleLog

/// Whether some records of a log are what was signed.
package struct RecordsCheck: Sendable {
    /// The signed head that they were held against.
    package let note: String
    package let size: UInt64
    /// Each in words; empty if all is as it should be.
    package let differences: [String]
}

extension LogReader {
    /// Checks each of `entries` as the check of a whole log does, and that its proof of inclusion leads
    /// to the log's signed head of now, whose signature is verified too. That the tables say the same,
    /// and that no record is missing, only the check of the whole log tells.
    package func check(_ entries: [LogEntry], of log: LogID) async throws -> RecordsCheck {
        let note = try await checkpoint(of: log)
        let head = try head(of: note, log)
        let proofs = try await inclusions(of: entries.map(\.index), size: head.size, in: log)
        var differences = try await unrecordedErasures(in: entries, of: log)
        for (place, entry) in entries.enumerated() {
            differences += LogRecordCheck(entry, log: log.logName).differences
            guard let proof = proofs?[place] else {
                differences.append("record \(entry.index) has no proof")
                continue
            }
            do throws(ProofError) {
                try MerkleProof.verifyInclusion(
                    leaf: .leaf(entry.bytes),
                    index: entry.index,
                    size: head.size,
                    proof: proof,
                    root: head.root
                )
            } catch {
                differences.append("record \(entry.index): \(error)")
            }
        }
        return RecordsCheck(note: note, size: head.size, differences: differences)
    }

    /// Texts that are gone without a record of the log that says so.
    private func unrecordedErasures(in entries: [LogEntry], of log: LogID) async throws -> [String]
    {
        let known = try await erasures(in: entries, of: log)
        return entries.flatMap { entry in
            entry.texts.filter { $0.text == nil }.compactMap { text in
                let record = known[entry.index]?[text.field]?.record
                let told = record.flatMap { LogRecordCheck.Leaf($0.bytes) }.map {
                    ErasureReplay.erased($0)
                }
                let isTold = told?.contains {
                    $0.index == entry.index && $0.fields.contains(text.field)
                }
                return isTold == true
                    ? nil
                    : "record \(entry.index): the text \(text.field) was erased without a record of it"
            }
        }
    }

    func head(of note: String, _ log: LogID) throws -> TreeHead {
        do {
            return try Checkpoint(
                opening: SignedNote(parsing: Array(note.utf8)),
                origin: origin(of: log),
                logKey: verifierKey(of: log)
            ).head
        } catch {
            throw StoreError.corrupt("the signed head of log \(log.logName): \(error)")
        }
    }
}
