/// A mail domain, or any other name that what is below it belongs to: `contoso.example`
/// (RFC 1123 §2.1), lower case, of two labels at least.
public struct DomainName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    public init?(_ raw: String) {
        // What can stand behind an address's `@` is what is meant here.
        guard raw.utf8.contains(UInt8(ascii: ".")), let address = EmailAddress("a@" + raw),
            address.domain.utf8.count == raw.utf8.count
        else { return nil }
        text = address.domain
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    /// Whether `host`, in lower case, is this name or one below it.
    private func covers(_ host: some StringProtocol) -> Bool {
        host == text || host.hasSuffix("." + text)
    }

    /// Whether one of the two is the other or below it.
    public func overlaps(_ other: DomainName) -> Bool { covers(other.text) || other.covers(text) }

    /// Whether the address is at this domain or at one below it.
    public func covers(_ address: EmailAddress) -> Bool { covers(address.domain) }

    /// A resource's name is below a domain by what stands behind its `@`, or by the whole of it
    /// (`mailbox:info@contoso.example`, `app:wiki.contoso.example`).
    public func covers(_ resource: Resource) -> Bool {
        let name = resource.localName
        return covers(name.lastIndex(of: "@").map { name[name.index(after: $0)...] } ?? name[...])
    }
}

extension EmailAddress {
    /// What stands behind the `@`, in lower case.
    public var domain: String { String(canonical.drop { $0 != "@" }.dropFirst()) }
}

extension Collection<Tenant> {
    /// Whether something lies in a domain of another tenant than `side`'s. No two tenants' domains lie
    /// within each other.
    public func keep(from side: Side, _ isIn: (DomainName) -> Bool) -> Bool {
        contains { $0.domains.contains(where: isIn) && side != .tenant($0.id) }
            && !contains { $0.domains.contains(where: isIn) && side == .tenant($0.id) }
    }
}
