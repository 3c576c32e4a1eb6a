import MerkleLog
import Testing

@Suite struct WitnessKeyTests {
    /// The example of C2SP tlog-cosignature.
    private static let checkpoint =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    private func witness(seed first: UInt8 = 50) throws -> WitnessSigner {
        try WitnessSigner(name: "witness.example/w1", seed: Array(first..<first + 32))
    }

    private func note(by witnesses: [NoteSignature]) throws -> SignedNote {
        let log = try Keys.signer("example.com/behind-the-sofa")
        return try SignedNote(
            text: Self.checkpoint,
            signatures: [log.sign(Self.checkpoint)] + witnesses
        )
    }

    /// Made by Python's `cryptography` from the same seed.
    @Test func keyAndCosignatureAreThoseOfAnotherImplementation() throws {
        let witness = try witness()
        #expect(
            witness.key.text
                == "witness.example/w1+e4051bff+BF5CMDMET1ahOmhnmUh7y/pj3R45IEzsJ905om2qYVYo"
        )
        #expect(
            try witness.cosign(Self.checkpoint, at: 1_679_315_147).line
                == "— witness.example/w1 5AUb/wAAAABkGFDLFXNxZcCVXs0dq9LqNj5zI9sthDNpq+wv"
                + "vkhfVeFTo3rD2Kv0of5xQGRYQ8lwrb2JFwSmhAFYfzsMdLrya3iXBg=="
        )
    }

    @Test func keyTextComesBackTheSame() throws {
        let key = try witness().key
        #expect(try WitnessKey(parsing: key.text) == key)
        #expect(throws: NoteError.unknownKeyType(1)) { try WitnessKey(parsing: Keys.vkey) }
        #expect(throws: NoteError.unknownKeyType(4)) { try VerifierKey(parsing: key.text) }
        #expect(throws: NoteError.wrongKeyID) {
            try WitnessKey(parsing: "x" + key.text)
        }
        #expect(throws: NoteError.malformedKey) { try WitnessKey(parsing: key.text.dropLast(4)) }
    }

    @Test func cosignatureIsFoundAmongOthersWithItsTime() throws {
        let witness = try witness()
        let line = try witness.cosign(Self.checkpoint, at: 1_679_315_147)
        let note = try note(by: [line])
        #expect(try witness.key.cosignature(under: note)?.time == 1_679_315_147)
        #expect(try witness.key.cosignature(under: note)?.line == line)
        let parsed = try SignedNote(parsing: Array(note.encoded.utf8))
        #expect(try witness.key.cosignature(under: parsed)?.time == 1_679_315_147)
        let other = try WitnessSigner(
            name: "witness.example/w2",
            seed: Array(repeating: 1, count: 32)
        )
        #expect(try other.key.cosignature(under: note) == nil)
    }

    @Test func theNewestOfSeveralCounts() throws {
        let witness = try witness()
        let lines = try [5, 9, 7].map { try witness.cosign(Self.checkpoint, at: $0) }
        #expect(try witness.key.cosignature(under: note(by: lines))?.time == 9)
    }

    @Test func cosignatureOverAnotherTextTimeOrKeySpoilsTheNote() throws {
        let witness = try witness()
        let good = try witness.cosign(Self.checkpoint, at: 7)
        let bad: [NoteSignature] = [
            try witness.cosign(Self.checkpoint + "extension\n", at: 7),
            // The time is changed, the signature is not.
            try changed(good, bytes: [0, 0, 0, 0, 0, 0, 0, 8] + good.signature.dropFirst(8)),
            // A plain signature without time, one that is too long, one from after 2^63.
            try changed(good, bytes: Array(good.signature.dropFirst(8))),
            try changed(good, bytes: good.signature + [0]),
            try changed(good, bytes: [128, 0, 0, 0, 0, 0, 0, 7] + good.signature.dropFirst(8)),
        ]
        for line in bad {
            let note = try note(by: [good, line])
            #expect(throws: NoteError.badSignature(name: "witness.example/w1")) {
                try witness.key.cosignature(under: note)
            }
        }
    }

    private func changed(_ line: NoteSignature, bytes: [UInt8]) throws -> NoteSignature {
        let id = (0..<4).map { UInt8(truncatingIfNeeded: line.keyID >> (24 - 8 * $0)) }
        return try NoteSignature(line: "— \(line.name) \(Base64.encode(id + bytes))".utf8)
    }

    @Test func cosigningRefusesWhatIsNoTextAndNoTime() throws {
        let witness = try witness()
        #expect(throws: NoteError.malformedText) { try witness.cosign("no newline", at: 1) }
        #expect(throws: NoteError.malformedText) {
            try witness.cosign(Self.checkpoint, at: 1 << 63)
        }
    }

    @Test func signerNeverShowsItsSeed() throws {
        var dumped = ""
        dump(try witness(), to: &dumped)
        #expect(dumped.contains("witness.example/w1"))
        #expect(!dumped.contains("PrivateKey"))
    }
}

