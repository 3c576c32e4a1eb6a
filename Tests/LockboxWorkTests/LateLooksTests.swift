import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWork
import Logging
import Synchronization
import Testing

/// A service is looked at once more some minutes after it confirmed.
struct LateLooksTests {
    @Test func sessionThatCameAfterTheConfirmationIsCutAndCounted() async throws {
        try await TestWorld.with { world async throws in
            let orders = try await Self.orders(world, 2)
            let service = Service()
            let time = FixedMonotonicClock()
            let pause = ManualPause()
            let looks = LateLooks(
                enforcers: service,
                time: time,
                pause: pause,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            await looks.committed(orders.map { .access(.removalConfirmed($0)) })
            service.open.withLock { $0 = orders[1].usernames }
            async let running: Void = looks.run()
            pause.wake()
            await pause.untilIdle()
            #expect(service.closed.withLock { $0 }.isEmpty)
            time.advance(by: LateLooks.Limits.after)
            for _ in 0..<3 {
                pause.wake()
                await pause.untilIdle()
            }
            pause.stop()
            await running
            #expect(service.closed.withLock { $0 } == [orders[1].grant])
            #expect(looks.sessionsFound == 1)
        }
    }

    private static func orders(_ world: TestWorld, _ count: Int) async throws -> [Removal] {
        var orders: [Removal] = []
        for _ in 0..<count {
            let request = try await world.approved()
            _ = try await world.credential(for: request)
            _ = try await world.lockbox.finish(
                request.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            orders += try await world.store.read { tx in try tx.removals(of: request.id) }
        }
        return orders
    }

    private final class Service: EnforcerDirectory, Enforcer {
        let open = Mutex<[String]>([])
        let closed = Mutex<[GrantID]>([])

        func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { self }
        func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? { self }
        func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}
        func cut(_ orders: [Removal]) async throws(EnforcerError) {}
        func close(_ order: Removal) async throws(EnforcerError) {
            closed.withLock { $0.append(order.grant) }
        }
        func list() async throws(EnforcerError) -> [OpenAccess] {
            open.withLock { $0.map(OpenAccess.init(username:)) }
        }
    }
}
