import AsyncHTTPClient
package import LockboxAudit
package import LockboxDecisions
package import LockboxDomain
package import LockboxFixtures
package import LockboxPorts
package import LockboxService
package import LockboxServices
import LockboxStoreSQLite

/// The middle floors over a real store, in one process: a clock that stands still, chance that
/// repeats itself, two tenants with their people and the provider's.
package struct TestWorld: Sendable {
    package let store: any Store
    package let clock: FixedClock
    package let audited: AuditedStore
    package let lockbox: Lockbox
    package let index: DecisionIndex

    package static let tools = ServiceTools(
        http: .shared,
        clock: FixedClock(),
        entropy: SeededEntropy()
    ) { _ in "a key" }
    package static let kinds = ServiceKinds([IMAPKind(tools), HTTPKind(), SQLKind()])

    /// Runs `body` in a world of its own, which is gone afterwards.
    package static func with(
        contoso: Tenant = Fixture.contoso,
        people: [Person] = [],
        readers: [any EventReader] = [],
        _ body: (TestWorld) async throws -> Void
    ) async throws {
        let store = try await SQLiteStore.temporary()
        let world = TestWorld(store: store, readers: readers)
        do {
            try await world.furnish(contoso, Fixture.everybody + people)
            try await body(world)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }

    /// A world over `store`, with nothing in it yet. `readers` learn of each event besides the one
    /// that plans removals.
    package init(
        store: any Store,
        clock: FixedClock = FixedClock(),
        seed: UInt64 = 1,
        readers: [any EventReader] = []
    ) {
        self.store = store
        self.clock = clock
        index = DecisionIndex(store: store, clock: clock)
        let uses = UseCounts()
        audited = AuditedStore(
            store: store,
            clock: clock,
            entropy: SeededEntropy(seed: seed),
            readers: [RemovalPlanner(kinds: Self.kinds)] + readers,
            listeners: [index, uses]
        )
        lockbox = Lockbox(
            store: audited,
            kinds: Self.kinds,
            enforcers: NoEnforcers(),
            ends: index,
            uses: uses,
            signing: SigningPlace(
                logPrefix: "lockbox.example",
                webOrigin: "https://lockbox.example",
                entropy: SeededEntropy(seed: 3)
            )
        )
    }

    /// The same world, where `readers` learn of what happens from now on.
    package func read(by readers: [any EventReader]) async throws -> TestWorld {
        let world = TestWorld(store: store, clock: clock, seed: 2, readers: readers)
        try await world.index.refresh(reload: true)
        return world
    }

    /// Writes down who and what is there.
    package func furnish(
        _ contoso: Tenant = Fixture.contoso,
        _ people: [Person] = Fixture.everybody
    ) async throws {
        try await audited.write(by: .console) { change in
            let tx = change.tx
            try tx.saveProviderName("Example Cloud")
            for tenant in [contoso, Fixture.fabrikam] {
                try tx.save(tenant)
                change.emit(.directory(.tenantAdded(tenant)))
            }
            for person in people {
                try tx.save(person)
                change.emit(.directory(.personAdded(person)))
            }
            try tx.save(Fixture.mail)
            change.emit(.directory(.serviceAdded(Fixture.mail.service)))
            for (resource, tenant) in Fixture.resources {
                try tx.save(resource, of: tenant)
                change.emit(.directory(.resourceAdded(resource, tenant)))
            }
        }
        for (number, person) in [
            ("SR-1001", Fixture.sue), ("SR-1002", Fixture.tom), ("SR-2001", Fixture.frida),
        ] {
            let support = Fixture.supportRequest(
                number,
                of: person.side.tenant ?? contoso.id,
                openedBy: person.id
            )
            try await audited.write(by: .person(person)) { change in
                try change.tx.insert(support)
                change.emit(.request(.supportRequestOpened(support)))
            }
        }
        try await index.refresh(reload: true)
    }
}
