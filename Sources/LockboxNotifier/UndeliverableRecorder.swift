package import LockboxDomain
package import LockboxPorts

/// The door to the audit log, as the notifier needs it: a letter that cannot be delivered is an
/// event, and only the audited write may add events.
package protocol UndeliverableRecorder: Sendable {
    /// Runs `change` in one write. What it returns is recorded in that same write as
    /// `RequestEvent.noticeUndeliverable`; nil means that the letter was settled before and nothing
    /// is recorded. `change` may run more than once.
    func record(
        _ change: @escaping @Sendable (any StoreTransaction) throws -> UndeliverableNotice?
    ) async throws
}
