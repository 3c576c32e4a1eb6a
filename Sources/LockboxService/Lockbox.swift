package import LockboxAudit
import LockboxDomain
package import LockboxPorts

/// The use cases. Each authorises the caller against what is stored now, runs the rule, and
/// commits.
///
/// It knows nothing of HTTP or of how callers sign in: a caller is the `Person` that the identity
/// room found.
package struct Lockbox: Sendable {
    let store: AuditedStore
    package let kinds: ServiceKinds
    let enforcers: any EnforcerDirectory
    let ends: any ImmediateEnds
    let uses: UseCounts
    let signing: SigningPlace
    let operations = WaitingOperations()
    private let changes = DayCounts()
    /// Those of requests by what they contain, for which no index is; and counts, which a list can be
    /// without.
    let searches = LongReads((all: Limits.requestSearches, each: 1))
    let counts = LongReads((all: Limits.requestCounts, each: 1))
    let requestExports = LongReads((all: Limits.requestExports, each: 1))
    /// What directories did, and refusals that were told of.
    let provisioned = DayCounts()

    /// `uses` must listen to `store`.
    package init(
        store: AuditedStore,
        kinds: ServiceKinds,
        enforcers: any EnforcerDirectory,
        ends: any ImmediateEnds,
        uses: UseCounts,
        signing: SigningPlace
    ) {
        self.store = store
        self.kinds = kinds
        self.enforcers = enforcers
        self.ends = ends
        self.uses = uses
        self.signing = signing
    }
}

extension Lockbox {
    /// Writes a change of settings by `caller`, who has only so many in a day. `body` counts it;
    /// where it does not come about it does not count.
    func changeSettings<Value: Sendable>(
        by caller: Person,
        for purpose: WritePurpose = .ordinary,
        _ body: @escaping @Sendable (inout Change, DayCount) throws -> Value
    ) async throws -> Value {
        let count = DayCount(in: changes)
        do {
            return try await store.write(by: .person(caller), for: purpose) { change in
                try body(&change, count)
            }
        } catch StoreError.outcomeUnknown(let problem) {
            // It may have come about.
            throw StoreError.outcomeUnknown(problem)
        } catch {
            count.takeBack()
            throw error
        }
    }
}

extension DayCount {
    /// Counts a change of settings that `person` makes. What only takes away has room of its own, so
    /// that nobody who gives much can no longer take back.
    func addSettings(of person: Person, takesAway: Bool, at now: Timestamp) throws(Refusal) {
        try add([(.settings, person.id.text + (takesAway ? "-" : "+"))], at: now)
    }
}

/// A retry's handle on the write that it repeats: the caller's `Idempotency-Key`, and SHA-256 of
/// what was sent with it.
package struct CommandKey: Hashable, Sendable {
    package let key: String
    package let payloadHash: [UInt8]

    package init(key: String, payloadHash: [UInt8]) {
        self.key = key
        self.payloadHash = payloadHash
    }
}

extension Lockbox {
    /// Runs `body` as `caller`, once for each key: a retry gets what `again` makes of the first
    /// run's subject. The record of the key commits with the change, so a crash leaves both or
    /// neither.
    func command<Value: Sendable>(
        by caller: Person,
        key: CommandKey?,
        for purpose: WritePurpose = .ordinary,
        subject: @escaping @Sendable (Value) -> String,
        again:
            @escaping @Sendable (String, Person, any StoreTransaction, Timestamp) throws -> Value,
        _ body: @escaping @Sendable (Person, inout Change) throws -> Value
    ) async throws -> Value {
        try await store.write(by: .person(caller), for: purpose) { change in
            let person = try change.tx.current(caller)
            if let key, let done = try change.tx.command(of: person.id, key: key.key) {
                guard done.payloadHash == key.payloadHash else { throw Refusal.keyReused }
                return try again(done.subject, person, change.tx, change.now)
            }
            let value = try body(person, &change)
            if let key {
                try change.tx.insert(
                    CommandRecord(
                        person: person.id,
                        key: key.key,
                        payloadHash: key.payloadHash,
                        subject: subject(value),
                        at: change.now
                    )
                )
            }
            return value
        }
    }

    /// Runs `body` as `caller` on one consistent view.
    func query<Value: Sendable>(
        _ lane: ReadLane = .ordinary,
        by caller: Person,
        _ body: @escaping @Sendable (Person, any StoreTransaction, Timestamp) throws -> Value
    ) async throws -> Value {
        try await store.read(lane) { tx, now in try body(try tx.current(caller), tx, now) }
    }
}

extension PersonRecords {
    /// The caller's record as it is now; a caller who was switched off meanwhile is not signed in.
    func current(_ caller: Person) throws -> Person {
        guard let person = try person(caller.id), !person.isDisabled else {
            throw Refusal.notSignedIn
        }
        return person
    }

    /// Everyone who may approve for `tenant` now.
    func approvers(of tenant: TenantID) throws -> [Person] {
        try people(of: tenant, holding: [.approver, .admin]).filter { $0.mayDecide(for: tenant) }
    }

    /// A person that a stored row refers to.
    func known(_ id: PersonID) throws -> Person {
        guard let person = try person(id) else { throw StoreError.corrupt("no person \(id)") }
        return person
    }
}

extension Person {
    /// Roles at the provider that see every tenant's requests.
    static let providerStaff: Roles = [.engineer, .manager, .operator]

    var isProviderStaff: Bool { holds(oneOf: Self.providerStaff, at: .provider) }

    /// Whether the person sees all that concerns `tenant`, not only what she opened herself.
    func oversees(_ tenant: TenantID) -> Bool {
        isProviderStaff || holds(oneOf: [.approver, .admin, .auditor], at: .tenant(tenant))
    }
}
