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
}

extension EmailAddress {
    /// What stands behind the `@`, in lower case.
    public var domain: String { String(canonical.drop { $0 != "@" }.dropFirst()) }
}

extension Resource {
    /// What may lie in a domain: what stands behind the `@`, or else all of the name
    /// (`mailbox:info@contoso.example`, `app:wiki.contoso.example`).
    public var host: String {
        let name = localName
        return name.lastIndex(of: "@").map { String(name[name.index(after: $0)...]) } ?? name
    }
}

/// Whose alone which domains are, with all that is below them. No two tenants' domains lie within each
/// other.
public struct DomainOwners: Sendable {
    private var owners: [String: TenantID] = [:]

    public init(_ tenants: some Sequence<Tenant>) {
        for tenant in tenants {
            for domain in tenant.domains { owners[domain.text] = tenant.id }
        }
    }

    /// The tenant in whose domain `host`, in lower case, lies.
    public func owner(of host: String) -> TenantID? {
        Self.names(of: host).lazy.compactMap { owners[$0] }.first
    }

    /// `host` and the names that it is below: `a.b.c`, `b.c`, `c`.
    public static func names(of host: String) -> [String] {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.indices.map { labels[$0...].joined(separator: ".") }
    }
}
