import Dispatch
import Foundation
import LockboxAPI
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import LockboxStoreSQLite
import LockboxWork
import Logging
import Testing

@testable import LockboxServer

/// What keeps the server from its work is said in words, over a real database.
struct HealthWatchTests {
    @Test func whereAllIsWellThereIsNothingToSay() async throws {
        try await Bench.with { bench async throws in
            #expect(await bench.watch.problems() == [])
            #expect(bench.watch.gauges.contains { $0.name == "lockbox_writes_failing" })
        }
    }

    @Test func databaseThatWentAwayIsNoticed() async throws {
        try await Bench.with { bench async throws in
            try FileManager.default.moveItem(atPath: bench.path, toPath: bench.path + ".away")
            let said = await bench.watch.problems().joined(separator: " ")
            #expect(said.contains("removed or replaced"), "\(said)")
        }
    }

    @Test func whatIsLeftOfTheDiskIsKeptForEndingAccess() async throws {
        try await Bench.with(reserve: .max) { bench async throws in
            let said = await bench.watch.problems().joined(separator: " ")
            #expect(said.contains("nearly full"), "\(said)")
            for purpose in [WritePurpose.ordinary, .granting, .tidying] {
                await #expect(throws: WriteHeldBack.spaceIsReserved) {
                    try await bench.audited.write(by: .console, for: purpose) { _ in }
                }
            }
            for purpose in [WritePurpose.ending, .deciding] {
                try await bench.audited.write(by: .console, for: purpose) { _ in }
            }
        }
    }

    @Test func databaseThatAnotherProcessHoldsIsNoticed() async throws {
        try await Bench.with { bench async throws in
            let other = try await SQLiteStore.open(path: bench.path)
            let (holds, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let held: Void = other.write { tx in
                try tx.saveProviderName("Other")
                holds.signal()
                release.wait()
            }
            await Self.wait(for: holds)
            // On a busy machine a look may first find that reading takes long.
            var said = ""
            for _ in 0..<20 where !said.contains("another process holds") {
                said = await bench.watch.problems().joined(separator: " ")
            }
            release.signal()
            try await held
            #expect(said.contains("another process holds"), "\(said)")
            while await !bench.watch.problems().isEmpty { await Task.yield() }
            try await other.close()
        }
    }

    @Test(arguments: [
        (ReadLane.endingAccess, "does not answer"), (.ordinary, "people ask"), (.bulk, "searched"),
    ])
    func readingThatFailsIsNoticedWhoeverItIsFor(_ lane: ReadLane, _ words: String) async throws {
        try await Bench.with(deaf: lane) { bench async throws in
            let said = await bench.watch.problems()
            #expect(said.count == 1 && said[0].contains(words), "\(said)")
            let gauge = bench.watch.gauges.first { $0.name == "lockbox_store_readable" }
            #expect(gauge?.samples.map(\.value) == ["0"])
        }
    }

    /// A lane of which one connection is open, and another cannot be opened.
    @Test func readsThatFailAreToldForAMinuteThoughOthersSucceed() async throws {
        let time = FixedMonotonicClock()
        let reads = WatchedReads(
            DeafStore(store: try await SQLiteStore.temporary(), deaf: .bulk),
            time: time
        )
        func failed() -> [Int] { reads.failed.map(\.count) }
        for lane in ReadLane.allCases where lane != .bulk {
            _ = try await reads.read(lane) { try $0.providerName() }
        }
        #expect(failed() == [0, 0, 0])
        for _ in 1...2 {
            await #expect(throws: StoreError.self) {
                try await reads.read(.bulk) { try $0.providerName() }
            }
        }
        await #expect(throws: StoreError.self) {
            try await reads.read(.ordinary) { _ in throw StoreError.busy("too many") }
        }
        #expect(failed() == [0, 0, 2])
        time.advance(by: WatchedReads.remembered - .milliseconds(1))
        #expect(failed() == [0, 0, 2])
        time.advance(by: .milliseconds(1))
        #expect(failed() == [0, 0, 0])
    }

    @Test func readsThatFailedAreRemarkedAndCounted() async throws {
        try await Bench.with(deaf: .bulk) { bench async throws in
            _ = await bench.watch.problems()
            #expect(bench.watch.remarks.count == 1)
            #expect(bench.watch.remarks.allSatisfy { $0.contains("searched") })
            let gauge = bench.watch.gauges.first { $0.name == "lockbox_reads_failing" }
            let lanes = gauge?.samples.filter { $0.value != "0" }.map(\.labels)
            #expect(lanes == ["{lane=\"bulk\"}"])
        }
    }

    @Test func clockThatJumpedStopsDecidingAndNotEnding() async throws {
        try await Bench.with { bench async throws in
            bench.clock.step(by: .hours(-2))
            let said = await bench.watch.problems().joined(separator: " ")
            #expect(said.contains("clock jumped by 2 hours"), "\(said)")
            for purpose in [WritePurpose.deciding, .granting, .tidying] {
                await #expect(throws: WriteHeldBack.clockStepped(.hours(-2))) {
                    try await bench.audited.write(by: .console, for: purpose) { _ in }
                }
            }
            for purpose in [WritePurpose.ending, .ordinary] {
                try await bench.audited.write(by: .console, for: purpose) { _ in }
            }
            bench.clock.step(by: nil)
            #expect(await bench.watch.problems() == [])
        }
    }

    private static func wait(for semaphore: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                semaphore.wait()
                continuation.resume()
            }
        }
    }
}

private struct Bench: Sendable {
    let path: String
    let clock = FixedClock()
    let audited: AuditedStore
    let watch: HealthWatch

    static func with(
        reserve: Int64 = 0,
        deaf: ReadLane? = nil,
        _ body: @Sendable (Bench) async throws -> Void
    ) async throws {
        let folder = try Folder()
        let store = try await SQLiteStore.open(path: folder.path + "/lockbox.sqlite")
        do {
            let bench = Bench(store, folder.path + "/lockbox.sqlite", reserve, deaf)
            // It is cancelled at the end of this scope.
            async let _ = bench.watch.run()
            try await body(bench)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }

    private init(_ store: SQLiteStore, _ path: String, _ reserve: Int64, _ deaf: ReadLane?) {
        self.path = path
        let time = SystemAwakeClock()
        let health = WriteHealth(time: time)
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        audited = AuditedStore(
            store: store,
            clock: clock,
            entropy: SeededEntropy(),
            health: health
        )
        watch = HealthWatch(
            HealthWatch.Parts(
                store: WatchedReads(DeafStore(store: store, deaf: deaf), time: time),
                audited: audited,
                files: store,
                health: health,
                index: DecisionIndex(store: store, clock: clock),
                clock: clock,
                time: time,
                late: LateLooks(
                    enforcers: NoEnforcers(),
                    time: time,
                    pause: SystemPause(),
                    logger: quiet
                ),
                drift: DriftWatch(
                    store: audited,
                    needsOpening: { _ in false },
                    enforcers: NoEnforcers(),
                    operators: Operators([]),
                    entropy: SeededEntropy(),
                    time: time,
                    pause: SystemPause(),
                    logger: quiet
                ),
                reserve: reserve,
                logger: quiet
            )
        )
    }
}

/// A store of which one lane cannot be read.
private struct DeafStore: Store {
    let store: any Store
    let deaf: ReadLane?

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await store.write(body)
    }

    func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        if lane == deaf { throw StoreError.unavailable("unable to open database file") }
        return try await store.read(lane, body)
    }

    func changedElsewhere() async throws -> Bool { try await store.changedElsewhere() }
}
