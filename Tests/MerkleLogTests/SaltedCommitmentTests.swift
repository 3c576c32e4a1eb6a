import MerkleLog
import Testing

@Suite struct SaltedCommitmentTests {
    private let salt = Array<UInt8>(0..<16)

    private func commitment(
        salt: [UInt8]? = nil,
        field: String = "requester",
        text: String = "Zoë Ångström"
    ) throws -> SaltedCommitment {
        try SaltedCommitment(salt: salt ?? self.salt, field: field, text: text)
    }

    @Test func knownAnswer() throws {
        // SHA-256(02 ‖ salt ‖ 0009 ‖ "requester" ‖ text), computed elsewhere.
        #expect(try commitment().base64 == "qYiGCiV0+6uuAnnGW7myZd4tnpKrSW2GL2StZWNtAds=")
    }

    @Test func rightSaltFieldAndTextOpenIt() throws {
        let commitment = try #require(SaltedCommitment(base64: commitment().base64))
        #expect(commitment.isOpened(salt: salt, field: "requester", text: "Zoë Ångström"))
    }

    @Test func nothingElseOpensIt() throws {
        let commitment = try commitment()
        var otherSalt = salt
        otherSalt[15] ^= 1
        #expect(!commitment.isOpened(salt: otherSalt, field: "requester", text: "Zoë Ångström"))
        #expect(!commitment.isOpened(salt: salt, field: "approver", text: "Zoë Ångström"))
        #expect(!commitment.isOpened(salt: salt, field: "requester", text: "Zoe Ångström"))
        #expect(!commitment.isOpened(salt: salt, field: "requesterZ", text: "oë Ångström"))
        #expect(!commitment.isOpened(salt: salt, field: "requeste", text: "rZoë Ångström"))
        #expect(!commitment.isOpened(salt: [], field: "requester", text: "Zoë Ångström"))
    }

    @Test func saltOfAnotherLengthIsRefused() {
        for count in [0, 15, 17, 32] {
            #expect(throws: CommitmentError.saltLength) {
                try commitment(salt: Array(repeating: 1, count: count))
            }
        }
    }

    @Test func fieldNameThatItsLengthCannotSayIsRefused() throws {
        #expect(throws: CommitmentError.fieldNameTooLong) {
            try commitment(field: String(repeating: "a", count: 65_536))
        }
        _ = try commitment(field: String(repeating: "a", count: 65_535))
    }

    @Test func textThatIsNoHashIsRefused() {
        #expect(SaltedCommitment(base64: "qYiGCiV0") == nil)
    }
}
