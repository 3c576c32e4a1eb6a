import Foundation
import MerkleLog
import Testing

@testable import LockboxWitness

/// A log whose leaves are known, and which signs whatever it is told to.
struct SigningLog {
    static let origin = "log.example/2026"
    let signer: NoteSigner
    var leaves: [Hash]

    init(_ count: Int, branch: String = "", name: String = Self.origin) throws {
        signer = try NoteSigner(name: name, seed: Array(0..<32))
        leaves = (0..<count).map { Hash.leaf(Array("\($0)\($0 < 4 ? "" : branch)".utf8)) }
    }

    func head(_ size: Int) -> TreeHead {
        TreeHead(size: UInt64(size), root: WholeTree(leaves: Array(leaves[..<size])).root)
    }

    func note(_ size: Int) throws -> SignedNote {
        let checkpoint = try Checkpoint(origin: signer.verifierKey.name, head: head(size))
        return try SignedNote(text: checkpoint.text, signers: [signer])
    }

    func proof(_ from: Int, _ to: Int) throws -> [Hash] {
        let all = leaves[..<to]
        return try ProofPlan.consistency(from: UInt64(from), to: UInt64(to)).hashes { subtree in
            let range = Int(subtree.index << UInt64(subtree.level))..<Int(subtree.end)
            return WholeTree(leaves: Array(all[range])).root
        }
    }

    func submission(_ from: Int, _ to: Int) throws -> [UInt8] {
        let proof = try from == 0 ? [] : proof(from, to)
        return Array(
            CheckpointSubmission(oldSize: UInt64(from), proof: proof, note: try note(to)).encoded
                .utf8
        )
    }
}

/// A folder that is gone after the test.
final class TemporaryFolder {
    let path = NSTemporaryDirectory() + "witness-\(UUID().uuidString)"
    var witness: WitnessFolder { WitnessFolder(path + "/w") }

    deinit {
        try? FileManager.default.removeItem(atPath: path)  // best effort: a small folder stays
    }

    func opened(for log: SigningLog) throws -> Witness {
        _ = try witness.make(name: "witness.example")
        _ = try witness.add(try WitnessedLog(key: log.signer.verifierKey))
        return try Witness(witness)
    }

    var evidence: [String] {
        get throws {
            let folder = path + "/w/evidence"
            guard FileManager.default.fileExists(atPath: folder) else { return [] }
            return try FileManager.default.contentsOfDirectory(atPath: folder).map {
                try String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
            }
        }
    }
}

@Suite struct WitnessTests {
    private let folder = TemporaryFolder()

    /// SHA-256 of `SigningLog.origin`, by sha256sum.
    private static let hash = "3192c68a87e6daf8bbecabd9ba0d92295ae50b2c345b99ac56f22a4b33593fbe"

