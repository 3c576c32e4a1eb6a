import Crypto

/// A new passkey, found good.
package struct RegisteredCredential: Hashable, Sendable {
    package let id: [UInt8]
    /// As COSE writes it.
    package let publicKey: [UInt8]
    package let counter: UInt32
    package let isBackupEligible: Bool
    package let isBackedUp: Bool
}

/// What a browser sends after making a passkey (WebAuthn §5.2.1).
package struct RegistrationResponse: Hashable, Sendable {
    package let id: [UInt8]
    package let clientData: [UInt8]
    package let attestation: [UInt8]

    package init(id: [UInt8], clientData: [UInt8], attestation: [UInt8]) {
        self.id = id
        self.clientData = clientData
        self.attestation = attestation
    }

    /// The challenge that it says it answers. It proves nothing before `verified` does.
    package func challenge(at party: RelyingParty) throws(WebAuthnFault) -> [UInt8] {
        try ClientData(clientData, for: .registration, at: party).challenge
    }

    /// All of §7.1 that can be told from the bytes. That the challenge is ours, and that nobody has
    /// this credential yet, is for the caller.
    package func verified(answering challenge: [UInt8], at party: RelyingParty)
        throws(WebAuthnFault) -> RegisteredCredential
    {
        guard try self.challenge(at: party) == challenge else { throw .challenge }
        guard attestation.count <= WebAuthnLimits.attestationBytes else { throw .attestation }
        let parts: [CBOR: CBOR]?
        do { parts = try CBORReader.whole(attestation).map } catch { throw .attestation }
        guard let parts, parts.count == 3, let format = parts[.text("fmt")]?.text,
            let statement = parts[.text("attStmt")]?.map, let raw = parts[.text("authData")]?.bytes
        else { throw .attestation }
        let data = try AuthenticatorData(raw)
        try data.check(at: party)
        guard let new = data.credential else { throw .attestation }
        guard new.id == id else { throw .credentialID }
        let key = try PublicKey(cose: new.publicKey)
        switch format {
        case "none": guard statement.isEmpty else { throw .attestation }
        // The credential signs for itself, which browsers let through though `none` was asked for.
        case "packed":
            guard statement.count == 2,
                statement[.text("alg")] == CBOR(key.algorithm.rawValue),
                let signature = statement[.text("sig")]?.bytes
            else { throw .attestationFormat }
            guard key.isRight(signature, over: raw + SHA256.hash(data: clientData)) else {
                throw .signature
            }
        case _: throw .attestationFormat
        }
        return RegisteredCredential(
            id: new.id,
            publicKey: new.publicKey,
            counter: data.counter,
            isBackupEligible: data.isBackupEligible,
            isBackedUp: data.isBackedUp
        )
    }
}

/// What an authenticator said of itself with an answer that was found good.
package struct Assertion: Hashable, Sendable {
    package let counter: UInt32
    package let isBackedUp: Bool
}

/// What a browser sends after a passkey was used (WebAuthn §5.2.2).
package struct AssertionResponse: Hashable, Sendable {
    package let id: [UInt8]
    package let clientData: [UInt8]
    package let authenticatorData: [UInt8]
    package let signature: [UInt8]
    /// Whose it is, if the authenticator says.
    package let userHandle: [UInt8]?

    package init(
        id: [UInt8],
        clientData: [UInt8],
        authenticatorData: [UInt8],
        signature: [UInt8],
        userHandle: [UInt8]?
    ) {
        self.id = id
        self.clientData = clientData
        self.authenticatorData = authenticatorData
        self.signature = signature
        self.userHandle = userHandle
    }

    /// Whether the key signed these very bytes, whatever they say. What is wrong in them then comes
    /// from the passkey's own authenticator, and not from somebody who made it up.
    package func isSigned(by key: PublicKey) -> Bool {
        clientData.count <= WebAuthnLimits.clientDataBytes
            && authenticatorData.count <= WebAuthnLimits.authenticatorDataBytes
            && key.isRight(signature, over: authenticatorData + SHA256.hash(data: clientData))
    }

    /// The challenge that it says it answers. It proves nothing before `verified` does.
    package func challenge(at party: RelyingParty) throws(WebAuthnFault) -> [UInt8] {
        try ClientData(clientData, for: .assertion, at: party).challenge
    }

    /// All of §7.2 that can be told from the bytes. That the challenge is ours, and the passkey that of
    /// whoever uses it, is for the caller, who keeps the counter, too.
    package func verified(
        answering challenge: [UInt8],
        by key: PublicKey,
        isBackupEligible: Bool,
        at party: RelyingParty
    ) throws(WebAuthnFault) -> Assertion {
        guard try self.challenge(at: party) == challenge else { throw .challenge }
        let data = try AuthenticatorData(authenticatorData)
        try data.check(at: party)
        guard data.credential == nil else { throw .authenticatorData }
        guard isSigned(by: key) else { throw .signature }
        guard data.isBackupEligible == isBackupEligible else { throw .backupEligibility }
        return Assertion(counter: data.counter, isBackedUp: data.isBackedUp)
    }
}

extension AuthenticatorData {
    /// §7.1 steps 14 to 18, §7.2 steps 16 to 20: who is meant, and who was there. That somebody
    /// showed the authenticator who she is, is always asked for.
    fileprivate func check(at party: RelyingParty) throws(WebAuthnFault) {
        guard relyingPartyHash == party.hash else { throw .relyingParty }
        guard isUserPresent else { throw .userPresence }
        guard isUserVerified else { throw .userVerification }
        guard isBackupEligible || !isBackedUp else { throw .backupState }
    }
}
