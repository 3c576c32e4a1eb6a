import Crypto
import LockboxTestAuthenticator
import MerkleLog
import Testing
import WebAuthn

/// Each check of WebAuthn Level 3 §7.1 and §7.2 that can be made of bytes alone.
struct CeremonyTests {
    private static let origin = "https://lockbox.example.test"
    private static let host = "lockbox.example.test"
    private static let challenge = Array(repeating: UInt8(7), count: 56)

    private static func party() throws -> RelyingParty {
        try #require(RelyingParty(scheme: "https", host: host, origin: origin))
    }

    private static func authenticator(_ algorithm: PublicKey.Algorithm = .es256) throws
        -> SoftAuthenticator
    {
        try SoftAuthenticator(algorithm, at: origin, party: host)
    }

    // MARK: - What is good

    @Test(arguments: PublicKey.Algorithm.allCases)
    func aPasskeyOfEachAlgorithmIsMadeAndUsed(_ algorithm: PublicKey.Algorithm) throws {
        var device = try Self.authenticator(algorithm)
        device.counter = 3
        device.flags |= SoftAuthenticator.Flag.backupEligible | SoftAuthenticator.Flag.backedUp
        let party = try Self.party()
        let made = try RegistrationResponse(
            json: try device.registration(answering: Self.challenge).json
        ).verified(answering: Self.challenge, at: party)
        #expect(made.id == device.credential)
        #expect(made.publicKey == device.publicKey)
        #expect(made.counter == 3)
        #expect(made.isBackupEligible && made.isBackedUp)
        let attested = try device.selfAttested(answering: Self.challenge)
        #expect(try attested.verified(answering: Self.challenge, at: party) == made)

        device.counter = 0xFFFF_FFFF
        device.flags &= ~SoftAuthenticator.Flag.backedUp
        let used = try AssertionResponse(
            json: try device.assertion(answering: Self.challenge).json
        ).verified(
            answering: Self.challenge,
            by: try PublicKey(cose: made.publicKey),
            isBackupEligible: true,
            at: party
        )
        #expect(used.counter == 0xFFFF_FFFF)
        #expect(!used.isBackedUp)
    }

    @Test func whatBrowsersAddIsNotLookedAt() throws {
        var device = try Self.authenticator()
        device.members +=
            #","other_keys_can_be_added_here":"do not compare clientDataJSON","n":1.5"#
        // {"credProtect": 2}
        device.extensions = [0xA1] + SoftAuthenticator.text("credProtect") + [0x02]
        _ = try device.registration(answering: Self.challenge)
            .verified(answering: Self.challenge, at: try Self.party())
        _ = try Self.verify(try device.assertion(answering: Self.challenge), of: device)
    }

    // MARK: - What is not

