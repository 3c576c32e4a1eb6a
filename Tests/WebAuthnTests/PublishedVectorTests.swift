import MerkleLog
import Testing
import WebAuthn

/// The vector of WebAuthn Level 3 for a credential with ES256 and no attestation
/// (`sctn-test-vectors-none-es256`). Its authenticator did not ask who was there, which is not enough
/// for us; all else of it is good.
struct PublishedVectorTests {
    private static let attestation = """
        a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4\
        735ae7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2\
        fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86\
        ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c12cc68ed7\
        3290af2e2664796b9220
        """
    private static let registrationData = """
        7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557\
        878475453746e63647134313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a\
        2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c226578747\
        26144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164\
        646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20426\
        b5165446a646354427258426941774a544c453551227d
        """
    private static let credential =
        "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4"
    private static let publicKey = """
        a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df6122582093\
        0a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220
        """
    private static let authenticatorData =
        "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000"
    private static let assertionData = """
        7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5\
        455506f334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a226874\
        7470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d
        """
    private static let signature = """
        3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93\
        538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87
        """

    private static func party() throws -> RelyingParty {
        try #require(
            RelyingParty(scheme: "https", host: "example.org", origin: "https://example.org")
        )
    }

    @Test func registrationFailsOnlyBecauseNobodyWasAsked() throws {
        let answer = RegistrationResponse(
            id: try #require(Hex.decode(Self.credential.utf8)),
            clientData: try #require(Hex.decode(Self.registrationData.utf8)),
            attestation: try #require(Hex.decode(Self.attestation.utf8))
        )
        let challenge = try answer.challenge(at: try Self.party())
        #expect(
            Hex.encode(challenge)
                == "00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130"
        )
        #expect(throws: WebAuthnFault.userVerification) {
            try answer.verified(answering: challenge, at: Self.party())
        }
    }

    @Test func theAssertionIsSignedAndFailsOnlyBecauseNobodyWasAsked() throws {
        let key = try PublicKey(cose: try #require(Hex.decode(Self.publicKey.utf8)))
        let answer = AssertionResponse(
            id: try #require(Hex.decode(Self.credential.utf8)),
            clientData: try #require(Hex.decode(Self.assertionData.utf8)),
            authenticatorData: try #require(Hex.decode(Self.authenticatorData.utf8)),
            signature: try #require(Hex.decode(Self.signature.utf8)),
            userHandle: nil
        )
        #expect(answer.isSigned(by: key))
        let challenge = try answer.challenge(at: try Self.party())
        #expect(throws: WebAuthnFault.userVerification) {
            try answer.verified(
                answering: challenge,
                by: key,
                isBackupEligible: true,
                at: Self.party()
            )
        }
    }
}
