package import LockboxDomain
package import LockboxPorts
import MerkleLog

extension LogReader {
    /// The signed head of the log as it is now, with the log's own word that it was the newest at `now`
    /// and the cosignatures that there are of it.
    package func cosignedCheckpoint(of log: LogID, at now: Timestamp) async throws -> String {
        let note = try await checkpoint(of: log, at: now)
        guard !witnesses.isEmpty else { return note }
        let text = try SignedNote(parsing: Array(note.utf8)).text
        let size = try Checkpoint(parsing: text).head.size
        let lines = try await store.read { tx in try tx.cosignatures(of: log, size: size) }
        return try cosigned(note, lines).note.encoded
    }

    /// The newest signed head that at least `needed` witnesses have cosigned, nil where there is none;
    /// for 0, the head as it is now.
    package func checkpoint(of log: LogID, cosignedBy needed: Int, at now: Timestamp) async throws
        -> String?
    {
        guard needed > 0 else { return try await cosignedCheckpoint(of: log, at: now) }
        guard needed <= witnesses.count else { return nil }
        let origin = origin(of: log)
        return try await store.read { tx in
            let sizes = try tx.cosignedSizes(
                of: log,
                count: needed,
                limit: AuditLimits.cosignedHeads
            )
            for size in sizes {
                let lines = try tx.cosignatures(of: log, size: size)
                for note in try tx.checkpointNotes(of: log, size: size).reversed()
                where isOurs(note, origin) {
                    let found = try cosigned(note, lines)
                    if found.count >= needed { return found.note.encoded }
                }
            }
            return nil
        }
    }

    /// `note` with those of `lines` below it that are by our witnesses and over this very text: what
    /// somebody has put into the database besides would spoil the note for whoever knows the key.
    private func cosigned(_ note: String, _ lines: [String]) throws -> (
        note: SignedNote, count: Int
    ) {
        let plain = try SignedNote(parsing: Array(note.utf8))
        var (cosigned, count) = (plain, 0)
        for text in lines {
            do {
                let line = try NoteSignature(line: text.utf8)
                let alone = try plain.adding(line)
                guard
                    try witnesses.contains(where: { try $0.key.cosignature(under: alone) != nil })
                else { continue }
                cosigned = try cosigned.adding(line)
                count += 1
            } catch is NoteError {
                continue
            }
        }
        return (cosigned, count)
    }
}
