public import LockboxDomain

/// What waits for a tenant's administrators, and what they declined.
public protocol PersonProposalRecords {
    /// One at most.
    func proposal(about person: PersonID) throws -> PersonProposal?
    /// Declined or not, the oldest first.
    func proposals(to tenant: TenantID) throws -> [PersonProposal]
    func insert(_ proposal: PersonProposal) throws
    func declineProposal(about person: PersonID, at now: Timestamp) throws
    func removeProposal(about person: PersonID) throws
}
