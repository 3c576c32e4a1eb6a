import Crypto
package import MerkleLog
import Synchronization

/// A witness: cosigns what continues all that it has seen of a log, and nothing else (C2SP
/// tlog-witness).
package final class Witness: Sendable {
    /// What is answered to one request.
    package struct Answer: Hashable, Sendable {
        package let status: Int
        package let type: String
        package let body: String

        init(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8") {
            self.status = status
            self.type = type
            self.body = body
        }
    }

    private let folder: WitnessFolder
    private let signer: WitnessSigner
    private let store: WitnessStore
    /// The file of logs as it was read last.
    private let logs = Mutex<(text: String, logs: [WitnessedLog])>(("", []))
    /// Two requests that see one contradiction write one file.
    private let evidence = Mutex(())

    /// Opens the witness in `folder`, and writes down what evidence it has that has no file yet.
    package init(_ folder: WitnessFolder) throws(WitnessError) {
        self.folder = folder
        (signer, store) = try folder.open()
        _ = try folder.logs()
        try folder.keep(try store.contradictions())
    }

    /// What verifiers need.
    package var key: WitnessKey { signer.key }

    /// `add-checkpoint`: `body` is what was sent, `now` in seconds since 1970.
    package func add(_ body: some Collection<UInt8>, now: UInt64) async throws -> Answer {
        let submission: CheckpointSubmission
        do { submission = try CheckpointSubmission(parsing: body) } catch {
            return Answer(400, "\(error)\n")
        }
        let checkpoint: Checkpoint
        do { checkpoint = try Checkpoint(parsing: submission.note.text) } catch .wrongEmptyRoot {
            return Answer(422, "\(CheckpointError.wrongEmptyRoot)\n")
        } catch {
            return Answer(400, "\(error)\n")
        }
        let known = try currentLogs().filter {
            $0.origin.utf8.elementsEqual(checkpoint.origin.utf8)
        }
        guard !known.isEmpty else { return Answer(404, "this witness does not know the log\n") }
        let keys = Set(known.map(\.key))
        let signed: SignedNote
        do {
            try submission.note.verify(with: Array(keys))
            // What others have put below it is neither kept nor handed on.
            signed = try SignedNote(
                text: submission.note.text,
                signatures: submission.note.signatures.filter { line in
                    keys.contains(where: line.claims)
                }
            )
        } catch {
            return Answer(403, "\(error)\n")
        }
        guard submission.oldSize <= checkpoint.head.size else {
            return Answer(400, "the old size is larger than the checkpoint\n")
        }
        let answer = try await store.cosign(checkpoint, signed: signed.encoded) { [signer] last in
            try Self.decide(submission, checkpoint, signed, after: last, signer, now: now)
        }
        // After the commit: a crash here leaves the file to the next start.
        let found = try store.contradictions(with: checkpoint)
        try evidence.withLock { _ in _ = try folder.keep(found) }
        return answer
    }

    /// The answer, and what is to be kept before it leaves.
    private static func decide(
        _ submission: CheckpointSubmission,
        _ checkpoint: Checkpoint,
        _ signed: SignedNote,
        after last: WitnessedHead?,
        _ signer: WitnessSigner,
        now: UInt64
    ) throws -> (WitnessedHead?, Answer) {
        let before = last?.head ?? TreeHead(size: 0, root: .emptyRoot)
        guard submission.oldSize == before.size else {
            return (nil, Answer(409, "\(before.size)\n", type: "text/x.tlog.size"))
        }
        do {
            try MerkleProof.verifyConsistency(
                from: before.size,
                fromRoot: before.root,
                to: checkpoint.head.size,
                toRoot: checkpoint.head.root,
                proof: submission.proof
            )
        } catch {
            return (nil, Answer(422, "\(error)\n"))
        }
        guard now >= last?.time ?? 0 else {
            return (nil, Answer(503, "the clock of this witness runs behind\n"))
        }
        let line = try signer.cosign(signed.text, at: now)
        let next = WitnessedHead(
            origin: checkpoint.origin,
            head: checkpoint.head,
            note: try signed.adding(line).encoded,
            time: now
        )
        return (next, Answer(200, line.line + "\n"))
    }

    /// The newest cosigned checkpoint of the log whose origin has the SHA-256 `hash`, in hexadecimal.
    package func latest(_ hash: String) async throws -> Answer {
        let note = try await store.note(ofOriginHashed: hash) {
            Hex.encode(SHA256.hash(data: Array($0.utf8)))
        }
        return note.map { Answer(200, $0) } ?? Answer(404, "no checkpoint of such a log\n")
    }

    /// The logs as the file says now, read again where it has changed.
    private func currentLogs() throws -> [WitnessedLog] {
        let text = try folder.logsText()
        return try logs.withLock { kept in
            if kept.text != text { kept = (text, try WitnessedLog.read(text)) }
            return kept.logs
        }
    }
}
