import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestWorld
import LockboxWitness
import Logging
import MerkleLog
import Synchronization
import Testing

@testable import LockboxWork

/// Checkpoints on their way to witnesses.
struct WitnessJobTests {
    private static let log = LogID.tenant(Fixture.contoso.id)

    /// Answers as it is told, or as the witness behind it does.
    private final class Peer: WitnessClient {
        enum Manner: Sendable {
            case witness(Witness)
            case answer(WitnessAnswer)
            case silence
        }

        let manner: Mutex<Manner>
        let bodies = Mutex<[String]>([])

        init(_ manner: Manner) { self.manner = Mutex(manner) }

        func submit(_ body: String, to witness: LogWitness) async throws -> WitnessAnswer {
            bodies.withLock { $0.append(body) }
            switch manner.withLock(\.self) {
            case .witness(let witness):
                let answer = try await witness.add(body.utf8, now: 100)
                return WitnessAnswer(
                    status: answer.status,
                    type: answer.type,
                    body: Array(answer.body.utf8)
                )
            case .answer(let answer): return answer
            case .silence: throw CocoaError(.fileReadUnknown)
            }
        }
    }

    private struct Parts {
        let world: TestWorld
        let reader: LogReader
        let peer: Peer
        let job: WitnessJob

        /// One look, and what it finds.
        func look() async throws -> [WitnessJob.Item] {
            try await world.store.read { [job, clock = world.clock] tx in
                try job.due(at: clock.now(), limit: 100, in: tx)
            }
        }

        /// As often as there is something.
        func work() async throws {
            world.clock.advance(by: .seconds(2))
            let due = try await look()
            try await job.carryOut(due, under: .free)
        }

        func cosigned() async throws -> Bool {
            try await reader.checkpoint(of: WitnessJobTests.log, cosignedBy: 1, at: Fixture.now)
                != nil
        }
    }

