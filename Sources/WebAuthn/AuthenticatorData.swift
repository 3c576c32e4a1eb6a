/// What an authenticator says and signs (WebAuthn §6.1).
struct AuthenticatorData {
    let relyingPartyHash: [UInt8]
    let isUserPresent: Bool
    let isUserVerified: Bool
    let isBackupEligible: Bool
    let isBackedUp: Bool
    let counter: UInt32
    /// With a new credential alone.
    let credential: AttestedCredential?

    /// A new credential (WebAuthn §6.5.1).
    struct AttestedCredential {
        let id: [UInt8]
        /// As it was written.
        let publicKey: [UInt8]
    }

    /// Throws where the bytes are anything but that, to the last one.
    init(_ bytes: [UInt8]) throws(WebAuthnFault) {
        guard (37...WebAuthnLimits.authenticatorDataBytes).contains(bytes.count) else {
            throw .authenticatorData
        }
        let flags = bytes[32]
        relyingPartyHash = Array(bytes[..<32])
        isUserPresent = flags & 1 != 0
        isUserVerified = flags & 1 << 2 != 0
        isBackupEligible = flags & 1 << 3 != 0
        isBackedUp = flags & 1 << 4 != 0
        counter = bytes[33..<37].reduce(0) { $0 << 8 | UInt32($1) }
        var position = 37
        do {
            credential =
                flags & 1 << 6 == 0 ? nil : try Self.credential(in: bytes, &position)
            if flags & 1 << 7 != 0 {
                // Extensions that were not asked for are read, and mean nothing.
                var reader = CBORReader(bytes, from: position)
                guard try reader.next().map != nil else { throw WebAuthnFault.authenticatorData }
                position = reader.position
            }
        } catch {
            throw error as? WebAuthnFault ?? .authenticatorData
        }
        guard position == bytes.count else { throw .authenticatorData }
    }

    /// `position` is where it begins, and afterwards where it ends.
    private static func credential(in bytes: [UInt8], _ position: inout Int) throws
        -> AttestedCredential
    {
        // Which model it is, and how long the name of the credential.
        let nameStart = position + 16 + 2
        guard nameStart <= bytes.count else { throw WebAuthnFault.authenticatorData }
        let length = Int(bytes[nameStart - 2]) << 8 | Int(bytes[nameStart - 1])
        guard WebAuthnLimits.credentialIDBytes.contains(length) else {
            throw WebAuthnFault.credentialID
        }
        let keyStart = nameStart + length
        guard keyStart < bytes.count else { throw WebAuthnFault.authenticatorData }
        var reader = CBORReader(bytes, from: keyStart)
        _ = try reader.next()
        position = reader.position
        return AttestedCredential(
            id: Array(bytes[nameStart..<keyStart]),
            publicKey: Array(bytes[keyStart..<position])
        )
    }
}
