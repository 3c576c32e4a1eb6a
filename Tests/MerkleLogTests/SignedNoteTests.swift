import MerkleLog
import Testing

/// What several suites sign with.
enum Keys {
    static let name = "lockbox.example/audit/acme"
    /// Made by another implementation from the seed 00 01 … 1f.
    static let vkey =
        "lockbox.example/audit/acme+a3c8983f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

    static func signer(_ name: String = Keys.name, seed first: UInt8 = 0) throws -> NoteSigner {
        try NoteSigner(name: name, seed: Array(first..<first + 32))
    }
}

@Suite struct VerifierKeyTests {
    @Test func keyTextComesBackTheSame() throws {
        let key = try VerifierKey(parsing: Keys.vkey)
        #expect(key.text == Keys.vkey)
        #expect(key.name == Keys.name)
        #expect(key.id == 0xa3c8_983f)
        #expect(try Keys.signer().verifierKey == key)
    }

    @Test func seedGivesTheKeyOfRFC8032() throws {
        let seed = try #require(
            Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".utf8)
        )
        let key = try NoteSigner(name: "a", seed: seed).verifierKey
        #expect(
            Hex.encode(key.publicKey)
                == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        )
    }

    @Test(arguments: [
        "", "+", "++", "name", "name+a3c8983f", "lockbox.example/audit/acme+a3c8983f+",
        "lockbox.example/audit/acme+a3c8983f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG",
        "lockbox.example/audit/acme+a3c8983f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVQ==",
        "lockbox.example/audit/acme+A3C8983F+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "lockbox.example/audit/acme+3c8983f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "+a3c8983f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "lockbox example+a3c8983f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "lockbox.example/audit/acme+a3c8983f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n",
    ])
    func malformedKeyTextsAreRefused(text: String) {
        #expect(throws: NoteError.malformedKey) { try VerifierKey(parsing: text) }
    }

    @Test func keyWhoseIDBelongsToAnotherIsRefused() {
        #expect(throws: NoteError.wrongKeyID) {
            try VerifierKey(
                parsing: "lockbox.example/audit/acmf" + Keys.vkey.dropFirst(Keys.name.count)
            )
        }
    }

    @Test func keyOfAnotherKindIsRefused() throws {
        let key = Base64.encode([4] + (try Keys.signer().verifierKey.publicKey))
        #expect(throws: NoteError.unknownKeyType(4)) {
            try VerifierKey(parsing: "\(Keys.name)+a3c8983f+\(key)")
        }
    }

    @Test(arguments: [
        "", "two words", "plus+sign", "line\nbreak", "tab\there", "no\u{A0}break",
        "wide\u{3000}space", "del\u{7F}", "c1\u{9B}2J", "turned\u{202E}round",
        "nothing\u{200B}there",
        "line\u{2028}separator",
    ])
    func namesThatWouldBreakALineAreRefused(name: String) {
        #expect(throws: NoteError.malformedKey) { try Keys.signer(name) }
    }

    @Test func signerNeverShowsItsSeed() throws {
        let signer = try Keys.signer()
        var dumped = "\(signer) \(String(reflecting: signer))"
        dump(signer, to: &dumped)
        #expect(dumped.contains(Keys.name))
        #expect(!dumped.contains("PrivateKey"))
    }

    @Test(arguments: [0, 31, 33, 64])
    func seedOfAnotherLengthIsRefused(count: Int) {
        #expect(throws: NoteError.malformedKey) {
            try NoteSigner(name: "a", seed: Array(repeating: 1, count: count))
        }
    }
}

@Suite struct SignedNoteTests {
    private static let vectorKey =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    private static let vectorText = "This is an example message.\n"
    private static let vectorSignature =
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="

    private let text = "lines of\n\ntext — ünïcode\n"

