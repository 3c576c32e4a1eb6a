import LockboxDomain
import LockboxPorts

/// Who has something in which domain: a domain, a person's address, or a resource.
struct DomainHolders {
    private static let provider = "the provider"

    private let owners: DomainOwners
    /// By each name that something of theirs is at or below.
    private var holders: [String: Set<String>] = [:]

    init(_ tenants: [Tenant], in tx: any StoreTransaction) throws {
        owners = DomainOwners(tenants)
        for host in try Self.hosts(of: .provider, in: tx) { add(host, of: Self.provider) }
        for tenant in tenants {
            let hosts =
                try Self.hosts(of: .tenant(tenant.id), in: tx) + tenant.domains.map(\.text)
                + tx.resources(of: tenant.id).map(\.host)
            for host in hosts { add(host, of: tenant.id.text) }
        }
    }

    private static func hosts(of side: Side, in tx: any StoreTransaction) throws -> [String] {
        try tx.people(at: side).flatMap { [$0.email] + $0.aliases }.map(\.domain)
    }

    private mutating func add(_ host: String, of holder: String) {
        for name in DomainOwners.names(of: host) { holders[name, default: []].insert(holder) }
    }

    /// Somebody else who has something in `domain`, or a domain that it is a part of.
    func other(than tenant: TenantID, in domain: DomainName) -> String? {
        let inside = holders[domain.text, default: []].subtracting([tenant.text]).min()
        let above = DomainOwners.names(of: domain.text).dropFirst().first
            .flatMap { owners.owner(of: $0) }
        return inside ?? (above == tenant ? nil : above?.text)
    }
}
