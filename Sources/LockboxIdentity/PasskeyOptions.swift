import Foundation
import LockboxDomain
import MerkleLog
import WebAuthn

/// What a browser is asked for, as JSON (WebAuthn §5.1.8 and §5.1.9).
enum PasskeyOptions {
    /// To use one of `passkeys`, or any where none are named.
    static func toUse(_ passkeys: [Passkey], _ challenge: [UInt8], at party: RelyingParty) throws
        -> String
    {
        try json(
            Use(
                challenge: challenge.base64URL,
                rpId: party.id,
                allowCredentials: passkeys.map { Descriptor($0) }
            )
        )
    }

    /// To make one for `person`, who has `passkeys` already.
    static func toMake(
        for person: Person,
        handle: [UInt8],
        having passkeys: [Passkey],
        _ challenge: [UInt8],
        at party: RelyingParty
    ) throws -> String {
        try json(
            Make(
                challenge: challenge.base64URL,
                rp: .init(id: party.id, name: "Lockbox"),
                user: .init(
                    id: handle.base64URL,
                    name: person.email.text,
                    displayName: person.name
                ),
                pubKeyCredParams: PublicKey.Algorithm.allCases.map { .init(alg: $0.rawValue) },
                excludeCredentials: passkeys.map { Descriptor($0) }
            )
        )
    }

    private static func json(_ options: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(options), as: UTF8.self)
    }

    private static let timeout = IdentityLimits.passkeyChallenge.milliseconds

    private struct Descriptor: Encodable {
        let type = "public-key"
        let id: String

        init(_ passkey: Passkey) { id = passkey.credential.base64URL }
    }

    private struct Use: Encodable {
        let challenge: String
        let rpId: String
        let allowCredentials: [Descriptor]
        let userVerification = "required"
        let timeout = PasskeyOptions.timeout
    }

    private struct Make: Encodable {
        struct Party: Encodable {
            let id: String
            let name: String
        }

        struct User: Encodable {
            let id: String
            let name: String
            let displayName: String
        }

        struct Parameters: Encodable {
            let type = "public-key"
            let alg: Int
        }

        struct Selection: Encodable {
            let residentKey = "required"
            let requireResidentKey = true
            let userVerification = "required"
        }

        let challenge: String
        let rp: Party
        let user: User
        let pubKeyCredParams: [Parameters]
        let excludeCredentials: [Descriptor]
        let authenticatorSelection = Selection()
        let attestation = "none"
        let timeout = PasskeyOptions.timeout
    }
}