    @Test func knownAnswerOfC2SP() throws {
        let key = try VerifierKey(parsing: Self.vectorKey)
        let encoded = Self.vectorText + "\n— example.com/foo \(Self.vectorSignature)\n"
        let note = try SignedNote(parsing: encoded.utf8)
        #expect(note.text == Self.vectorText)
        #expect(note.encoded == encoded)
        #expect(try note.verify(with: [key]) == [key])
    }

    @Test func signedNoteVerifiesAndComesBackTheSame() throws {
        let signer = try Keys.signer()
        let note = try SignedNote(text: text, signers: [signer])
        let parsed = try SignedNote(parsing: note.encoded.utf8)
        #expect(parsed == note)
        #expect(parsed.text == text)
        #expect(try parsed.verify(with: [signer.verifierKey]) == [signer.verifierKey])
    }

    @Test func everyKnownSignatureIsTold() throws {
        let (log, witness) = (try Keys.signer(), try Keys.signer("witness.example/w1", seed: 50))
        let note = try SignedNote(text: text, signers: [log]).adding(witness.sign(text))
        let keys: Set = [log.verifierKey, witness.verifierKey]
        #expect(try SignedNote(parsing: note.encoded.utf8).verify(with: Array(keys)) == keys)
        #expect(try note.verify(with: [witness.verifierKey]) == [witness.verifierKey])
    }

    @Test func unknownSignaturesArePassedOver() throws {
        let signer = try Keys.signer()
        let (name, id) = (signer.verifierKey.name, signer.verifierKey.id)
        let unknown = [
            // A stranger, one of another length, one with the name but another id, one with the id
            // but another name.
            "— stranger.example \(Base64.encode(Array(repeating: 9, count: 68)))\n",
            "— post.quantum/key \(Base64.encode(Array(repeating: 8, count: 3313)))\n",
            "— \(name) \(Base64.encode([1, 2, 3, 4] + Array(repeating: 7, count: 64)))\n",
            "— other.example \(Base64.encode([0xa3, 0xc8, 0x98, 0x3f] + Array(repeating: 7, count: 64)))\n",
        ]
        #expect(id == 0xa3c8_983f)
        let known = try signer.sign(text).line + "\n"
        for position in 0...unknown.count {
            var lines = unknown
            lines.insert(known, at: position)
            let note = try SignedNote(parsing: (text + "\n" + lines.joined()).utf8)
            #expect(note.signatures.count == 5)
            #expect(try note.verify(with: [signer.verifierKey]) == [signer.verifierKey])
        }
        let unsigned = try SignedNote(parsing: (text + "\n" + unknown.joined()).utf8)
        #expect(throws: NoteError.unsigned) { try unsigned.verify(with: [signer.verifierKey]) }
    }

