/// Looser rules that an administrator of a tenant asked for, and that do not hold yet: one person
/// alone, or whoever has stolen a session of hers, could undo what several people guard.
public struct PolicyChange: Identified, Hashable, Sendable {
    public static let idPrefix = "PLC"

    public let id: PolicyChangeID
    public let tenant: TenantID
    /// All rules as they shall be.
    public let policy: Policy
    /// The version of the tenant that it was asked for. Where there is another by now, nothing comes
    /// of it: else it would take back what somebody made stricter meanwhile.
    public let version: Int
    public let by: PersonID
    public let madeAt: Timestamp
    /// From this instant on it holds, unless an administrator stops it before, or as many people as
    /// must approve a request agree to it.
    public let takesEffectAt: Timestamp
    /// Who has agreed, its maker among them if her own yes counts.
    public private(set) var agreed: [PersonID]

    /// Reads back what was stored, or makes a new one.
    public init(
        id: PolicyChangeID,
        tenant: TenantID,
        policy: Policy,
        version: Int,
        by: PersonID,
        madeAt: Timestamp,
        takesEffectAt: Timestamp,
        agreed: [PersonID]
    ) {
        self.id = id
        self.tenant = tenant
        self.policy = policy
        self.version = version
        self.by = by
        self.madeAt = madeAt
        self.takesEffectAt = takesEffectAt
        self.agreed = agreed
    }

    /// Counts once for each person.
    public mutating func agree(_ person: PersonID) {
        if !agreed.contains(person) { agreed.append(person) }
    }
}

public typealias PolicyChangeID = ID<PolicyChange>

extension Tenant {
    /// Whether `rules` can be this tenant's, with `eligible` people who approve.
    public func couldHold(_ rules: Policy, eligible: Int) -> Bool {
        !rules.requireApproval || isLicensed && eligible >= rules.approvalsNeeded
    }

    /// Whether those of `people` who are named in `agreed`, and may approve at `now`, are as many
    /// human beings as must approve a request.
    public func isQuorum(_ agreed: [PersonID], of people: [Person], at now: Timestamp) -> Bool {
        let counted = people.filter { agreed.contains($0.id) && $0.mayApprove(for: id, at: now) }
        return Person.countHumans(counted) >= policy.approvalsNeeded
    }
}
