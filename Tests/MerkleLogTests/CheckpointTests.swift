import MerkleLog
import Testing

@Suite struct CheckpointTests {
    private static let root = "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk="

    /// A log of three entries, signed by another implementation.
    private static let golden = """
        lockbox.example/audit/acme
        3
        \(root)

        — lockbox.example/audit/acme \
        o8iYP0BkHCDmb5o19V7W/kY/xi5WOOL7JethKk0J6mfx37iadOF7msWFcjsce5KQna88QrY0MMKY2IGLR/s63vsE9Q0=

        """

    private func checkpoint() throws -> Checkpoint {
        var range = CompactRange()
        for entry in ["one", "two", "three"] { range.append(.leaf(entry.utf8)) }
        return try Checkpoint(origin: Keys.name, head: range.head)
    }

    @Test func signedCheckpointIsTheGoldenOne() throws {
        let note = try SignedNote(text: checkpoint().text, signers: [Keys.signer()])
        #expect(note.encoded == Self.golden)
    }

    @Test func goldenCheckpointIsBelieved() throws {
        let note = try SignedNote(parsing: Self.golden.utf8)
        let key = try VerifierKey(parsing: Keys.vkey)
        #expect(try Checkpoint(opening: note, origin: Keys.name, logKey: key) == checkpoint())
    }

    @Test func checkpointOfAnotherLogIsRefused() throws {
        let signer = try Keys.signer()
        let other = try Checkpoint(origin: "lockbox.example/audit/other", head: checkpoint().head)
        let note = try SignedNote(text: other.text, signers: [signer])
        #expect(throws: CheckpointError.wrongOrigin) {
            try Checkpoint(opening: note, origin: Keys.name, logKey: signer.verifierKey)
        }
    }

    @Test func checkpointThatTheLogHasNotSignedIsRefused() throws {
        let witness = try Keys.signer("witness.example/w1", seed: 50)
        let note = try SignedNote(text: checkpoint().text, signers: [witness])
        #expect(throws: CheckpointError.note(.unsigned)) {
            try Checkpoint(
                opening: note,
                origin: Keys.name,
                logKey: VerifierKey(parsing: Keys.vkey)
            )
        }
    }

    @Test func signedTextThatIsNoCheckpointIsRefused() throws {
        let signer = try Keys.signer()
        let note = try SignedNote(text: "hello\n", signers: [signer])
        #expect(throws: CheckpointError.malformed) {
            try Checkpoint(opening: note, origin: Keys.name, logKey: signer.verifierKey)
        }
    }

    @Test func extensionLinesArePassedOver() throws {
        #expect(
            try Checkpoint(parsing: checkpoint().text + "extension 1\nextension 2\n")
                == checkpoint()
        )
    }

    @Test func emptyLogHasTheEmptyRoot() throws {
        let empty = try Checkpoint(origin: "o", head: CompactRange().head)
        #expect(try Checkpoint(parsing: empty.text) == empty)
        #expect(throws: CheckpointError.wrongEmptyRoot) {
            try Checkpoint(parsing: "o\n0\n\(Self.root)\n")
        }
    }

    @Test(arguments: [
        "", "\n", "o\n3\n", "o\n3\n\(root)", "\n3\n\(root)\n", "o\n\n\(root)\n", "o\n03\n\(root)\n",
        "o\n+3\n\(root)\n",
        "o\n-3\n\(root)\n", "o\n 3\n\(root)\n", "o\n3 \n\(root)\n", "o\n0x3\n\(root)\n",
        "o\n3\n\(root) \n",
        "o\n3\nAAAA\n", "o\n3\n\n", "o\n3\n\(root)\n\n", "o\n3\n\(root)\n\nextension\n",
        "o\n3\n\(root)\nextension",
        "o\n3\r\n\(root)\n", "o\n9223372036854775808\n\(root)\n",
        "o\n18446744073709551617\n\(root)\n",
        "o\n٣\n\(root)\n", "o\n3\n\(root.dropLast())\n",
    ])
    func malformedTextsAreRefused(text: String) {
        #expect(throws: CheckpointError.malformed) { try Checkpoint(parsing: text) }
    }

    @Test(arguments: ["", "two\nlines", "tab\t", "return\r"])
    func originThatIsNotALineIsRefused(origin: String) {
        #expect(throws: CheckpointError.malformed) {
            try Checkpoint(origin: origin, head: CompactRange().head)
        }
    }
}