    @Test func whatContinuesIsCosignedAndShown() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        for (from, to, now) in [(0, 5, 100), (5, 5, 101), (5, 8, 101), (8, 20, 200)] {
            let answer = try await witness.add(log.submission(from, to), now: UInt64(now))
            #expect(answer.status == 200)
            let line = try NoteSignature(line: answer.body.dropLast().utf8)
            let cosigned = try witness.key.cosignature(under: log.note(to).adding(line))
            #expect(cosigned?.time == UInt64(now))
        }
        let latest = try await witness.latest(Self.hash)
        let shown = try SignedNote(parsing: Array(latest.body.utf8))
        #expect(try shown.verify(with: [log.signer.verifierKey]) == [log.signer.verifierKey])
        #expect(try witness.key.cosignature(under: shown)?.time == 200)
        #expect(try Checkpoint(parsing: shown.text).head == log.head(20))
        #expect(try await witness.latest(String(repeating: "0", count: 64)).status == 404)
    }

    @Test func anotherOldSizeIsAnsweredWithTheRightOne() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        let first = try await witness.add(log.submission(3, 5), now: 1)
        #expect(first == Witness.Answer(409, "0\n", type: "text/x.tlog.size"))
        _ = try await witness.add(log.submission(0, 7), now: 1)
        for stale in [(0, 9), (5, 9), (0, 5), (8, 9)] {
            let answer = try await witness.add(log.submission(stale.0, stale.1), now: 2)
            #expect(answer == Witness.Answer(409, "7\n", type: "text/x.tlog.size"))
        }
    }

    @Test func aSecondHistoryIsRefusedAndKeptAsEvidence() async throws {
        let log = try SigningLog(20)
        let fork = try SigningLog(20, branch: "x")
        let witness = try folder.opened(for: log)
        _ = try await witness.add(log.submission(0, 8), now: 1)
        let refused = try await witness.add(fork.submission(8, 8), now: 2)
        #expect(refused.status == 422)
        #expect(try folder.evidence.count == 1)
        let kept = try #require(try folder.evidence.first)
        #expect(kept.contains(try log.note(8).encoded))
        #expect(kept.contains(try fork.note(8).encoded))
        // The same again is nothing new, and what was cosigned goes on.
        #expect(try await witness.add(fork.submission(0, 8), now: 2).status == 409)
        #expect(try folder.evidence.count == 1)
        #expect(try await witness.add(log.submission(8, 12), now: 3).status == 200)
        let (_, store) = try folder.witness.open()
        #expect(try store.contradictions().map(\.size) == [8])
    }

    /// Whoever has the log's key could fill the witness's disk with more.
    @Test func ofOneSizeTwoHeadsAreEvidenceEnough() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        for branch in 0..<5 {
            let fork = try SigningLog(20, branch: "\(branch)")
            _ = try await witness.add(fork.submission(8, 12), now: 1)
        }
        #expect(try folder.evidence.count == 1)
        let (_, store) = try folder.witness.open()
        #expect(try store.contradictions().map(\.size) == [12])
    }

    /// A larger tree that does not continue may be a proof gone wrong. Once the true one of that size
    /// is seen, both together are evidence.
    @Test func aBranchIsEvidenceOnceItsSizeIsReached() async throws {
        let log = try SigningLog(20)
        let fork = try SigningLog(20, branch: "x")
        let witness = try folder.opened(for: log)
        _ = try await witness.add(log.submission(0, 8), now: 1)
        #expect(try await witness.add(fork.submission(8, 12), now: 2).status == 422)
        #expect(try folder.evidence.isEmpty)
        #expect(try await witness.add(log.submission(8, 12), now: 3).status == 200)
        #expect(try folder.evidence.count == 1)
    }

    @Test func proofsForOtherSizesAreRefused() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        _ = try await witness.add(log.submission(0, 7), now: 1)
        let proof = try log.proof(7, 20)
        let wrong = [
            [], Array(proof.dropLast()), proof + [.emptyRoot], Array(proof.reversed()),
            try log.proof(6, 20), try log.proof(7, 19), Array(repeating: .emptyRoot, count: 63),
        ]
        for proof in wrong {
            let body = CheckpointSubmission(oldSize: 7, proof: proof, note: try log.note(20))
                .encoded
            #expect(try await witness.add(body.utf8, now: 2).status == 422)
        }
        let same = CheckpointSubmission(oldSize: 7, proof: proof, note: try log.note(7)).encoded
        #expect(try await witness.add(same.utf8, now: 2).status == 422)
        #expect(try await witness.add(log.submission(7, 20), now: 2).status == 200)
    }

    @Test func aFirstCheckpointNeedsNoProofAndMayHaveNone() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        let body = CheckpointSubmission(oldSize: 0, proof: [.emptyRoot], note: try log.note(7))
        #expect(try await witness.add(body.encoded.utf8, now: 1).status == 422)
        #expect(try await witness.add(log.submission(0, 0), now: 1).status == 200)
        #expect(try await witness.add(log.submission(0, 7), now: 1).status == 200)
    }

    @Test func onlyKnownLogsThatHaveSignedAreWitnessed() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        let stranger = try SigningLog(20, name: "stranger.example")
        #expect(try await witness.add(stranger.submission(0, 5), now: 1).status == 404)
        let text = try log.note(5).text
        let forger = try NoteSigner(name: SigningLog.origin, seed: Array(repeating: 9, count: 32))
        let forged = try SignedNote(text: text, signers: [forger])
        let body = CheckpointSubmission(oldSize: 0, proof: [], note: forged)
        #expect(try await witness.add(body.encoded.utf8, now: 1).status == 403)
        // Signed, but over another text.
        let moved = try SignedNote(text: text, signatures: log.note(6).signatures)
        let second = CheckpointSubmission(oldSize: 0, proof: [], note: moved)
        #expect(try await witness.add(second.encoded.utf8, now: 1).status == 403)
        #expect(try await witness.latest(Self.hash).status == 404)
    }

    @Test func badInputIsRefused() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        let note = try log.note(5).encoded
        let empty = Hash.leaf([]).base64
        let refused: [(String, Int)] = [
            ("", 400), ("old 0\n", 400), ("old 0\n\njunk\n", 400),
            ("old 9223372036854775808\n\n" + note, 400), ("old 6\n\n" + note, 400),
            ("old 0\n\n\(SigningLog.origin)\n9223372036854775808\n\(empty)\n\n— x AAAAAAA=\n", 400),
            ("old 0\n\n\(SigningLog.origin)\n0\n\(empty)\n\n— x AAAAAAA=\n", 422),
        ]
        for (body, status) in refused {
            #expect(try await witness.add(body.utf8, now: 1).status == status, "\(body)")
        }
    }

    @Test func linesOfOthersAreNotHandedOn() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        let stranger = try NoteSigner(
            name: "stranger.example",
            seed: Array(repeating: 3, count: 32)
        )
        let note = try log.note(5)
        let body = CheckpointSubmission(
            oldSize: 0,
            proof: [],
            note: try note.adding(stranger.sign(note.text))
        )
        #expect(try await witness.add(body.encoded.utf8, now: 1).status == 200)
        let shown = try await witness.latest(Self.hash).body
        #expect(!shown.contains("stranger"))
    }

    @Test func aClockThatRunsBackSignsNothing() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        _ = try await witness.add(log.submission(0, 5), now: 100)
        #expect(try await witness.add(log.submission(5, 6), now: 99).status == 503)
        #expect(try await witness.add(log.submission(5, 6), now: 100).status == 200)
    }

    @Test func onlyOneOfManyAtOnceIsCosigned() async throws {
        let log = try SigningLog(20)
        let witness = try folder.opened(for: log)
        _ = try await witness.add(log.submission(0, 5), now: 1)
        let first = try log.submission(5, 9)
        let second = try log.submission(5, 12)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<20 {
                let body = index.isMultiple(of: 2) ? first : second
                group.addTask { try await witness.add(body, now: 2).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1)
        #expect(statuses.count { $0 == 409 } == 19)
    }
}

