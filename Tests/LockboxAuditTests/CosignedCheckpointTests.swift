import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import MerkleLog
import Testing

/// Checkpoints with the cosignatures that there are.
struct CosignedCheckpointTests {
    private static let now = Timestamp(milliseconds: 1_795_464_900_000)
    private static let log = LogID.tenant(Fixture.contoso.id)

    private static func witness(_ number: UInt8) throws -> WitnessSigner {
        try WitnessSigner(
            name: "w\(number).example",
            seed: Array(repeating: number, count: 32)
        )
    }

    private static func configured(_ signers: WitnessSigner...) -> [LogWitness] {
        signers.map { LogWitness(key: $0.key, url: "http://127.0.0.1:1") }
    }

    private static func parse(_ note: String?) throws -> SignedNote {
        try SignedNote(parsing: Array(try #require(note).utf8))
    }

    @Test func linesThatVerifyAreShownAndOthersAreNot() async throws {
        try await AuditWorld.with { world async throws in
            let (one, two, stranger) = (
                try Self.witness(1), try Self.witness(2), try Self.witness(3)
            )
            try await world.grow(by: 3)
            let reader = try world.reader(witnesses: Self.configured(one, two))
            let plain = try Self.parse(try await reader.checkpoint(of: Self.log))
            let good = try one.cosign(plain.text, at: 7).line
            let bad = [
                // Over another text, by nobody we know, and junk: each would spoil the note.
                try two.cosign(plain.text + "more\n", at: 7).line,
                try stranger.cosign(plain.text, at: 7).line, "junk",
            ]
            try await world.store.write { tx in
                for (index, line) in ([good] + bad).enumerated() {
                    try tx.saveCosignature(line, by: "w\(index)", size: 3, of: Self.log)
                }
            }
            let note = try Self.parse(
                try await reader.cosignedCheckpoint(of: Self.log, at: Self.now)
            )
            #expect(note.text == plain.text)
            let own = try reader.verifierKey(of: Self.log)
            #expect(try own.cosigning.cosignature(under: note)?.time == 1_795_464_900)
            #expect(note.signatures.count == 3)
            #expect(note.signatures.first == plain.signatures[0])
            #expect(note.signatures.last?.line == good)
            func lines(_ needed: Int) async throws -> [String]? {
                let note = try await reader.checkpoint(
                    of: Self.log,
                    cosignedBy: needed,
                    at: Self.now
                )
                return try note.map { try Self.parse($0).signatures.map(\.line) }
            }
            #expect(try await lines(1) == [plain.signatures[0].line, good])
            #expect(try await lines(2) == nil)
            #expect(try await lines(3) == nil)
        }
    }

    @Test func theNewestHeadThatHasEnoughIsFoundBehindNewerOnes() async throws {
        try await AuditWorld.with { world async throws in
            let (one, two) = (try Self.witness(1), try Self.witness(2))
            let reader = try world.reader(witnesses: Self.configured(one, two))
            for (index, signers) in [[one, two], [one], []].enumerated() {
                try await world.grow(by: 2)
                let note = try Self.parse(try await reader.checkpoint(of: Self.log))
                let size = UInt64(2 * index + 2)
                for signer in signers {
                    let line = try signer.cosign(note.text, at: 7).line
                    try await world.store.write { tx in
                        try tx.saveCosignature(line, by: signer.key.text, size: size, of: Self.log)
                    }
                }
            }
            for (needed, size) in [(0, 6), (1, 4), (2, 2)] {
                let note = try await reader.checkpoint(
                    of: Self.log,
                    cosignedBy: needed,
                    at: Self.now
                )
                let found = try Checkpoint(parsing: Self.parse(note).text)
                #expect(found.head.size == UInt64(size))
            }
        }
    }
}
