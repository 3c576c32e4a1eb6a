import LockboxDomain
import LockboxPorts

/// What is open at a service, or is not, and should not be so.
struct Difference: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Lockbox gave out no such login name.
        case unknown
        /// Access that goes on, and is not as Lockbox made it.
        case altered
        /// It was open, and is not, although its access goes on.
        case gone
        /// Open again after the service confirmed that nothing is left.
        case reopened
    }

    let username: String
    let kind: Kind
    let oddity: String?

    /// What a tenant reads of it; nil where access is gone, which lets nobody in.
    func unknownAccess(_ tenant: TenantID, at service: ServiceID, isClosed: Bool) -> UnknownAccess?
    {
        let told: UnknownAccess.Kind
        switch kind {
        case .unknown: told = .unknown
        case .altered: told = .altered
        case .reopened: told = .reopened
        case .gone: return nil
        }
        return UnknownAccess(
            tenant: tenant,
            service: service,
            loginName: Self.shown(username),
            kind: told,
            oddity: oddity.map(Self.shown),
            isClosed: isClosed
        )
    }

    /// Whether it can be shut out without cutting access that goes on.
    var canBeShutOut: Bool {
        switch kind {
        case .unknown, .reopened: true
        case .altered, .gone: false
        }
    }

    /// Somebody else chose it: nothing of it may look like something else, or fill a page.
    private static func shown(_ text: String) -> String {
        let all = text.unicodeScalars.map { scalar in
            (0x20..<0x7F).contains(scalar.value)
                ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }.joined()
        let most = DriftWatch.Limits.shownCharacters
        return all.count > most ? all.prefix(most) + "..." : all
    }

    /// For an operator. A name that nobody gave out may hold any character.
    var words: String {
        let name = GrantID(loginName: username) == nil ? String(reflecting: username) : username
        let what =
            switch kind {
            case .unknown: "Lockbox gave out no such login name"
            case .altered: "is not as Lockbox made it"
            case .gone: "was removed there, and its access goes on"
            case .reopened: "is open again after its end was confirmed"
            }
        return [name, what, oddity].compactMap { $0 }.joined(separator: ": ")
    }
}

/// What a login name at a service should be.
enum LoginStanding {
    /// Of a request of this tenant.
    case open(TenantID)
    /// Its access is over, and the service has not confirmed that nothing is left: shown as such.
    case ending
    case over(Removal)
    /// Of access at another service of the same kind that is not known to be over: two can be at one
    /// server.
    case anothers
    case unknown

    init(
        of username: String,
        at service: ProtectedService,
        _ tx: any StoreTransaction,
        _ now: Timestamp
    ) throws {
        self = .unknown
        guard let grant = GrantID(loginName: username),
            let credential = try tx.credentials(of: grant).first(where: { $0.username == username }
            ),
            let request = try tx.request(credential.request)
        else { return }
        let own = credential.resource.service
        let removal = try tx.removals(of: request.id).first {
            $0.grant == grant && $0.service == own && $0.progress == .confirmed
        }
        guard own == service.id else {
            // Where nothing of it is left, its name is one that somebody else has taken.
            if removal == nil, try tx.service(own)?.service.kind == service.kind {
                self = .anothers
            }
            return
        }
        if case .active(let open) = request.seen(at: now).state, open.id == grant {
            self = .open(credential.tenant)
            return
        }
        self = removal.map(LoginStanding.over) ?? .ending
    }
}

extension Difference {
    /// Whose data it reaches, as far as that is known.
    func tenants(
        _ standing: LoginStanding?,
        reaching names: Set<String>,
        at service: ProtectedService,
        _ tx: any StoreTransaction
    ) throws -> Set<TenantID> {
        switch standing {
        case .open(let tenant): return [tenant]
        case .over(let removal): return [removal.tenant]
        case .ending, .anothers: return []
        case .unknown, nil: break
        }
        let owners = try names.compactMap { name in
            try Resource(service: service.id, name: "\(service.resourceType):\(name)").flatMap {
                try tx.owner(of: $0)
            }
        }
        if !owners.isEmpty { return Set(owners) }
        if let only = try tx.onlyTenant(at: service.id) { return [only] }
        // Whoever made it may have chosen the name of somebody else's grant: the last of the signs.
        let grant = GrantID(loginName: username)
        return Set(
            try grant.flatMap { try tx.credentials(of: $0).first?.tenant }.map { [$0] } ?? []
        )
    }
}
