/// What a decision is judged against: the tenant as it is now and the people who may decide for it
/// now.
public struct DecisionContext: Sendable {
    public let tenant: Tenant
    /// The engineer's record as it is now.
    public let engineer: Person
    /// Everyone who may approve for the tenant now.
    public let approvers: [Person]
    /// Those who have decided on the request so far, as their records are now: a human being with
    /// two records decides once.
    public let deciders: [Person]
    /// The identifier for a grant, should this decision open one.
    public let newGrant: GrantID

    public init(
        tenant: Tenant,
        engineer: Person,
        approvers: [Person],
        deciders: [Person] = [],
        newGrant: GrantID
    ) {
        self.tenant = tenant
        self.engineer = engineer
        self.approvers = approvers
        self.deciders = deciders
        self.newGrant = newGrant
    }
}
