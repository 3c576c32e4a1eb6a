/// A command line asks to act for somebody: from the moment that it is known here until it has its
/// tokens, or never gets any.
public struct LoginRequest: Identified, Hashable, Sendable {
    public static let idPrefix = "LGN"

    /// How far it has come.
    public enum Standing: Hashable, Sendable {
        /// Nobody has said anything yet.
        case waiting
        /// This person lets the command line act for her.
        case allowed(PersonID)
        /// Somebody said no, or what was allowed was taken back.
        case denied
        /// The command line has its tokens, as this person.
        case used(TokenID, PersonID)
    }

    public let id: LoginRequestID
    /// What the command line says that it and its machine are called; empty where it says nothing.
    public let device: String
    /// From where it asked; nil where that is not known.
    public let askedFrom: AddressRange?
    public let scopes: TokenScopes
    /// Where a browser takes the answer; nil where the command line fetches it (RFC 8628).
    public let callback: LoginCallback?
    public let madeAt: Timestamp
    /// At this instant it is too late to say yes, and to fetch what was allowed.
    public let endsAt: Timestamp
    public private(set) var standing: Standing

    public init(
        id: LoginRequestID,
        device: String,
        askedFrom: AddressRange?,
        scopes: TokenScopes,
        callback: LoginCallback? = nil,
        madeAt: Timestamp,
        endsAt: Timestamp,
        standing: Standing = .waiting
    ) {
        self.id = id
        self.device = device
        self.askedFrom = askedFrom
        self.scopes = scopes
        self.callback = callback
        self.madeAt = madeAt
        self.endsAt = endsAt
        self.standing = standing
    }

    /// Whether somebody can say yes or no at `now`.
    public func isWaiting(at now: Timestamp) -> Bool { standing == .waiting && now < endsAt }

    /// `person` says yes. Throws `Refusal.notFound` where nothing waits for that any more.
    public mutating func allow(by person: PersonID, at now: Timestamp) throws(Refusal) {
        guard isWaiting(at: now) else { throw .notFound(.page) }
        standing = .allowed(person)
    }

    /// Somebody says no. Throws `Refusal.notFound` where nothing waits for that any more.
    public mutating func deny(at now: Timestamp) throws(Refusal) {
        guard isWaiting(at: now) else { throw .notFound(.page) }
        standing = .denied
    }

    /// Who allowed it, where the command line can have its tokens at `now`.
    public func person(at now: Timestamp) -> PersonID? {
        guard case .allowed(let person) = standing, now < endsAt else { return nil }
        return person
    }

    /// The command line has got `token` of `person`, and gets no other by this.
    public mutating func use(for token: TokenID, of person: PersonID) {
        standing = .used(token, person)
    }
}

public typealias LoginRequestID = ID<LoginRequest>

/// Where on a person's own machine a command line waits for its browser (RFC 8252 §7.3), and by what
/// it shows that it is the one that asked (RFC 7636 §4.3).
public struct LoginCallback: Hashable, Sendable {
    /// `http://127.0.0.1:PORT/callback`, or `[::1]`.
    public let address: String
    /// The address without its path.
    public let origin: String
    /// SHA-256 of the verifier, in base64url.
    public let challenge: String

    private static let path = "/callback"

    /// Nil where `address` is not on the person's own machine or is not exactly of that form, or
    /// `challenge` is none of the method `S256`.
    public init?(address: String, challenge: String) {
        let host = ["http://127.0.0.1:", "http://[::1]:"].first { address.hasPrefix($0) }
        guard let host, address.hasSuffix(Self.path) else { return nil }
        let origin = address.dropLast(Self.path.utf8.count)
        let port = origin.dropFirst(host.utf8.count)
        guard (1...5).contains(port.utf8.count), port.first != "0",
            port.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            UInt16(port) != nil, challenge.utf8.count == 43,
            challenge.utf8.allSatisfy(Self.isBase64URL)
        else { return nil }
        self.address = address
        self.origin = String(origin)
        self.challenge = challenge
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        case _: false
        }
    }
}
