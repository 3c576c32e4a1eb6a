package import LockboxDomain
package import LockboxPorts

/// The one door for writing: state, audit record and what follows from it commit together or not at
/// all.
package struct AuditedStore: Sendable {
    private let store: any Store
    /// What was read of tenants' logs.
    package let logs: ReadLogs
    private let clock: any WallClock
    private let entropy: any Entropy
    private let readers: [any EventReader]
    private let listeners: [any CommitListener]
    private let health: WriteHealth?
    private let operatorAtConsole: String?

    /// `readers` run inside each write, in order; `listeners` after it is durable and before the
    /// caller hears of it. `health` hears how writing goes, and says whether there is
    /// space; a program that writes once and ends needs none. `operatorAtConsole` is whose acts those of
    /// the console are. `logs` is shared with who else reads them in this process.
    package init(
        store: any Store,
        logs: ReadLogs = ReadLogs(),
        clock: any WallClock,
        entropy: any Entropy,
        readers: [any EventReader] = [],
        listeners: [any CommitListener] = [],
        health: WriteHealth? = nil,
        operatorAtConsole: String? = nil
    ) {
        self.store = store
        self.logs = logs
        self.clock = clock
        self.entropy = entropy
        self.readers = readers
        self.listeners = listeners
        self.health = health
        self.operatorAtConsole = operatorAtConsole
    }

    /// Whether the next write can be expected to succeed soon: what can be left undone is not tried
    /// where not.
    package var isWritingWell: Bool { health?.isGood ?? true }

    /// The time, where a write for `purpose` would be tried now and can be expected to succeed.
    package func timeToWrite(for purpose: WritePurpose) -> Timestamp? {
        do {
            try check(purpose)
            return isWritingWell ? clock.now() : nil
        } catch {
            return nil
        }
    }

    /// Runs `body` in one serialisable transaction with the time read inside it, so that nothing is
    /// decided by a stale clock. Every event it emits becomes a record of the log it belongs to.
    /// `body` may run more than once, in particular where it asks for what a long log says: that is
    /// read before, for everybody waits for a write; and where another process has written a record of
    /// a moment later: then it is judged by that, so that tables and log say one time. Throws
    /// `WriteHeldBack` where the machine is in no state to write for `purpose`.
    package func write<Value: Sendable>(
        by actor: Actor,
        for purpose: WritePurpose = .ordinary,
        _ body: @escaping @Sendable (inout Change) throws -> Value
    ) async throws -> Value {
        var read: Set<TenantID> = []
        var earliest = Timestamp.earliest
        while true {
            do {
                return try await write(by: actor, for: purpose, (read, earliest), body)
            } catch let unread as LogIsUnread {
                // Whatever was appended to it meanwhile is little.
                try await logs.readAhead([unread.tenant], in: store)
                read.insert(unread.tenant)
            } catch let ahead as LogIsAhead {
                earliest = ahead.until
            }
        }
    }

    private func write<Value: Sendable>(
        by actor: Actor,
        for purpose: WritePurpose,
        _ known: (read: Set<TenantID>, earliest: Timestamp),
        _ body: @escaping @Sendable (inout Change) throws -> Value
    ) async throws -> Value {
        try check(purpose)
        let value: Value
        let events: [Event]
        do {
            (value, events) = try await watched { try await commit(by: actor, known, body) }
        } catch let error as StoreError {
            if case .outcomeUnknown = error {
                // It may have become durable: whoever remembers the state before it must not trust
                // that any more.
                for listener in listeners { await listener.outcomeUnknown() }
            }
            throw error
        }
        if !events.isEmpty {
            for listener in listeners { await listener.committed(events) }
        }
        return value
    }

    private func commit<Value: Sendable>(
        by actor: Actor,
        _ known: (read: Set<TenantID>, earliest: Timestamp),
        _ body: @escaping @Sendable (inout Change) throws -> Value
    ) async throws -> (Value, [Event]) {
        let actor = actor.isAtConsole ? .operatorAtConsole(operatorAtConsole) : actor
        return try await store.write { [logs, clock, entropy, readers] tx in
            let now = max(clock.now(), known.earliest)
            var change = Change(tx: tx, logs: logs, known.read, now: now, entropy: entropy)
            let value = try body(&change)
            for event in change.events {
                let actor = event.isCausedByTime ? .system : actor
                try LogWriter.append(event, by: actor, at: change.now, entropy: entropy, in: tx)
                for reader in readers {
                    try reader.read(event, by: actor, at: change.now, entropy: entropy, in: tx)
                }
            }
            // By the log as it is now: rows of decisions or rules that somebody wrote beside it open
            // nothing, and nothing of this write remains.
            var records = change.records
            for case .access(.grantOpened(let request, let grant)) in change.events {
                try records.requireGranted(grant, of: request)
            }
            return (value, change.events)
        }
    }

    /// One consistent view, with the time. `body` may run more than once: where it asks for what a long
    /// log says, that is read before.
    package func read<Value: Sendable>(
        _ lane: ReadLane = .ordinary,
        _ body: @escaping @Sendable (any StoreTransaction, Timestamp) throws -> Value
    ) async throws -> Value {
        while true {
            do {
                return try await store.read(lane) { [clock] tx in try body(tx, clock.now()) }
            } catch let unread as LogIsUnread {
                try await logs.readAhead([unread.tenant], in: store)
            }
        }
    }

    /// Bookkeeping that is not an event: delivery attempts, counts of uses, answers of retries,
    /// failed sign-ins. It must not touch what the log speaks of.
    package func note<Value: Sendable>(
        for purpose: WritePurpose = .ordinary,
        _ body: @escaping @Sendable (any StoreTransaction, Timestamp) throws -> Value
    ) async throws -> Value {
        try check(purpose)
        return try await watched {
            try await store.write { [clock] tx in try body(tx, clock.now()) }
        }
    }

    private func check(_ purpose: WritePurpose) throws {
        try WriteHeldBack.check(
            purpose,
            spaceIsReserved: health?.spaceIsReserved ?? false,
            clockStep: clock.step
        )
    }

    private func watched<Value: Sendable>(
        _ write: () async throws -> Value
    ) async throws -> Value {
        guard let health else { return try await write() }
        return try await health.watch(write)
    }
}
