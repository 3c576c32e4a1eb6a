import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Synchronization
import Testing

/// State, record and what follows from it commit together or not at all.
struct AuditedStoreTests {
    private struct Broken: Error {}

    private struct Reader: EventReader {
        let read: @Sendable (any StoreTransaction) throws -> Void

        func read(
            _ event: Event,
            by actor: Actor,
            at now: Timestamp,
            entropy: any Entropy,
            in tx: any StoreTransaction
        ) throws {
            try read(tx)
        }
    }

    private static func rename(_ tx: any StoreTransaction) throws {
        var sue = Fixture.sue
        sue.name = "Changed"
        try tx.save(sue)
    }

    @Test func bodyThatThrowsLeavesNeitherStateNorRecord() async throws {
        try await AuditWorld.with { world async throws in
            await #expect(throws: Broken.self) {
                try await world.audited.write(by: .console) { change in
                    try Self.rename(change.tx)
                    change.emit(.signIn(.passwordSet(Fixture.sue)))
                    throw Broken()
                }
            }
            #expect(try await world.size(of: AuditWorld.contoso) == 0)
            #expect(
                try await world.store.read { tx in try tx.person(Fixture.sue.id) } == Fixture.sue
            )
        }
    }

    @Test func readerThatThrowsLeavesNeitherStateNorRecord() async throws {
        try await AuditWorld.with(readers: [Reader { _ in throw Broken() }]) { world async throws in
            await #expect(throws: Broken.self) {
                try await world.audited.write(by: .console) { change in
                    try Self.rename(change.tx)
                    change.emit(.signIn(.passwordSet(Fixture.sue)))
                }
            }
            #expect(try await world.size(of: AuditWorld.contoso) == 0)
            #expect(
                try await world.store.read { tx in try tx.person(Fixture.sue.id) } == Fixture.sue
            )
        }
    }

    @Test func recordThatCannotBeWrittenTakesTheStateBack() async throws {
        try await AuditWorld.with { world async throws in
            try await world.grow(by: 1)
            // The head of the log is damaged, so that nothing can be appended to it.
            try world.tamper("UPDATE log_head SET range_hashes = x''")
            await #expect(throws: (any Error).self) {
                try await world.audited.write(by: .console) { change in
                    try Self.rename(change.tx)
                    change.emit(.signIn(.passwordSet(Fixture.sue)))
                }
            }
            #expect(
                try await world.store.read { tx in try tx.person(Fixture.sue.id) } == Fixture.sue
            )
        }
    }

    @Test func whatReadersWriteCommitsWithTheState() async throws {
        try await AuditWorld.with(readers: [Reader(read: Self.rename)]) { world async throws in
            try await world.audited.write(by: .console) {
                $0.emit(.signIn(.passwordSet(Fixture.sue)))
            }
            #expect(
                try await world.store.read { tx in try tx.person(Fixture.sue.id)?.name }
                    == "Changed"
            )
        }
    }

    private final class Listener: CommitListener {
        let heard = Mutex<[[Event]]>([])
        func committed(_ events: [Event]) async { heard.withLock { $0.append(events) } }
        func outcomeUnknown() async { heard.withLock { $0.append([]) } }
    }

    @Test func listenersHearOfEachCommitAndOfNothingElse() async throws {
        try await AuditWorld.with { world async throws in
            let listener = Listener()
            let audited = AuditedStore(
                store: world.store,
                clock: world.clock,
                entropy: SeededEntropy(),
                listeners: [listener]
            )
            try await audited.write(by: .console) { $0.emit(.signIn(.passwordSet(Fixture.sue))) }
            try await audited.write(by: .console) { _ in }
            await #expect(throws: Broken.self) {
                try await audited.write(by: .console) { change in
                    change.emit(.signIn(.passwordSet(Fixture.sue)))
                    throw Broken()
                }
            }
            #expect(listener.heard.withLock { $0 } == [[.signIn(.passwordSet(Fixture.sue))]])
        }
    }

    /// A store whose commit went through though its answer was lost.
    private struct Unsure: Store {
        let store: any Store

        func write<Value: Sendable>(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
        ) async throws -> Value {
            _ = try await store.write(body)
            throw StoreError.outcomeUnknown("the disk did not answer")
        }

        func read<Value: Sendable>(
            _ lane: ReadLane,
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
        ) async throws -> Value {
            try await store.read(lane, body)
        }

        func changedElsewhere() async throws -> Bool { false }
    }

    @Test func listenersAreWarnedOfACommitWhoseOutcomeIsUnknown() async throws {
        try await AuditWorld.with { world async throws in
            let listener = Listener()
            let audited = AuditedStore(
                store: Unsure(store: world.store),
                clock: world.clock,
                entropy: SeededEntropy(),
                listeners: [listener]
            )
            await #expect(throws: StoreError.outcomeUnknown("the disk did not answer")) {
                try await audited.write(by: .console) {
                    $0.emit(.signIn(.passwordSet(Fixture.sue)))
                }
            }
            #expect(listener.heard.withLock { $0 } == [[]])
        }
    }

    @Test func timeInALogNeverGoesBackThoughTheClockDoes() async throws {
        try await AuditWorld.with { world async throws in
            try await world.grow(by: 1)
            world.clock.move(to: Fixture.now + .hours(-1))
            try await world.grow(by: 1)
            try await world.grow(.provider, by: 1)
            world.clock.move(to: Fixture.now + .hours(1))
            try await world.grow(by: 1)
            let times = try await world.entries().map(\.time)
            #expect(times == [Fixture.now, Fixture.now, Fixture.now + .hours(1)])
            // Another log has a time of its own.
            #expect(
                try await world.entries(of: .provider).map(\.time) == [Fixture.now + .hours(-1)]
            )
            #expect(try await world.differences().filter { $0.contains("older") }.isEmpty)
        }
    }

    @Test func recordsOfConcurrentWritesAreDenseAndInOneOrder() async throws {
        try await AuditWorld.with { world async throws in
            try await withThrowingTaskGroup { group in
                for _ in 0..<100 { group.addTask { try await world.grow(by: 1) } }
                try await group.waitForAll()
            }
            let entries = try await world.entries()
            #expect(entries.map(\.index) == Array(0..<100))
        }
    }
}