    @Test func oneBadSignatureByAKnownKeySpoilsTheNote() throws {
        let (log, witness) = (try Keys.signer(), try Keys.signer("witness.example/w1", seed: 50))
        let foreign = try witness.sign("another text\n")
        let note = try SignedNote(text: text, signers: [log]).adding(foreign)
        #expect(throws: NoteError.badSignature(name: "witness.example/w1")) {
            try note.verify(with: [log.verifierKey, witness.verifierKey])
        }
        #expect(try note.verify(with: [log.verifierKey]) == [log.verifierKey])
        // Also behind a good one by the same key.
        let twice = try SignedNote(text: text, signers: [log]).adding(log.sign("another text\n"))
        #expect(throws: NoteError.badSignature(name: Keys.name)) {
            try twice.verify(with: [log.verifierKey])
        }
    }

    @Test func everyFlippedBitOfTextOrSignatureIsRefused() throws {
        let signer = try Keys.signer()
        let encoded = Array(try SignedNote(text: text, signers: [signer]).encoded.utf8)
        for position in encoded.indices {
            for bit in 0..<8 {
                var changed = encoded
                changed[position] ^= 1 << bit
                #expect(throws: NoteError.self) {
                    try SignedNote(parsing: changed).verify(with: [signer.verifierKey])
                }
            }
        }
    }

    @Test func keysThatCannotBeToldApartAreRefused() throws {
        /// Two public keys found by trying: under this name they have the same id.
        func key(_ number: UInt32) throws -> VerifierKey {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
            return try VerifierKey(
                name: Keys.name,
                publicKey: Array(repeating: 0, count: 28) + bytes
            )
        }
        let (one, other) = (try key(72_724), try key(118_019))
        #expect(one != other)
        #expect(one.id == other.id)
        let line =
            "— \(Keys.name) \(Base64.encode([0xfa, 0xca, 0xb3, 0x3b] + Array(repeating: 7, count: 64)))\n"
        let note = try SignedNote(parsing: (text + "\n" + line).utf8)
        #expect(throws: NoteError.ambiguousKey(name: Keys.name)) {
            try note.verify(with: [one, other])
        }
    }

    @Test func keyGivenTwiceIsNoAmbiguity() throws {
        let signer = try Keys.signer()
        let note = try SignedNote(text: text, signers: [signer])
        #expect(
            try note.verify(with: [signer.verifierKey, signer.verifierKey]) == [signer.verifierKey]
        )
    }

    @Test func noteIsRefusedByWhoeverKnowsNoKey() throws {
        let note = try SignedNote(text: text, signers: [Keys.signer()])
        #expect(throws: NoteError.unsigned) { try note.verify(with: []) }
    }

    @Test(arguments: [
        "", "\n", "\n\n", "text\n", "text\n\n", "text", "text\n\n— a AAAAAAA=", "— a AAAAAAA=\n",
        "\n— a AAAAAAA=\n",
        "text\n— a AAAAAAA=\n",
    ])
    func bytesThatAreNoNoteAreRefused(note: String) {
        #expect(throws: NoteError.malformedNote) { try SignedNote(parsing: note.utf8) }
    }

    @Test(arguments: [
        "- a AAAAAAA=", "—a AAAAAAA=", "—  a AAAAAAA=", "— a  AAAAAAA=", "— a AAAAAAA= ", "— a",
        "— AAAAAAA=", "— a ",
        "—  AAAAAAA=", "— a AAAA", "— a AAAAAA==", "— a AAAAAAA", "— a AAAAAAB=", "— a+b AAAAAAA=",
        "— a\u{A0}b AAAAAAA=", "— a AAAAAAA=\r", " — a AAAAAAA=", "— a AAAAAAA= b",
        "not a signature",
    ])
    func malformedSignatureLinesAreRefused(line: String) {
        #expect(throws: NoteError.malformedSignature) {
            try SignedNote(parsing: "text\n\n\(line)\n".utf8)
        }
        #expect(throws: NoteError.malformedSignature) {
            try SignedNote(parsing: "text\n\n— a AAAAAAA=\n\(line)\n".utf8)
        }
    }

    @Test func controlCharactersAndBrokenUTF8AreRefused() {
        let tail = Array("\n\n— a AAAAAAA=\n".utf8)
        for bytes in [
            [0x09], [0x0d], [0x00], [0x1f], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x7f],
            [0xc2, 0x9b],
        ]
            as [[UInt8]]
        {
            #expect(throws: NoteError.malformedText) {
                try SignedNote(parsing: Array("text".utf8) + bytes + tail)
            }
        }
        #expect(throws: NoteError.malformedSignature) {
            try SignedNote(parsing: Array("text\n\n— a".utf8) + [0xff] + Array(" AAAAAAA=\n".utf8))
        }
    }

    @Test func latestCosignatureOfAKeyIsItsTime() throws {
        let signer = try Keys.signer()
        let key = signer.verifierKey.cosigning
        func cosigned(_ text: String, _ time: UInt64) throws -> NoteSignature {
            let signed = try signer.sign(Cosignature.message(text, time: time)).signature
            return Cosignature.line(signed, time: time, key: key)
        }
        let plain = try SignedNote(text: "text\n", signers: [signer])
        #expect(try key.cosignature(under: plain) == nil)
        let note = try plain.adding(try cosigned("text\n", 7)).adding(try cosigned("text\n", 5))
        #expect(try note.verify(with: [signer.verifierKey]) == [signer.verifierKey])
        #expect(try key.cosignature(under: note)?.time == 7)
        let other = try Keys.signer(seed: 9).verifierKey.cosigning
        #expect(try other.cosignature(under: note) == nil)
        let spoilt = try note.adding(try cosigned("another text\n", 9))
        #expect(throws: NoteError.badSignature(name: Keys.name)) {
            try key.cosignature(under: spoilt)
        }
    }

    @Test func textIsCutAtTheLastEmptyLine() throws {
        let note = try SignedNote(parsing: "a\n\n— a AAAAAAA=\n\n— b AAAAAAA=\n".utf8)
        #expect(note.text == "a\n\n— a AAAAAAA=\n")
        #expect(note.signatures.map(\.name) == ["b"])
    }

    @Test func textWithoutItsNewlineIsNotSigned() throws {
        let signer = try Keys.signer()
        for text in ["", "text", "text\r\n", "a\tb\n"] {
            #expect(throws: NoteError.malformedText) { try signer.sign(text) }
            #expect(throws: NoteError.malformedText) {
                try SignedNote(text: text, signers: [signer])
            }
        }
        #expect(throws: NoteError.unsigned) { try SignedNote(text: "text\n", signers: []) }
    }

    @Test func sizeAndNumberOfSignaturesAreLimited() throws {
        func note(signatures: Int) -> String {
            "text\n\n" + String(repeating: "— a AAAAAAA=\n", count: signatures)
        }
        let most = try SignedNote(parsing: note(signatures: LogLimits.noteSignatures).utf8)
        #expect(most.signatures.count == LogLimits.noteSignatures)
        #expect(throws: NoteError.tooLarge) {
            try SignedNote(parsing: note(signatures: LogLimits.noteSignatures + 1).utf8)
        }
        #expect(throws: NoteError.tooLarge) { try most.adding(most.signatures[0]) }
        #expect(throws: NoteError.tooLarge) {
            try SignedNote(
                parsing: Array(repeating: UInt8(ascii: "a"), count: LogLimits.noteBytes + 1)
            )
        }
    }

    @Test func namesThatOnlyLookAlikeAreDifferentKeys() throws {
        // Equal as Swift strings, different as bytes.
        let (composed, decomposed) = ("caf\u{E9}.example", "cafe\u{301}.example")
        #expect(composed == decomposed)
        let signer = try Keys.signer(composed)
        let id = Base64.decode(try signer.sign(text).line.utf8.suffix(92))?.prefix(4) ?? []
        let line = "— \(decomposed) \(Base64.encode(id + Array(repeating: 7, count: 64)))\n"
        let note = try SignedNote(parsing: (text + "\n" + line).utf8)
        #expect(note.signatures[0].keyID == signer.verifierKey.id)
        #expect(throws: NoteError.unsigned) { try note.verify(with: [signer.verifierKey]) }
    }

    @Test func anyBytesAreRefusedWithoutTrouble() {
        var chance = SeededGenerator(state: 12)
        let pieces = ["\n", "\n\n", "— ", "a", " ", "AAAAAAA=", "+", "=", "0", "\u{0}", "é"].map {
            Array($0.utf8)
        }
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<20, using: &chance) {
                bytes += pieces[Int.random(in: 0..<pieces.count, using: &chance)]
                if Int.random(in: 0..<20, using: &chance) == 0 {
                    bytes.append(.random(in: 0...255, using: &chance))
                }
            }
            // Whatever parses is written again as it was read.
            if let note = try? SignedNote(parsing: bytes) {
                #expect(Array(note.encoded.utf8) == bytes)
            }
        }
    }
}
