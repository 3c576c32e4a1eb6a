import LockboxDomain
import LockboxFixtures

/// A Monday morning. Everything in these tests happens after it.
let morning = Timestamp(milliseconds: 1_772_442_000_000)

let millisecond = TimeSpan(milliseconds: 1)

func identifier<Entity>(_ number: UInt8) -> ID<Entity> {
    ID(entropy: Array(repeating: number, count: 10))
}

func slug<Entity>(_ text: String) throws -> Slug<Entity> { try required(Slug(text)) }

func address(_ text: String) throws -> EmailAddress { try required(EmailAddress(text)) }

func mailbox(_ name: String, service: String = "mail") throws -> Resource {
    try required(Resource(service: slug(service), name: "mailbox:\(name)@contoso.test"))
}

struct Missing: Error {}

func required<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Missing() }
    return value
}

func tenant(
    approval: Bool = true,
    licensed: Bool = true,
    needed: Int = 1,
    maxAccess: TimeSpan = .hours(4),
    decisionWindow: TimeSpan = .hours(12)
) throws -> Tenant {
    try Tenant(
        id: slug("contoso"),
        name: "Contoso Ltd",
        isLicensed: licensed,
        policy: Policy(
            requireApproval: approval,
            decisionWindow: decisionWindow,
            maxAccess: maxAccess,
            approvalsNeeded: needed,
            withheldFromTokens: [],
            coolingOff: .hours(24)
        )
    )
}

/// Everyone who may try something.
enum Cast: String, CaseIterable {
    /// Made the request.
    case engineer
    case otherEngineer
    case manager
    /// Made the request too, and is a manager besides.
    case engineerManager
    /// Made the request, and was switched off since.
    case disabledEngineer
    case `operator`
    case providerAuditor
    case approver
    case admin
    case member
    case tenantAuditor
    case foreignApprover
    case disabledApprover
    /// An approver's record that has an address in common with the engineer's.
    case aliasApprover
    /// A manager's record that has an address in common with the engineer's.
    case aliasManager

    func person() throws -> Person {
        switch self {
        case .engineer: Self.eve([.engineer])
        case .engineerManager: Self.eve([.engineer, .manager])
        case .disabledEngineer: Self.eve([.engineer], isDisabled: true)
        case .otherEngineer: try at(.provider, .engineer)
        case .manager: try at(.provider, .manager)
        case .operator: try at(.provider, .operator)
        case .providerAuditor: try at(.provider, .auditor)
        case .approver: try at(.tenant(slug("contoso")), .approver)
        case .admin: try at(.tenant(slug("contoso")), .admin)
        case .member: try at(.tenant(slug("contoso")), .member)
        case .tenantAuditor: try at(.tenant(slug("contoso")), .auditor)
        case .foreignApprover: try at(.tenant(slug("fabrikam")), .approver)
        case .disabledApprover: try at(.tenant(slug("contoso")), .approver, isDisabled: true)
        case .aliasApprover:
            try at(.tenant(slug("contoso")), .approver, alias: "EVE.PARK+work@Example-Cloud.test")
        case .aliasManager: try at(.provider, .manager, alias: "Eve.Park@example-cloud.test")
        }
    }

    /// Whether this is the person that the request in a scene belongs to.
    var madeTheRequest: Bool {
        self == .engineer || self == .engineerManager || self == .disabledEngineer
    }

    private static func eve(_ roles: Roles, isDisabled: Bool = false) -> Person {
        Fixture.person(
            1,
            "Eve Park",
            "eve@example-cloud.test",
            roles,
            at: .provider,
            aliases: ["eve.park@example-cloud.test"],
            isDisabled: isDisabled
        )
    }

    private func at(_ side: Side, _ roles: Roles, alias: String? = nil, isDisabled: Bool = false)
        throws -> Person
    {
        Fixture.person(
            UInt8(10 + (try required(Self.allCases.firstIndex(of: self)))),
            rawValue,
            "\(rawValue)@somewhere.test",
            roles,
            at: side,
            aliases: alias.map { [$0] } ?? [],
            isDisabled: isDisabled
        )
    }
}

/// Another approver of the tenant, by number.
func approver(_ number: UInt8, _ email: String? = nil, aliases: [String] = []) -> Person {
    Fixture.person(
        100 + number % 100,
        "Approver \(number)",
        email ?? "approver\(number)@contoso.test",
        .approver,
        aliases: aliases
    )
}

/// A request in some state, and an instant at which it is in it.
struct Scene {
    var request: AccessRequest
    var now: Timestamp
    var tenant: Tenant
    var engineer: Person
    var approvers: [Person]
    var deciders: [Person] = []

