/// A thing that carries a random identifier of its own, such as `LBX-7K3M9QPXAB`.
public protocol Identified {
    static var idPrefix: String { get }
}

/// The identifier of one `Entity`. Identifiers of different entities are different types, so that
/// one cannot be passed for another. Made only from entropy (never from a counter, which would tell
/// one tenant of another's activity).
public struct ID<Entity: Identified>: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// How many random bytes a new identifier is made of.
    public static var entropyBytes: Int { 10 }

    /// Makes a new identifier: the entity's prefix and ten characters of Crockford's base 32 (50
    /// bits). `entropy` must be `entropyBytes` fresh random bytes.
    public init(entropy: [UInt8]) {
        precondition(entropy.count == Self.entropyBytes)
        let random = entropy.map { identifierAlphabet[Int($0 & 31)] }
        text = Entity.idPrefix + "-" + String(decoding: random, as: UTF8.self)
    }

    /// Reads an identifier that was printed or stored. The case of ASCII letters does not matter;
    /// other letters do not become ASCII by a change of case (`ſ` is no `S`).
    public init?(_ text: String) {
        let prefix = Entity.idPrefix.utf8
        guard text.utf8.count == prefix.count + 11 else { return nil }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let upper = text.utf8.map { letters.contains($0) ? $0 - 0x20 : $0 }
        guard upper.starts(with: prefix), upper[prefix.count] == UInt8(ascii: "-"),
            upper.suffix(10).allSatisfy(identifierAlphabet.contains)
        else { return nil }
        self.text = String(decoding: upper, as: UTF8.self)
    }

    public var description: String { text }

    public static func < (left: ID, right: ID) -> Bool { left.text < right.text }
}

/// Crockford's base 32.
private let identifierAlphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

public typealias AccessRequestID = ID<AccessRequest>
public typealias GrantID = ID<Grant>
public typealias PersonID = ID<Person>
public typealias CredentialID = ID<Credential>
public typealias TokenID = ID<APIToken>

/// A thing that an operator names: tenants and services.
public protocol Named {}

/// A short name chosen by an operator: 1–63 of `a–z 0–9 -`, beginning and ending with a letter or
/// digit.
public struct Slug<Entity: Named>: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"),
            bytes.last != UInt8(ascii: "-"),
            bytes.allSatisfy({ $0.isLowercaseLetter || $0.isDigit || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.text = text
    }

    /// A name that stands in the source.
    public init(known name: StaticString) { text = "\(name)" }

    public var description: String { text }

    public static func < (left: Slug, right: Slug) -> Bool { left.text < right.text }
}

public typealias TenantID = Slug<Tenant>
public typealias ServiceID = Slug<ProtectedService>

/// The number of a support request: ours (`SR-…`) or that of an outside ticket system. Unique
/// within a tenant. 1–64 of letters, digits, `.`, `_`, `-`, so that it stands in a path, a subject
/// line and a file name alike.
public struct SupportRequestNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    public init(entropy: [UInt8]) { text = ID<SupportRequest>(entropy: entropy).text }

    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...64).contains(bytes.count), bytes[0] != UInt8(ascii: "."),
            bytes[0] != UInt8(ascii: "-"),
            bytes.allSatisfy({ $0.isLetter || $0.isDigit || Array("-._".utf8).contains($0) })
        else { return nil }
        self.text = text
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}