    private static func with(_ body: (Parts, Witness, WitnessFolder) async throws -> Void)
        async throws
    {
        let path = NSTemporaryDirectory() + "witness-\(UUID().uuidString)"
        defer {
            try? FileManager.default.removeItem(atPath: path)  // best effort: a small folder stays
        }
        let folder = WitnessFolder(path)
        let key = try folder.make(name: "witness.example")
        let witness = try Witness(folder)
        try await TestWorld.with { world async throws in
            let reader = LogReader(
                store: world.store,
                signer: try Ed25519CheckpointSigner(seed: Array(repeating: 4, count: 32)),
                heads: RememberedHeads(),
                origin: "lockbox.test",
                witnesses: [LogWitness(key: key, url: "http://127.0.0.1:1", logs: [log])]
            )
            _ = try folder.add(
                WitnessedLog(key: reader.verifierKey(of: log))
            )
            let peer = Peer(.witness(witness))
            let job = WitnessJob(
                store: world.audited,
                reader: reader,
                client: peer,
                clock: world.clock,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            let parts = Parts(world: world, reader: reader, peer: peer, job: job)
            try await body(parts, witness, folder)
        }
    }

    @Test func whatGrowsIsCosignedAndWhatIsCosignedIsLeftAlone() async throws {
        try await Self.with { parts, _, _ in
            for _ in 0..<3 {
                try await parts.world.grow(Self.log, by: 5)
                try await parts.work()
                #expect(try await parts.cosigned())
            }
            let asked = parts.peer.bodies.withLock(\.count)
            #expect(asked == 3)
            try await parts.work()
            #expect(parts.peer.bodies.withLock(\.count) == asked)
            #expect(parts.job.reports.map(\.behind) == [0])
        }
    }

    /// As after a backup of the database: the witness knows more than we remember that it does.
    @Test func aWitnessThatKnowsAnotherSizeIsAskedFromThere() async throws {
        try await Self.with { parts, witness, _ in
            try await parts.world.grow(Self.log, by: 5)
            let note = try await parts.reader.checkpoint(of: Self.log)
            #expect(try await witness.add("old 0\n\n\(note)".utf8, now: 50).status == 200)
            try await parts.world.grow(Self.log, by: 5)
            try await parts.work()
            #expect(try await parts.cosigned())
            let heads = parts.peer.bodies.withLock {
                $0.compactMap { $0.split(separator: "\n").first }
            }
            #expect(heads.first == "old 0" && heads.count == 2 && heads.last != "old 0")
        }
    }

    @Test func aWitnessThatHasSeenAnotherHistoryIsToldAndNotBelieved() async throws {
        for answer in [
            WitnessAnswer(status: 422, type: nil, body: []),
            WitnessAnswer(
                status: 409,
                type: "text/x.tlog.size",
                body: Array("9223372036854775807\n".utf8)
            ),
        ] {
            try await Self.with { parts, witness, _ in
                parts.peer.manner.withLock { $0 = .answer(answer) }
                try await parts.world.grow(Self.log, by: 5)
                try await parts.work()
                #expect(try await !parts.cosigned())
                #expect(parts.job.reports.map(\.refused) == [1])
                // It is asked again, later each time, and believed once it signs.
                parts.peer.manner.withLock { $0 = .witness(witness) }
                parts.world.clock.advance(by: .minutes(61))
                try await parts.work()
                #expect(try await parts.cosigned())
                #expect(parts.job.reports.map(\.refused) == [0])
            }
        }
    }

    @Test func aWitnessThatDoesNotAnswerIsAskedLessAndLess() async throws {
        try await Self.with { parts, _, _ in
            parts.peer.manner.withLock { $0 = .silence }
            try await parts.world.grow(Self.log, by: 5)
            for _ in 0..<150 { try await parts.work() }
            // Within five minutes, waiting 5, 10, 20, … seconds.
            #expect(parts.peer.bodies.withLock(\.count) == 6)
            #expect(parts.job.reports.map(\.behind) == [1])
            #expect(parts.job.reports.map(\.refused) == [0])
        }
    }

    @Test func answersThatMeanNothingCountAsSilence() throws {
        let signer = try WitnessSigner(name: "w.example", seed: Array(repeating: 1, count: 32))
        let other = try WitnessSigner(name: "w.example", seed: Array(repeating: 2, count: 32))
        let log = try NoteSigner(name: "log.example", seed: Array(repeating: 3, count: 32))
        let note = try SignedNote(
            text: Checkpoint(origin: "log.example", head: TreeHead(size: 0, root: .emptyRoot)).text,
            signers: [log]
        )
        func read(_ status: Int, _ body: String, _ type: String? = nil) -> WitnessJob.Outcome {
            let answer = WitnessAnswer(status: status, type: type, body: Array(body.utf8))
            return WitnessJob.read(answer, from: signer.key, over: note, size: 7)
        }
        func isSilent(_ outcome: WitnessJob.Outcome) -> Bool {
            if case .silent = outcome { true } else { false }
        }
        let line = try signer.cosign(note.text, at: 9).line
        let stranger = try other.cosign(note.text, at: 9).line
        #expect(read(200, line + "\n") == .cosigned(line: line, size: 7))
        #expect(read(200, stranger + "\n" + line + "\n") == .cosigned(line: line, size: 7))
        #expect(read(409, "7\n", "text/x.tlog.size") == .knows(7))
        let silent = [
            read(200, ""), read(200, "ok\n"), read(200, stranger + "\n"),
            read(200, try signer.cosign(note.text + "x\n", at: 9).line + "\n"),
            read(409, "7\n"), read(409, "seven\n", "text/x.tlog.size"),
            read(409, "7", "text/x.tlog.size"),
            read(500, ""), read(301, ""),
        ]
        for outcome in silent { #expect(isSilent(outcome)) }
        // It knows one log and not another: it is not silent for all.
        for status in [400, 403, 404] {
            #expect(read(status, "") == .declined("it answered \(status)"))
        }
    }
}
