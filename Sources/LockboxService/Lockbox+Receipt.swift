package import LockboxDomain
package import LockboxPorts

extension RequestView {
    /// Whether nothing can be done about it any more, and that is written down.
    package var hasReceipt: Bool { request.state.name.isTerminal && unrecordedEnd == nil }
}

extension Lockbox {
    /// What a receipt of request `id` is made of, for those who may read its tenant's log. Throws
    /// `Refusal.wrongState` while something may still be done about it, or its end is not written
    /// down yet.
    package func receiptSubject(_ id: String, by caller: Person) async throws -> (
        request: AccessRequestID, log: LogID
    ) {
        let view = try await request(id, by: caller)
        let tenant = view.request.terms.tenant
        // The provider's people see the request; the log is the tenant's alone.
        guard caller.side == .tenant(tenant) else { throw Refusal.notPermitted(.readAudit) }
        let log = try await readableLog(tenant: tenant.text, by: caller)
        guard view.hasReceipt else {
            throw Refusal.wrongState(view.unrecordedEnd == nil ? view.request.state.name : .active)
        }
        return (view.request.id, log)
    }
}
