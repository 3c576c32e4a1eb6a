/// The check that an answer of an authenticator did not pass (WebAuthn Level 3 §7.1 and §7.2). For
/// logs and records: it holds nothing of what was sent.
package enum WebAuthnFault: String, Error, Hashable, Sendable, CaseIterable {
    // What the browser says of the ceremony.
    case response = "the answer cannot be read"
    case clientData = "the client data is not the JSON that browsers make"
    case type = "it is of the other ceremony"
    case challenge = "it answers a challenge that is not ours, or not of this browser"
    case expired = "it answers a challenge that is too old"
    case answered = "it answers a challenge that was answered before"
    case origin = "it comes from another origin"
    case crossOrigin = "it comes from a frame of another site"

    // What the authenticator says.
    case authenticatorData = "the authenticator's data cannot be read"
    case relyingParty = "it is meant for another site"
    case userPresence = "nobody touched the authenticator"
    case userVerification = "the authenticator did not ask who is there"
    case backupState = "it says that it is backed up, and that it cannot be"
    case backupEligibility = "it says another thing about backups than when it was made"
    case signature = "the signature is wrong"

    // Registration alone.
    case attestation = "the attestation cannot be read"
    case attestationFormat = "the attestation is of a format that was not asked for"
    case algorithm = "the key is of an algorithm that was not asked for"
    case publicKey = "the public key is none, or not written as COSE writes it"
    case credentialID = "the credential's name is too short or too long, or is not that of the key"

    // Who it is.
    case unknownCredential = "there is no such passkey"
    case userHandle = "it names somebody else as its owner"
}
