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
    case open
    /// Its access is over, and the service has not confirmed that nothing is left: shown as such.
    case ending
    case over(Removal)
    /// Of another service of the same kind: two can be at one server.
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
        guard own == service.id else {
            if try tx.service(own)?.service.kind == service.kind { self = .anothers }
            return
        }
        if case .active(let open) = request.seen(at: now).state, open.id == grant {
            self = .open
            return
        }
        let removal = try tx.removals(of: request.id).first {
            $0.grant == grant && $0.service == own && $0.progress == .confirmed
        }
        self = removal.map(LoginStanding.over) ?? .ending
    }
}
