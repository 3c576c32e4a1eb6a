/// What changes in the directory: provider, tenants with their rules, people, services, resources.
public enum DirectoryEvent: Hashable, Sendable {
    case tenantAdded(Tenant)
    case policyChanged(before: Tenant, after: Tenant, signature: ApprovalSignature? = nil)
    case licenceChanged(Tenant)
    /// Looser rules that do not hold yet; the tenant is as it is meanwhile.
    case policyChange(
        PolicyChangeEvent,
        PolicyChange,
        of: Tenant,
        signature: ApprovalSignature? = nil
    )
    case domainsChanged(Tenant)
    case signInChanged(Side, SignInSettings)
    /// An administrator of the tenant asked for another way to sign in, which is not so yet.
    case signInChangeAsked(SignInChange)
    case signInChangeStopped(SignInChange)
    /// One of its administrators signed in for the first time: its people are its own from now on.
    case tenantAdministered(Tenant)
    case personAdded(Person)
    case personChanged(before: Person, after: Person)
    /// What the operator's file wishes of a person of a tenant, which is for its administrators to say.
    case personProposal(ProposalEvent, PersonProposal, Person)
    case tenantRenamed(Tenant)
    case providerRenamed(String)
    /// From now on this tenant's approvers decide about the resource.
    case resourceAdded(Resource, TenantID)
    case serviceAdded(ProtectedService)
    case serviceChanged(ProtectedService)
    /// Texts of the tenant's log went.
    case textsErased(TextErasure)
}

/// What becomes of a proposal.
public enum ProposalEvent: String, Hashable, Sendable {
    case made, accepted, declined
    /// The file does not say so any more, or says something else.
    case withdrawn
}

/// What becomes of looser rules that wait. That they hold is told by `policyChanged`.
public enum PolicyChangeEvent: String, Hashable, Sendable {
    case asked
    /// One more person agrees to it.
    case agreed
    /// An administrator stopped it.
    case stopped
    /// Its maker asked for something else or is no administrator any more, or the rules were changed
    /// otherwise.
    case withdrawn
}

extension DirectoryEvent {
    /// Whose directory it concerns.
    var side: Side {
        switch self {
        case .tenantAdded(let tenant), .policyChanged(_, let tenant, _),
            .licenceChanged(let tenant),
            .domainsChanged(let tenant), .tenantRenamed(let tenant),
            .tenantAdministered(let tenant):
            .tenant(tenant.id)
        case .personAdded(let person), .personChanged(_, let person): person.side
        case .resourceAdded(_, let tenant): .tenant(tenant)
        case .personProposal(_, let proposal, _): .tenant(proposal.tenant)
        case .signInChanged(let side, _): side
        case .signInChangeAsked(let change), .signInChangeStopped(let change):
            .tenant(change.tenant)
        case .policyChange(_, let change, _, _): .tenant(change.tenant)
        case .textsErased(let erasure): .tenant(erasure.tenant)
        case .providerRenamed, .serviceAdded, .serviceChanged: .provider
        }
    }
}

extension DirectoryEvent {
    /// Whether the passing of time caused it.
    var isCausedByTime: Bool {
        guard case .textsErased(let erasure) = self, case .retention = erasure.cause else {
            return false
        }
        return true
    }
}
