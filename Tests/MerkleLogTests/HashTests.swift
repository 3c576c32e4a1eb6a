import MerkleLog
import Testing

@Suite struct HashTests {
    @Test func knownAnswersOfRFC6962() {
        #expect(
            Hash.emptyRoot.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        #expect(
            Hash.leaf([]).hex == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        )
        #expect(
            Hash.leaf("L123456".utf8).hex
                == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
        )
    }

    @Test func nodeIsThePrefixedHashOfBothChildren() {
        let (left, right) = (Hash.leaf([1]), Hash.leaf([2]))
        #expect(Hash.node(left, right) != Hash.node(right, left))
        // SHA-256(0x01 ‖ l ‖ r), computed elsewhere.
        #expect(
            Hash.node(.emptyRoot, .emptyRoot).base64
                == "po7nncEoE9E0/QNccyj3vV7mgYdzX38NLkUa6j/2kw8="
        )
    }

    @Test func leafHashDoesNotDependOnHowTheBytesAreStored() {
        let data = Array("some entry".utf8)
        let expected = Hash.leaf(data)
        #expect(Hash.leaf("some entry".utf8) == expected)
        #expect(Hash.leaf(data[...]) == expected)
        #expect(Hash.leaf(data.lazy.map { $0 }) == expected)
    }

    @Test func bytesAndTextsComeBackTheSame() throws {
        let hash = Hash.leaf([7])
        #expect(hash.bytes.count == Hash.byteCount)
        #expect(Hash(bytes: hash.bytes) == hash)
        #expect(Hash(base64: hash.base64) == hash)
        #expect(Hash(hex: hash.hex) == hash)
        #expect("\(hash)" == hash.base64)
    }

    @Test func otherLengthsAndFormsAreRefused() {
        let hash = Hash.leaf([7])
        #expect(Hash(bytes: hash.bytes.dropLast()) == nil)
        #expect(Hash(bytes: hash.bytes + [0]) == nil)
        #expect(Hash(hex: hash.hex.uppercased()) == nil)
        #expect(Hash(hex: hash.hex + "00") == nil)
        #expect(Hash(base64: hash.base64.dropLast()) == nil)
        #expect(Hash(base64: hash.base64 + "\n") == nil)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectorsOfRFC4648(plain: String, text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text.utf8) == Array(plain.utf8))
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm9v====",
        "Zg==Zg==", "Zm-_",
        "Zm9é",
    ])
    func textsThatNobodyWritesAreRefused(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test func everyLengthAndByteComesBackTheSame() {
        var chance = SeededGenerator(state: 4648)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &chance) }
            #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
            #expect(Hex.decode(Hex.encode(bytes).utf8) == bytes)
        }
    }
}