@Suite struct CheckpointSubmissionTests {
    private let note =
        "origin\n1\n\(Hash.emptyRoot)\n\n— origin \(Base64.encode(Array(repeating: 7, count: 68)))\n"
    private let proof = Hash.emptyRoot.base64 + "\n"

    @Test(arguments: [0, 1, 63]) func comesBackTheSame(lines: Int) throws {
        let body = "old 7\n" + String(repeating: proof, count: lines) + "\n" + note
        let submission = try CheckpointSubmission(parsing: body.utf8)
        #expect(submission.oldSize == 7)
        #expect(submission.proof.count == lines)
        #expect(submission.note.encoded == note)
        #expect(submission.encoded == body)
    }

    @Test func largestSizeIsRead() throws {
        let body = "old 9223372036854775807\n\n" + note
        #expect(try CheckpointSubmission(parsing: body.utf8).oldSize == UInt64(Int64.max))
    }

    @Test(arguments: [
        "", "old", "old 7", "old \n\n", "old 07\n\n", "old -1\n\n", "old +1\n\n",
        "old 9223372036854775808\n\n",
        "old 99999999999999999999\n\n", "old  7\n\n", "OLD 7\n\n", "size 7\n\n", "old 7 \n\n",
        "old 7\r\n\r\n",
        "old 7\nAAAA\n\n", "old 7\nnot base64\n\n",
    ])
    func malformedLinesAreRefused(head: String) {
        #expect(throws: NoteError.malformedNote) {
            try CheckpointSubmission(parsing: (head + note).utf8)
        }
    }

    @Test func moreProofThanThereCanBeIsRefused() {
        let body = "old 7\n" + String(repeating: proof, count: 64) + "\n" + note
        #expect(throws: NoteError.malformedNote) { try CheckpointSubmission(parsing: body.utf8) }
    }

    @Test func noteWithTooManySignaturesIsRefused() {
        let line = note.split(separator: "\n").last.map { $0 + "\n" } ?? ""
        let body = "old 0\n\n" + note + String(repeating: line, count: 64)
        #expect(throws: NoteError.tooLarge) { try CheckpointSubmission(parsing: body.utf8) }
    }

    @Test func bodyThatIsTooLargeIsRefused() {
        let body = Array(repeating: UInt8(ascii: "\n"), count: CheckpointSubmission.bytes + 1)
        #expect(throws: NoteError.tooLarge) { try CheckpointSubmission(parsing: body) }
    }

    @Test func sizesAreReadAsWitnessesTellThem() {
        #expect(TreeSizeText.parse("0\n".utf8) == 0)
        #expect(TreeSizeText.parse("9223372036854775807\n".utf8) == UInt64(Int64.max))
        for junk in ["", "\n", "7", "07\n", "7\n\n", "-1\n", "9223372036854775808\n", "<html>\n"] {
            #expect(TreeSizeText.parse(junk.utf8) == nil, "\(junk)")
        }
    }
}
