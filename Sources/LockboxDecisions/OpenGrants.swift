package import LockboxDomain
import LockboxPorts

/// The grants that are open, by who has them and by what they open. Each says by itself from when
/// to when it holds, so that time needs no message.
struct OpenGrants: Sendable {
    private(set) var byID: [GrantID: OpenGrant] = [:]
    private var byEngineer: [PersonID: Set<GrantID>] = [:]
    private var byResource: [Resource: Set<GrantID>] = [:]

    init(_ grants: [OpenGrant] = []) {
        for grant in grants { add(grant) }
    }

    mutating func add(_ open: OpenGrant) {
        guard byID.updateValue(open, forKey: open.grant.id) == nil else { return }
        byEngineer[open.engineer, default: []].insert(open.grant.id)
        for access in open.grant.scope.accesses {
            byResource[access.resource, default: []].insert(open.grant.id)
        }
    }

    mutating func remove(_ id: GrantID) {
        guard let open = byID.removeValue(forKey: id) else { return }
        byEngineer[open.engineer]?.remove(id)
        if byEngineer[open.engineer]?.isEmpty == true { byEngineer[open.engineer] = nil }
        for access in open.grant.scope.accesses {
            byResource[access.resource]?.remove(id)
            if byResource[access.resource]?.isEmpty == true { byResource[access.resource] = nil }
        }
    }

    /// Those of one engineer, those that open one resource, or those of which both is true.
    func grants(of who: GrantHolder) -> [OpenGrant] {
        let found =
            switch who {
            case .engineer(let engineer): byEngineer[engineer] ?? []
            case .resource(let resource): byResource[resource] ?? []
            case .both(let engineer, let resource):
                (byEngineer[engineer] ?? []).intersection(byResource[resource] ?? [])
            }
        return found.compactMap { byID[$0] }
    }
}

extension OpenGrant {
    /// Nil where `request` gives no access, now or later.
    init?(_ request: AccessRequest) {
        switch request.state {
        case .scheduled(let grant), .active(let grant):
            self.init(
                grant: grant,
                request: request.id,
                tenant: request.terms.tenant,
                engineer: request.terms.engineer
            )
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            return nil
        }
    }
}

extension OpenGrant {
    /// What has to be cut at each of its services since `end`: its own login names, and no other that a
    /// row of a credential has.
    func orders(endedAt end: Timestamp) -> [Removal] {
        let names = grant.scope.accesses.enumerated().map { place, access in
            (service: access.resource.service, name: grant.loginName(at: place))
        }
        return Dictionary(grouping: names, by: \.service).map { service, names in
            Removal(
                tenant: tenant,
                request: request,
                grant: grant.id,
                service: service,
                usernames: names.map(\.name).sorted(),
                nextAttempt: end
            )
        }
    }
}

/// Whose grants are asked for.
package enum GrantHolder: Hashable, Sendable {
    case engineer(PersonID)
    case resource(Resource)
    case both(PersonID, Resource)

    func has(_ open: OpenGrant) -> Bool {
        func opens(_ resource: Resource) -> Bool {
            open.grant.scope.accesses.contains { $0.resource == resource }
        }
        return switch self {
        case .engineer(let engineer): open.engineer == engineer
        case .resource(let resource): opens(resource)
        case .both(let engineer, let resource): open.engineer == engineer && opens(resource)
        }
    }
}
