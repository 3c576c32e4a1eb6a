package import LockboxDomain

/// Hears of each write once it is durable, before its caller does: the place to bring an index in
/// memory up to date.
package protocol CommitListener: Sendable {
    func committed(_ events: [Event]) async
    /// A write failed in a way that leaves open whether it became durable. What is remembered of
    /// the state may be wrong.
    func outcomeUnknown() async
}

extension CommitListener {
    package func outcomeUnknown() async {}
}
