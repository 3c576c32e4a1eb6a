/// A signature over what somebody decides. It goes into the record of that and nowhere else.
public struct ApprovalSignature: Hashable, Sendable {
    /// Which key made it, and what it made.
    public enum Proof: Hashable, Sendable {
        /// An answer of a passkey whose challenge is the digest of the statement.
        case webAuthn(
            passkey: PasskeyID,
            authenticatorData: [UInt8],
            clientData: [UInt8],
            signature: [UInt8]
        )
        /// What `ssh-keygen -Y sign` makes of the statement.
        case ssh(key: SigningKeyID, signature: [UInt8])
    }

    /// Canonical JSON, byte by byte what was signed.
    public let statement: String
    public let proof: Proof

    public init(statement: String, proof: Proof) {
        self.statement = statement
        self.proof = proof
    }
}

/// Whether somebody who ended access for the customer signed that.
public enum RevokeSignature: Hashable, Sendable {
    case given(ApprovalSignature)
    /// Her tenant asks for one, and access ends all the same.
    case missing
}

/// A key with which somebody signs approvals. What counts of it is what its records in the tenant's log
/// say: no table has it.
public struct SigningKey: Hashable, Sendable {
    /// What it is, and what it is called.
    public enum Identity: Hashable, Sendable {
        case passkey(PasskeyID)
        case ssh(SigningKeyID)
    }

    public let identity: Identity
    public let person: PersonID
    /// As the record of its registration says it.
    public let publicKey: String
    /// What its person calls it.
    public let name: String

    public init(identity: Identity, person: PersonID, publicKey: String, name: String) {
        self.identity = identity
        self.person = person
        self.publicKey = publicKey
        self.name = name
    }

    /// Its identifier in records.
    public var id: String {
        switch identity {
        case .passkey(let id): id.text
        case .ssh(let id): id.text
        }
    }
}

/// An SSH key that signs approvals.
public enum SSHSigningKey: Identified {
    public static let idPrefix = "KEY"
}

public typealias SigningKeyID = ID<SSHSigningKey>

/// What happens to a key that signs approvals; that a passkey is added or removed is an event of its
/// own.
public enum SigningKeyEvent: Hashable, Sendable {
    /// An SSH key.
    case added
    /// Somebody else says that it is its person's, so that it need not wait.
    case confirmed
    /// An SSH key.
    case removed
}
