import LockboxDomain
import LockboxIdentity

/// Who is looking, and when.
struct Viewer: Sendable {
    let signedIn: SignedIn
    /// The session's, from the cookie.
    let secret: String
    /// The company that runs this installation.
    let providerName: String
    /// The visitor's own organisation, if she is a customer.
    let tenant: Tenant?
    let now: Timestamp
    /// How many requests wait for her, up to `Limits.awaitedCounted`.
    var waiting: Int
    /// For the next form's `key`: a second click, or a second sending, of one form is one command.
    let formKey: String
    /// Where this answers a form: the page that shows it.
    var formPage: String?

    var person: Person { signedIn.person }
    /// What every form of the page carries (`{{> form-guard}}`).
    var csrf: String { signedIn.csrfToken }
    var side: Side { person.side }
    var isCustomer: Bool { side != .provider }
    var isEngineer: Bool { holds(.engineer) }
    var isManager: Bool { holds(.manager) }
    /// Whether the use cases show requests and tenants to her; a provider's auditor reads the log
    /// alone.
    var seesRequests: Bool { holds([.engineer, .manager, .operator]) }
    /// Whether she sees all of her own tenant's requests, its people and its log.
    var oversees: Bool { isCustomer && holds([.approver, .admin, .auditor]) }

    /// The same viewer after the password was given again, which changes the session's secret.
    func going(on signedIn: SignedIn, _ secret: String) -> Viewer {
        Viewer(
            signedIn: signedIn,
            secret: secret,
            providerName: providerName,
            tenant: tenant,
            now: now,
            waiting: waiting,
            formKey: formKey
        )
    }

    func holds(_ roles: Roles) -> Bool { person.holds(oneOf: roles, at: side) }
}

/// Which side a page is for. For the other side it does not exist.
enum Audience: Sendable {
    case customer, provider, both

    func includes(_ person: Person) -> Bool {
        switch self {
        case .customer: person.side != .provider
        case .provider: person.side == .provider
        case .both: true
        }
    }
}