    var context: DecisionContext {
        DecisionContext(
            tenant: tenant,
            engineer: engineer,
            approvers: approvers,
            deciders: deciders,
            newGrant: identifier(9)
        )
    }

    /// As submitted at `morning`, by Eve, for two mailboxes and two hours.
    static func submitted(
        to tenant: Tenant,
        approvers: [Person]? = nil,
        duration: TimeSpan = .hours(2),
        scope: Scope? = nil,
        notBefore: Timestamp? = nil
    ) throws -> Scene {
        let engineer = try Cast.engineer.person()
        let approvers = try approvers ?? [Cast.approver.person(), Cast.admin.person()]
        let request = try AccessRequest.submit(
            id: identifier(7),
            terms: terms(
                for: engineer,
                duration: duration,
                scope: scope,
                notBefore: notBefore
            ),
            engineer: engineer,
            tenant: tenant,
            approvers: approvers,
            now: morning
        ).request
        return Scene(
            request: request,
            now: morning,
            tenant: tenant,
            engineer: engineer,
            approvers: approvers
        )
    }

    /// In `state` by the shortest way, without any deadline passed at `now` but those that lead
    /// there.
    static func inState(_ state: AccessRequest.StateName, basis: Grant.Basis = .approval) throws
        -> Scene
    {
        let notBefore = state == .scheduled ? morning + .hours(1) : nil
        var scene = try submitted(
            to: LockboxDomainTests.tenant(approval: basis == .approval),
            notBefore: notBefore
        )
        let manager = try Cast.manager.person()
        let approver = try Cast.approver.person()
        let engineer = scene.engineer
        scene.now = morning + .minutes(3)
        switch state {
        case .awaitingManager: break
        case .rejected: try scene.decide(.deny, by: manager)
        case .withdrawn: _ = try scene.request.withdraw(comment: nil, by: engineer, now: scene.now)
        case .expired:
            scene.now = morning + .hours(13)
            scene.passTime()
        case .awaitingCustomer: try scene.decide(.approve(.none), by: manager)
        case .denied:
            try scene.decide(.approve(.none), by: manager)
            try scene.decide(.deny, by: approver)
        case .scheduled, .active, .ended:
            try scene.decide(.approve(.none), by: manager)
            if basis == .approval { try scene.decide(.approve(.none), by: approver) }
            if state == .ended {
                _ = try scene.request.finish(comment: nil, by: engineer, now: scene.now)
            }
        }
        return scene
    }

    /// Decides with the present version, and remembers who did.
    @discardableResult
    mutating func decide(_ verdict: Decision.Verdict, by person: Person, comment: String? = nil)
        throws -> [Event]
    {
        let said = comment ?? (verdict == .deny ? "Not today, please." : nil)
        let events = try request.decide(
            verdict,
            comment: said,
            by: person,
            version: request.version,
            in: context,
            now: now
        )
        deciders.append(person)
        return events
    }

    /// Takes every step that is due by `now`, as a write does before a command.
    @discardableResult
    mutating func passTime() -> [Event] {
        var events: [Event] = []
        while let event = request.advance(to: now) { events.append(event) }
        return events
    }

    /// As many as the `people` who say yes, one after another.
    mutating func approve(by people: Person...) throws {
        for person in people { try decide(.approve(.none), by: person) }
    }
}

func wholeScope() throws -> Scope { try scope(("sue", [.read, .write]), ("shared", .read)) }

func scope(_ accesses: (name: String, actions: Actions)...) throws -> Scope {
    try Scope(accesses.map { Access(try mailbox($0.name), $0.actions) })
}

func terms(
    for engineer: Person,
    reason: String = "Find the mails that vanished.",
    duration: TimeSpan,
    scope: Scope? = nil,
    notBefore: Timestamp? = nil
) throws -> AccessRequest.Terms {
    AccessRequest.Terms(
        tenant: try slug("contoso"),
        supportRequest: try supportRequest().number,
        engineer: engineer.id,
        reason: reason,
        duration: duration,
        scope: try scope ?? wholeScope(),
        notBefore: notBefore
    )
}

func supportRequest() throws -> SupportRequest {
    SupportRequest(
        stored: try slug("contoso"),
        number: try required(SupportRequestNumber("SR-1")),
        subject: "Mails vanish",
        description: "Since yesterday.",
        service: nil,
        url: nil,
        openedBy: identifier(3),
        openedAt: morning
    )
}

extension Event {
    /// The case's name without what it carries, and without what it is about.
    var kind: String {
        let event: any Sendable =
            switch self {
            case .request(let event): event
            case .access(let event): event
            case .directory(let event): event
            case .signIn(let event): event
            case .provisioning(let event): event
            case .log(let event): event
            }
        return String("\(event)".prefix { $0 != "(" })
    }
}
