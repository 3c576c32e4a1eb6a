/// A signature over a statement (docs/spec/approval-statement.md §2).
public struct SignatureBody: Codable, Hashable, Sendable {
    /// `webauthn` or `sshsig`.
    public var kind: String
    /// The passkey's identifier, with `webauthn`.
    public var passkey: String?
    /// In base64url, with `webauthn`.
    public var authenticatorData: String?
    /// In base64url, with `webauthn`.
    public var clientData: String?
    /// The key's identifier, with `sshsig`.
    public var key: String?
    /// In base64url with `webauthn`; with `sshsig`, in base64, what stands between the lines of the
    /// armoured signature.
    public var signature: String

    public init(
        kind: String,
        passkey: String? = nil,
        authenticatorData: String? = nil,
        clientData: String? = nil,
        key: String? = nil,
        signature: String
    ) {
        self.kind = kind
        self.passkey = passkey
        self.authenticatorData = authenticatorData
        self.clientData = clientData
        self.key = key
        self.signature = signature
    }
}

/// What is to be signed.
public struct ApprovalStatementBody: Codable, Hashable, Sendable {
    public var statement: String

    public init(statement: String) { self.statement = statement }
}

/// A key with which somebody of a tenant signs.
public struct SigningKeyBody: Codable, Hashable, Sendable {
    public var id: String
    /// `passkey` or `ssh`.
    public var kind: String
    public var person: String
    /// Nil from a server of before this member.
    public var personName: String?
    /// COSE in base64url, or a line of OpenSSH's.
    public var publicKey: String
    /// What its person calls it; nil where that was erased.
    public var name: String?
    public var addedAt: String
    /// From when on it counts; nil if it does now.
    public var countsFrom: String?
    /// Who confirmed it.
    public var confirmedBy: String?

    public init(
        id: String,
        kind: String,
        person: String,
        personName: String?,
        publicKey: String,
        name: String?,
        addedAt: String,
        countsFrom: String?,
        confirmedBy: String?
    ) {
        self.id = id
        self.kind = kind
        self.person = person
        self.personName = personName
        self.publicKey = publicKey
        self.name = name
        self.addedAt = addedAt
        self.countsFrom = countsFrom
        self.confirmedBy = confirmedBy
    }
}

/// An SSH key to sign with.
public struct NewSigningKey: Codable, Hashable, Sendable, KnownMembers {
    /// A line as in a `.pub` file.
    public var publicKey: String
    public var name: String

    public init(publicKey: String, name: String) {
        self.publicKey = publicKey
        self.name = name
    }

    public static let members: Set<String> = ["publicKey", "name"]
}