@Suite struct WitnessFolderTests {
    private let folder = TemporaryFolder()

    @Test func keyIsForItsOwnerAlone() throws {
        let key = try folder.witness.make(name: "witness.example")
        #expect(try folder.witness.open().signer.key == key)
        for (name, mode) in [("", 0o700), ("/key", 0o600), ("/witness.sqlite", 0o600)] {
            let found = try FileManager.default.attributesOfItem(atPath: folder.path + "/w" + name)
            #expect(found[.posixPermissions] as? Int == mode)
        }
        #expect(chmod(folder.path + "/w/key", 0o640) == 0)
        #expect(throws: WitnessError.self) { try folder.witness.open() }
    }

    @Test func aSecondInitChangesNothing() throws {
        let key = try folder.witness.make(name: "witness.example")
        #expect(throws: WitnessError.folderInUse(folder.path + "/w")) {
            try folder.witness.make(name: "witness.example")
        }
        #expect(try folder.witness.open().signer.key == key)
    }

    @Test(arguments: ["", "two words", "a+b", "a\nb"]) func namesThatAreNoneAreRefused(name: String)
    {
        #expect(throws: WitnessError.self) { try folder.witness.make(name: name) }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func withoutItsDatabaseItDoesNotStart() throws {
        _ = try folder.witness.make(name: "witness.example")
        let database = folder.witness.database
        try FileManager.default.moveItem(atPath: database, toPath: folder.path + "/kept")
        #expect(throws: WitnessError.stateLost(database)) { try Witness(folder.witness) }
        #expect(!FileManager.default.fileExists(atPath: database))
        // Nor with that of another, nor with an empty one.
        let other = WitnessFolder(folder.path + "/other")
        _ = try other.make(name: "witness.example")
        try FileManager.default.copyItem(atPath: other.database, toPath: database)
        #expect(throws: WitnessError.stateLost(database)) { try Witness(folder.witness) }
        try Data().write(to: URL(filePath: database))
        #expect(throws: WitnessError.stateLost(database)) { try Witness(folder.witness) }
        try FileManager.default.removeItem(atPath: database)
        try FileManager.default.moveItem(atPath: folder.path + "/kept", toPath: database)
        _ = try Witness(folder.witness)
    }

    @Test func aLogThatIsAddedIsWitnessedAtOnce() async throws {
        let log = try SigningLog(20)
        _ = try folder.witness.make(name: "witness.example")
        let witness = try Witness(folder.witness)
        #expect(try await witness.add(log.submission(0, 5), now: 1).status == 404)
        let added = try WitnessedLog(key: log.signer.verifierKey)
        #expect(try folder.witness.add(added))
        #expect(try !folder.witness.add(added))
        #expect(try await witness.add(log.submission(0, 5), now: 1).status == 200)
    }

    @Test func aFileOfLogsSaysWhichLineIsWrong() throws {
        let key = try SigningLog(1).signer.verifierKey
        let logs = try WitnessedLog.read("# ours\n\n\(key)\n\(key) go.sum database tree\n")
        #expect(logs.map(\.origin) == [SigningLog.origin, "go.sum database tree"])
        #expect(logs.map(\.line) == ["\(key)", "\(key) go.sum database tree"])
        for wrong in ["junk", "\(key)x", "\(key) ", "\(key)\r"] {
            #expect { try WitnessedLog.read("# ours\n\(wrong)\n") } throws: { error in
                if case .log(line: 2, _) = error as? WitnessError { true } else { false }
            }
        }
    }

    @Test func whatItHasSignedOutlivesARestart() async throws {
        let log = try SigningLog(20)
        let before = try folder.opened(for: log)
        _ = try await before.add(log.submission(0, 8), now: 5)
        let after = try Witness(folder.witness)
        #expect(try await after.add(log.submission(0, 9), now: 6).body == "8\n")
        #expect(try await after.add(log.submission(8, 9), now: 6).status == 200)
    }
}
