package import LockboxDomain
package import LockboxPorts

/// One write in progress.
package struct Change {
    package let tx: any StoreTransaction
    package let now: Timestamp
    package let entropy: any Entropy
    package private(set) var events: [Event] = []

    private let logs: ReadLogs
    /// The tenants whose logs were read right before this write.
    private let readAhead: Set<TenantID>

    init(
        tx: any StoreTransaction,
        logs: ReadLogs,
        _ readAhead: Set<TenantID>,
        now: Timestamp,
        entropy: any Entropy
    ) {
        self.tx = tx
        self.logs = logs
        self.readAhead = readAhead
        self.now = now
        self.entropy = entropy
    }

    /// What the logs say, with what this write has appended.
    package var records: GrantRecords { GrantRecords(writing: tx, logs, readAhead) }

    package mutating func emit(_ event: Event) { events.append(event) }
    package mutating func emit(_ more: [Event]) { events += more }

    /// Lets time pass for `request` up to the instant of this write, and saves each step. Every
    /// command of a request comes after this, so that it is decided against the clock read here.
    package mutating func advance(_ request: inout AccessRequest) throws {
        while let event = request.advance(to: now) { try save(request, [event]) }
    }

    /// Saves `request` if anything happened to it, and emits what did. That must be one step.
    package mutating func save(_ request: AccessRequest, _ happened: [Event]) throws {
        guard !happened.isEmpty else { return }
        try tx.save(request)
        for case .access(.grantEnded(_, let grant, _, _)) in happened {
            try closeBatches(of: grant.id)
        }
        emit(happened)
    }
}
