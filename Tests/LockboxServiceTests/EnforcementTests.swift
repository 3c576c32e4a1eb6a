import LockboxAudit
import LockboxDomain
import LockboxEnforcement
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Logging
import Synchronization
import Testing

/// Orders are carried out until a service confirms them, and what happens to them is told once
/// each.
struct EnforcementTests {
    @Test func failureIsRecordedOnceRetriedLaterAndLaterAndItsEndRecorded() async throws {
        try await TestWorld.with { house async throws in
            let scripted = Scripted { _, attempt throws(EnforcerError) in
                if attempt <= 3 { throw EnforcerError("the mail server could not be reached") }
            }
            let request = try await Self.ended(house)
            try await Self.run(house, scripted) { pause in
                var removal = try await Self.removal(house, request) { $0.attempts == 1 }
                #expect(removal.progress == .failed)
                #expect(removal.problem == "the mail server could not be reached")
                let view = try await house.lockbox.request(request.id.text, by: Fixture.adam)
                #expect(view.grantState == .removalFailed)
                for (attempt, wait) in [(2, 250), (3, 500), (4, 1000)] as [(Int, Int64)] {
                    #expect(removal.nextAttempt == house.clock.now() + TimeSpan(milliseconds: wait))
                    house.clock.advance(by: TimeSpan(milliseconds: wait - 1))
                    pause.wake()
                    await pause.untilIdle()
                    #expect(scripted.calls == attempt - 1)
                    house.clock.advance(by: TimeSpan(milliseconds: 1))
                    pause.wake()
                    removal = try await Self.removal(house, request) { $0.attempts == attempt }
                }
                #expect(removal.progress == .confirmed)
                #expect(removal.problem == nil)
            }
            let told = try await house.activities(about: request.id)
            #expect(told.suffix(3) == ["access.ended", "access.removalFailed", "access.removed"])
            let view = try await house.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.grantState == .ended)
            try await house.expectConsistentLogs()
        }
    }

    @Test func waitsAfterFailuresGrowAndStayAtTheLast() {
        let waits = Enforcement.Limits.backOff
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 < $1 })
        #expect(waits.last == .seconds(30))
    }

    @Test func serviceThatIsNotSetUpIsAFailureAndNotForgotten() async throws {
        try await TestWorld.with { house async throws in
            let request = try await Self.ended(house)
            try await Self.run(house, Scripted(isSetUp: false) { _, _ in }) { _ in
                let removal = try await Self.removal(house, request) { $0.attempts == 1 }
                #expect(removal.progress == .failed)
                #expect(removal.problem == "the service is not set up for removal")
            }
        }
    }

    @Test func serviceThatHangsBlocksNoOtherHoweverMuchWaitsForIt() async throws {
        try await TestWorld.with { house async throws in
            let post = Fixture.service("post", clientID: "post")
            try await house.store.write { tx in
                try tx.save(post)
                try tx.save(
                    Fixture.resource("mailbox:sue@contoso.test", of: post.service.id),
                    of: Fixture.contoso.id
                )
            }
            for _ in 0..<Enforcement.Limits.parallelAtOneService + 10 {
                _ = try await Self.ended(house)
            }
            house.clock.advance(by: .seconds(1))
            let other = try await Self.ended(house, service: "post")
            let gate = Gate()
            let scripted = Scripted { removal, _ in
                if removal.service.text == "mail" { await gate.wait() }
            }
            try await Self.run(house, scripted) { _ in
                let removal = try await Self.removal(house, other) { $0.attempts == 1 }
                #expect(removal.progress == .confirmed)
                #expect(scripted.calls == 1 + Enforcement.Limits.parallelAtOneService)
                gate.open()
            }
        }
    }

    @Test func orderBeingCarriedOutIsNotBegunAgain() async throws {
        try await TestWorld.with { house async throws in
            let request = try await Self.ended(house)
            let gate = Gate()
            let scripted = Scripted { _, _ in await gate.wait() }
            try await Self.run(house, scripted) { pause in
                for _ in 0..<20 {
                    pause.wake()
                    await pause.untilIdle()
                }
                #expect(scripted.calls == 1)
                gate.open()
                _ = try await Self.removal(house, request) { $0.progress == .confirmed }
            }
            #expect(scripted.calls == 1)
        }
    }

    @Test func orderThatAnEarlierProcessLeftIsCarriedOutByTheNext() async throws {
        try await TestWorld.with { house async throws in
            let request = try await Self.ended(house)
            // The first one stops before the service has confirmed anything.
            try await Self.run(
                house,
                Scripted { _, _ throws(EnforcerError) in throw EnforcerError("down") }
            ) { _ in
                _ = try await Self.removal(house, request) { $0.progress == .failed }
            }
            house.clock.advance(by: .seconds(1))
            try await Self.run(house, Scripted { _, _ in }) { _ in
                _ = try await Self.removal(house, request) { $0.progress == .confirmed }
            }
        }
    }

    @Test func orderOfOneGrantNamesNoOtherGrantsLogin() async throws {
        try await TestWorld.with { house async throws in
            let open = try await house.approved()
            let kept = try await house.credential(for: open)
            let request = try await Self.ended(house)
            let seen = Mutex<[String]>([])
            try await Self.run(
                house,
                Scripted { removal, _ in seen.withLock { $0 += removal.usernames } }
            ) { _ in
                _ = try await Self.removal(house, request) { $0.progress == .confirmed }
            }
            #expect(seen.withLock { $0 }.count == 1)
            #expect(!seen.withLock { $0 }.contains(kept.credential.username))
        }
    }

    // MARK: - Parts

    /// A request whose access was used and has ended.
    private static func ended(_ house: TestWorld, service: String = "mail") async throws
        -> AccessRequest
    {
        let request = try await house.approved { $0.resources[0].service = service }
        _ = try await house.credential(for: request)
        return try await house.lockbox.revoke(
            request.id.text,
            comment: nil,
            by: Fixture.adam,
            key: nil
        ).request
    }

    private static func run(
        _ house: TestWorld,
        _ scripted: Scripted,
        _ body: (ManualPause) async throws -> Void
    ) async throws {
        let pause = ManualPause()
        let enforcement = Enforcement(
            store: house.audited,
            enforcers: scripted,
            pause: pause,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        async let running: Void = enforcement.run()
        do {
            try await body(pause)
        } catch {
            pause.stop()
            try await running
            throw error
        }
        pause.stop()
        try await running
    }

    /// The order of `request` once `condition` holds.
    private static func removal(
        _ house: TestWorld,
        _ request: AccessRequest,
        _ condition: (Removal) -> Bool
    ) async throws -> Removal {
        for _ in 0..<2000 {
            let found = try await house.store.read { tx in try tx.removals(of: request.id) }
            if let removal = found.first, condition(removal) { return removal }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Timeout()
    }

    private struct Timeout: Error {}
}

/// An enforcer that does what a test says at each attempt.
private final class Scripted: EnforcerDirectory, Enforcer {
    private let script: @Sendable (Removal, Int) async throws(EnforcerError) -> Void
    private let isSetUp: Bool
    private let count = Mutex(0)

    init(
        isSetUp: Bool = true,
        _ script: @escaping @Sendable (Removal, Int) async throws(EnforcerError) -> Void
    ) {
        self.isSetUp = isSetUp
        self.script = script
    }

    var calls: Int { count.withLock { $0 } }

    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { isSetUp ? self : nil }

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    func cut(_ orders: [Removal]) async throws(EnforcerError) {}

    func list() async throws(EnforcerError) -> [OpenAccess] { [] }

    func close(_ removal: Removal) async throws(EnforcerError) {
        let attempt = count.withLock { count in
            count += 1
            return count
        }
        try await script(removal, attempt)
    }
}
