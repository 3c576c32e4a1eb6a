import LockboxClient
import MerkleLog
import Testing

@Suite struct WitnessedCheckpointTests {
    private let text = "log.example\n1\n\(Hash.leaf([]).base64)\n"

    private func witness(_ number: UInt8, _ name: String? = nil) throws -> WitnessSigner {
        try WitnessSigner(
            name: name ?? "w\(number).example",
            seed: Array(repeating: number, count: 32)
        )
    }

    private func note(_ lines: [NoteSignature]) throws -> SignedNote {
        let log = try NoteSigner(name: "log.example", seed: Array(repeating: 9, count: 32))
        return try SignedNote(text: text, signatures: [log.sign(text)] + lines)
    }

    @Test func thoseWhoCosignedAreToldWithTheirTimes() throws {
        let (one, two, three) = (try witness(1), try witness(2), try witness(3))
        let note = try note([one.cosign(text, at: 10), three.cosign(text, at: 30)])
        let found = try WitnessedCheckpoint(note, by: [one.key, two.key, three.key], needed: 2)
        #expect(found.witnesses.map(\.time) == [10, nil, 30])
        #expect(found.isEnough)
        #expect(found.finding == nil)
    }

    @Test func fewerThanNeededAreAFinding() throws {
        let (one, two) = (try witness(1), try witness(2))
        let note = try note([one.cosign(text, at: 10)])
        let all = try WitnessedCheckpoint(note, by: [one.key, two.key])
        #expect(all.needed == 2)
        #expect(!all.isEnough)
        #expect(all.finding?.contains("1 of the 2") == true)
        #expect(all.finding?.contains("w2.example") == true)
        // Strangers do not count, however many.
        let strangers = try (10..<20).map { try witness($0).cosign(text, at: 10) }
        #expect(try !WitnessedCheckpoint(self.note(strangers), by: [one.key]).isEnough)
    }

    @Test func oneWitnessCountsOnceWhateverItIsCalled() throws {
        let (one, same) = (try witness(1), try witness(1, "other.example"))
        let note = try note([one.cosign(text, at: 10), same.cosign(text, at: 10)])
        let found = try WitnessedCheckpoint(note, by: [one.key, one.key, same.key], needed: 2)
        #expect(found.count == 1)
        #expect(!found.isEnough)
    }

    @Test func aLineThatIsNotByTheWitnessItNamesSpoilsTheNote() throws {
        let one = try witness(1)
        let note = try note([one.cosign(text + "more\n", at: 10)])
        #expect(throws: NoteError.badSignature(name: "w1.example")) {
            try WitnessedCheckpoint(note, by: [one.key], needed: 0)
        }
    }
}
