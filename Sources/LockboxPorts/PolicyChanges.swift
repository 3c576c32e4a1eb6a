public import LockboxDomain

/// Looser rules that wait to hold.
public protocol PolicyChangeRecords {
    /// What waits for `tenant`; one thing at a time.
    func policyChange(of tenant: TenantID) throws -> PolicyChange?
    /// Inserts, or replaces who has agreed.
    func save(_ change: PolicyChange) throws
    /// Does nothing where nothing waits.
    func removePolicyChange(of tenant: TenantID) throws
    /// Those that are to hold by `now`, the earliest first.
    func policyChangesDue(at now: Timestamp, limit: Int) throws -> [PolicyChange]
    /// When the next one is to hold; nil where nothing waits.
    func nextPolicyChange() throws -> Timestamp?
}
