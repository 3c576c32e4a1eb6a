/// What whoever asks has asked for before, an engineer or a program: it bounds how often a customer is
/// asked.
public struct AskingHistory: Hashable, Sendable {
    /// Open requests that she asked for herself, or that it asked for.
    public var open: Int
    /// Those about the tenant that wait for a decision.
    public var waitingAtTenant: Int
    /// Requests of anybody on the support request that wait for a decision.
    public var waitingOnSupportRequest: Int
    /// When the customer last denied the engineer, or the program, on the support request.
    public var lastDenied: Timestamp?

    public init(
        open: Int,
        waitingAtTenant: Int,
        waitingOnSupportRequest: Int,
        lastDenied: Timestamp?
    ) {
        self.open = open
        self.waitingAtTenant = waitingAtTenant
        self.waitingOnSupportRequest = waitingOnSupportRequest
        self.lastDenied = lastDenied
    }

    /// Refuses one more request where a bound is reached, or the last denial is too fresh.
    public func requireRoom(at now: Timestamp) throws(Refusal) {
        let bounds: [(Int, Int, Refusal.Quota)] = [
            (open, Limits.openRequestsPerEngineer, .openRequests),
            (waitingAtTenant, Limits.waitingRequestsAtTenant, .waitingRequestsAtTenant),
            (
                waitingOnSupportRequest, Limits.waitingRequestsOnSupportRequest,
                .waitingRequestsOnSupportRequest
            ),
        ]
        for (count, bound, quota) in bounds where count >= bound { throw .limitReached(quota) }
        if let lastDenied, now < lastDenied + Limits.waitAfterDenial {
            throw .limitReached(.deniedJustNow)
        }
    }
}