    /// What is said otherwise, and the check that finds it.
    private static let said: [(WebAuthnFault, @Sendable (inout SoftAuthenticator) -> Void)] = [
        (.origin, { $0.origin = "https://lockbox.example.test.evil.test" }),
        (.origin, { $0.origin = "http://lockbox.example.test" }),
        (.origin, { $0.origin = "https://lockbox.example.test:8443" }),
        (.origin, { $0.origin = "https://LOCKBOX.example.test" }),
        (.origin, { $0.origin = "https://lockbox.example.test/" }),
        (.origin, { $0.origin = "null" }),
        (.origin, { $0.origin = "https://loc\u{212A}box.example.test" }),
        (.crossOrigin, { $0.members = #","crossOrigin":true"# }),
        (.crossOrigin, { $0.members = #","topOrigin":"https://evil.test""# }),
        (.crossOrigin, { $0.members = #","crossOrigin":false,"topOrigin":null"# }),
        (.clientData, { $0.members = #","crossOrigin":"false""# }),
        (.clientData, { $0.members = #","crossOrigin":null"# }),
        (.clientData, { $0.members = #","origin":"https://lockbox.example.test""# }),
        (.clientData, { $0.members = #","a":1,"a":1"# }),
        (.clientData, { $0.members = #","a":"\ud800""# }),
        (.clientData, { $0.members = "}" }),
        (.clientData, { $0.members = #","a":""# + String(repeating: "a", count: 4096) + "\"" }),
        (.type, { $0.type = "webauthn.delete" }),
        (.type, { $0.type = "" }),
        (.relyingParty, { $0.party = "evil.test" }),
        (.relyingParty, { $0.party = "example.test" }),
        (.userPresence, { $0.flags = SoftAuthenticator.Flag.userVerified }),
        (.userVerification, { $0.flags = SoftAuthenticator.Flag.userPresent }),
        (.backupState, { $0.flags |= SoftAuthenticator.Flag.backedUp }),
        (.authenticatorData, { $0.flags |= SoftAuthenticator.Flag.extensions }),
        (.authenticatorData, { $0.extensions = [0x01] }),
        (.authenticatorData, { $0.extensions = [0xA0, 0x00] }),
        (.authenticatorData, { $0.extensions = [0xBF, 0xFF] }),
    ]

    @Test func eachThingThatIsSaidOtherwiseIsFound() throws {
        for (index, (fault, change)) in Self.said.enumerated() {
            var device = try Self.authenticator()
            change(&device)
            let registration = try device.registration(answering: Self.challenge)
            #expect(throws: fault, "registration \(index)") {
                try registration.verified(answering: Self.challenge, at: Self.party())
            }
            let assertion = try device.assertion(answering: Self.challenge)
            #expect(throws: fault, "assertion \(index)") {
                try Self.verify(assertion, of: device)
            }
        }
    }

    @Test func anAnswerToTheOtherCeremonyIsNone() throws {
        var device = try Self.authenticator()
        device.type = "webauthn.get"
        let registration = try device.registration(answering: Self.challenge)
        #expect(throws: WebAuthnFault.type) {
            try registration.verified(answering: Self.challenge, at: Self.party())
        }
        device.type = "webauthn.create"
        let assertion = try device.assertion(answering: Self.challenge)
        #expect(throws: WebAuthnFault.type) { try Self.verify(assertion, of: device) }
        // Data with a new credential in it answers no question of who somebody is.
        device.type = nil
        let both = try device.assertion(
            clientData: device.clientData("webauthn.get", Self.challenge),
            device.authenticatorData(withCredential: true)
        )
        #expect(throws: WebAuthnFault.authenticatorData) { try Self.verify(both, of: device) }
    }

    @Test func anAnswerToAnotherChallengeIsNone() throws {
        let device = try Self.authenticator()
        for other in [[], [7], Self.challenge.dropLast(), Self.challenge + [7]] as [[UInt8]] {
            let registration = try device.registration(answering: other)
            #expect(throws: WebAuthnFault.challenge) {
                try registration.verified(answering: Self.challenge, at: Self.party())
            }
            let assertion = try device.assertion(answering: other)
            #expect(throws: WebAuthnFault.challenge) { try Self.verify(assertion, of: device) }
        }
        // With padding it is another text.
        let text = Self.challenge.base64URL
        let padded = String(
            decoding: device.clientData("webauthn.get", Self.challenge),
            as: UTF8.self
        )
        .replacing(text, with: text + "=")
        let assertion = try device.assertion(clientData: Array(padded.utf8))
        #expect(throws: WebAuthnFault.challenge) { try Self.verify(assertion, of: device) }
    }

    /// What is particular to a new passkey.
    private static let made: [(WebAuthnFault, @Sendable (inout SoftAuthenticator) -> Void)] = [
        (.attestation, { $0.statement = [0xA1, 0x01, 0x01] }),
        (.attestation, { $0.statement = [0x80] }),
        (.attestation, { $0.statement = [0xBF, 0xFF] }),
        (.attestationFormat, { $0.format = "fido-u2f" }),
        (.attestationFormat, { $0.format = "" }),
        (.attestationFormat, { $0.format = "packed" }),
        (.credentialID, { $0.credential = Array($0.credential.prefix(15)) }),
        (.credentialID, { $0.credential = Array(repeating: 1, count: 1024) }),
        (.publicKey, { $0.publicKey = [0xA0] }),
        (.publicKey, { $0.publicKey = [0x01] }),
        // No point of the curve.
        (.publicKey, { $0.publicKey[20] ^= 1 }),
        // Another curve, another kind of key, a member more.
        (.publicKey, { $0.publicKey[6] = 0x02 }),
        (.publicKey, { $0.publicKey[2] = 0x03 }),
        (.publicKey, { $0.publicKey = [0xA6] + $0.publicKey.dropFirst() + [0x23, 0x00] }),
        // ES384, and a key that is shared.
        (.algorithm, { $0.publicKey = [0xA5, 1, 2, 3, 0x38, 0x22] + $0.publicKey.dropFirst(5) }),
        (.algorithm, { $0.publicKey = [0xA2, 0x01, 0x04, 0x03, 0x05] }),
        (.authenticatorData, { $0.publicKey = [0xBF, 0xFF] }),
        (.authenticatorData, { $0.publicKey = [] }),
    ]

    @Test func eachThingThatIsWrongInANewPasskeyIsFound() throws {
        for (index, (fault, change)) in Self.made.enumerated() {
            var device = try Self.authenticator()
            change(&device)
            let registration = try device.registration(answering: Self.challenge)
            #expect(throws: fault, "\(index)") {
                try registration.verified(answering: Self.challenge, at: Self.party())
            }
        }
        let device = try Self.authenticator()
        let other = try Self.authenticator()
        let registration = try device.registration(answering: Self.challenge)
        let renamed = RegistrationResponse(
            id: other.credential,
            clientData: registration.clientData,
            attestation: registration.attestation
        )
        #expect(throws: WebAuthnFault.credentialID) {
            try renamed.verified(answering: Self.challenge, at: Self.party())
        }
    }

    @Test func aCredentialSignsForItselfAlone() throws {
        let device = try Self.authenticator()
        var thief = try Self.authenticator()
        thief.credential = device.credential
        thief.publicKey = device.publicKey
        let forged = try thief.selfAttested(answering: Self.challenge)
        #expect(throws: WebAuthnFault.signature) {
            try forged.verified(answering: Self.challenge, at: Self.party())
        }
        let assertion = try thief.assertion(answering: Self.challenge)
        #expect(throws: WebAuthnFault.signature) { try Self.verify(assertion, of: device) }
    }

    @Test func aWeakRSAKeyIsNone() throws {
        for (bytes, exponent) in [(128, [1, 0, 1]), (1024, [1, 0, 1]), (256, [3])]
            as [(Int, [UInt8])]
        {
            var device = try Self.authenticator()
            device.publicKey =
                [0xA4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20]
                + SoftAuthenticator.bytes(Array(repeating: 0xFF, count: bytes)) + [0x21]
                + SoftAuthenticator.bytes(exponent)
            let registration = try device.registration(answering: Self.challenge)
            #expect(throws: WebAuthnFault.publicKey) {
                try registration.verified(answering: Self.challenge, at: Self.party())
            }
        }
    }

    @Test func whetherAPasskeyCanBeBackedUpNeverChanges() throws {
        var device = try Self.authenticator()
        let before = try device.assertion(answering: Self.challenge)
        #expect(throws: WebAuthnFault.backupEligibility) {
            try Self.verify(before, of: device, isBackupEligible: true)
        }
        device.flags |= SoftAuthenticator.Flag.backupEligible
        let after = try device.assertion(answering: Self.challenge)
        #expect(throws: WebAuthnFault.backupEligibility) { try Self.verify(after, of: device) }
    }

    // MARK: - Broken bytes

    @Test func nothingThatIsCutOrChangedIsTaken() throws {
        let device = try Self.authenticator()
        let party = try Self.party()
        let good = try device.assertion(answering: Self.challenge)
        func refused(_ clientData: [UInt8], _ data: [UInt8], _ signature: [UInt8]) -> Bool {
            let changed = AssertionResponse(
                id: good.id,
                clientData: clientData,
                authenticatorData: data,
                signature: signature,
                userHandle: nil
            )
            return (try? Self.verify(changed, of: device)) == nil
        }
        for bytes in Self.broken(good.clientData) {
            #expect(refused(bytes, good.authenticatorData, good.signature))
        }
        for bytes in Self.broken(good.authenticatorData) {
            #expect(refused(good.clientData, bytes, good.signature))
        }
        for bytes in Self.broken(good.signature) {
            #expect(refused(good.clientData, good.authenticatorData, bytes))
        }
        #expect(!refused(good.clientData, good.authenticatorData, good.signature))

        // A new passkey whose attestation is `none` is not signed: some changes make another passkey.
        let new = try device.registration(answering: Self.challenge)
        for bytes in Self.broken(new.attestation) {
            let changed = RegistrationResponse(
                id: new.id,
                clientData: new.clientData,
                attestation: bytes
            )
            if let made = try? changed.verified(answering: Self.challenge, at: party) {
                #expect(made.id == device.credential)
                #expect(throws: Never.self) { try PublicKey(cose: made.publicKey) }
            }
        }
        // Cut anywhere it is none at all.
        for count in 0..<new.attestation.count {
            let cut = RegistrationResponse(
                id: new.id,
                clientData: new.clientData,
                attestation: Array(new.attestation.prefix(count))
            )
            #expect(throws: WebAuthnFault.attestation) {
                try cut.verified(answering: Self.challenge, at: party)
            }
        }
    }

    /// Cut at each byte, with one more, and with each bit turned.
    private static func broken(_ bytes: [UInt8]) -> [[UInt8]] {
        var all = (0..<bytes.count).map { Array(bytes.prefix($0)) }
        all.append(bytes + [0])
        for index in bytes.indices {
            for bit: UInt8 in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                all.append(changed)
            }
        }
        return all
    }

    private static let id = "AAAAAAAAAAAAAAAAAAAAAA"
    private static let parts = """
        {"clientDataJSON":"e30","attestationObject":"oA","authenticatorData":"oA","signature":"oA"}
        """

    @Test(arguments: [
        "", "{}", "null", "[]", "\u{FEFF}{}", #"{"id":"AAAA"}"#,
        #"{"id":"\#(id)","type":"public-key","response":{"clientDataJSON":"e30"}}"#,
        #"{"id":"\#(id)","type":"password","response":\#(parts)}"#,
        #"{"id":"\#(id)==","type":"public-key","response":\#(parts)}"#,
        #"{"id":"\#(id)","id":"\#(id)","type":"public-key","response":\#(parts)}"#,
        #"{"id":"\#(id)","type":"public-key","response":\#(parts.replacing("oA", with: ""))}"#,
        String(repeating: "[", count: 20_000),
    ])
    func whatIsNoAnswerIsRefusedAsAWhole(_ text: String) {
        #expect(throws: WebAuthnFault.response) { try AssertionResponse(json: text) }
        #expect(throws: WebAuthnFault.response) { try RegistrationResponse(json: text) }
    }

    // MARK: - Where passkeys are

    @Test(arguments: [
        ("https", "lockbox.example.test", true), ("https", "localhost", true),
        ("http", "localhost", true), ("http", "portal.localhost", true),
        ("http", "lockbox.example.test", false), ("http", "127.0.0.1", false),
        ("https", "192.0.2.1", false), ("https", "[2001:db8::1]", false), ("https", "", false),
        ("http", "evil-localhost", false),
    ])
    func onlyNamesWithTLSHaveThem(_ scheme: String, _ host: String, _ has: Bool) {
        let party = RelyingParty(scheme: scheme, host: host, origin: "\(scheme)://\(host)")
        #expect((party != nil) == has)
    }

    @discardableResult
    private static func verify(
        _ answer: AssertionResponse,
        of device: SoftAuthenticator,
        isBackupEligible: Bool = false
    ) throws -> Assertion {
        try answer.verified(
            answering: challenge,
            by: try PublicKey(cose: device.publicKey),
            isBackupEligible: isBackupEligible,
            at: try party()
        )
    }
}
