/// One record of an audit log, with all that is needed to check it.
///
/// `leaf` is what was hashed. The other members say the same for easier reading; a verifier
/// compares them with it.
public struct AuditRecord: Codable, Hashable, Sendable {
    /// Who did it.
    public struct Actor: Codable, Hashable, Sendable {
        /// A person's identifier, `system`, `console`, or `service:<id>`.
        public var id: String
        /// The person's name, unless it was erased or there is none.
        @Nullable public var name: String?

        public init(id: String, name: String?) {
            self.id = id
            self.name = name
        }
    }

    /// A personal or free text, which the leaf only commits to.
    public struct Text: Codable, Hashable, Sendable {
        /// Null once erased.
        @Nullable public var text: String?
        /// Base64 of 16 bytes.
        public var salt: String

        public init(text: String?, salt: String) {
            self.text = text
            self.salt = salt
        }
    }

    public var index: UInt64
    public var time: String
    public var activity: String
    public var actor: Actor
    /// The access request concerned.
    @Nullable public var request: String?
    public var data: [String: JSONValue]
    public var texts: [String: Text]
    /// The canonical JSON, exactly as hashed.
    public var leaf: String
    /// Base64 of the leaf's hash.
    public var hash: String
    /// The size of the tree that `proof` leads to.
    public var size: UInt64?
    /// The proof that the record is in that tree: base64 hashes, from the leaf up.
    public var proof: [String]?

    public init(
        index: UInt64,
        time: String,
        activity: String,
        actor: Actor,
        request: String?,
        data: [String: JSONValue],
        texts: [String: Text],
        leaf: String,
        hash: String,
        size: UInt64? = nil,
        proof: [String]? = nil
    ) {
        self.index = index
        self.time = time
        self.activity = activity
        self.actor = actor
        self.request = request
        self.data = data
        self.texts = texts
        self.leaf = leaf
        self.hash = hash
        self.size = size
        self.proof = proof
    }
}

/// The key that signs a log, and how it came to be that one.
public struct LogKeyBody: Codable, Hashable, Sendable {
    /// A change of the key, as the record at `index` has it.
    public struct Change: Codable, Hashable, Sendable {
        public var index: UInt64
        /// The key from then on, and the one before (C2SP vkey).
        public var key, previous: String
        /// Base64 of the signature of the key before.
        public var signature: String

        public init(index: UInt64, key: String, previous: String, signature: String) {
            (self.index, self.key) = (index, key)
            (self.previous, self.signature) = (previous, signature)
        }
    }

    /// C2SP vkey.
    public var key: String
    /// The oldest first.
    public var changes: [Change]

    public init(key: String, changes: [Change]) { (self.key, self.changes) = (key, changes) }
}

/// The proof that a record is in the log of a size.
public struct InclusionProofBody: Codable, Hashable, Sendable {
    public var index: UInt64
    public var size: UInt64
    /// Base64 of the leaf's hash.
    public var hash: String
    /// Base64 hashes, from the leaf up.
    public var proof: [String]

    public init(index: UInt64, size: UInt64, hash: String, proof: [String]) {
        self.index = index
        self.size = size
        self.hash = hash
        self.proof = proof
    }
}

/// The proof that the log of size `to` begins with the log of size `from`.
public struct ConsistencyProofBody: Codable, Hashable, Sendable {
    public var from: UInt64
    public var to: UInt64
    /// Base64 hashes.
    public var proof: [String]

    public init(from: UInt64, to: UInt64, proof: [String]) {
        self.from = from
        self.to = to
        self.proof = proof
    }
}
