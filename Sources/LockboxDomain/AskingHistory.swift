/// What an engineer has asked for before: it bounds how often a customer is asked.
public struct AskingHistory: Hashable, Sendable {
    /// Open requests of the engineer: in all, and about the tenant.
    public var open: Int
    public var openAtTenant: Int
    /// Open requests of anybody on the support request.
    public var openOnSupportRequest: Int
    /// Made about the tenant within the last day.
    public var withinDay: Int
    /// When the customer last denied the engineer on the support request.
    public var lastDenied: Timestamp?

    public init(
        open: Int,
        openAtTenant: Int,
        openOnSupportRequest: Int,
        withinDay: Int,
        lastDenied: Timestamp?
    ) {
        self.open = open
        self.openAtTenant = openAtTenant
        self.openOnSupportRequest = openOnSupportRequest
        self.withinDay = withinDay
        self.lastDenied = lastDenied
    }

    /// Refuses one more request where a bound is reached, or the last denial is too fresh.
    public func requireRoom(at now: Timestamp) throws(Refusal) {
        let bounds: [(Int, Int, Refusal.Quota)] = [
            (open, Limits.openRequestsPerEngineer, .openRequests),
            (openAtTenant, Limits.openRequestsAtTenant, .openRequestsAtTenant),
            (
                openOnSupportRequest, Limits.openRequestsOnSupportRequest,
                .openRequestsOnSupportRequest
            ),
            (withinDay, Limits.requestsAtTenantPerDay, .requestsAtTenantPerDay),
        ]
        for (count, bound, quota) in bounds where count >= bound { throw .limitReached(quota) }
        if let lastDenied, now < lastDenied + Limits.waitAfterDenial {
            throw .limitReached(.deniedJustNow)
        }
    }
}
