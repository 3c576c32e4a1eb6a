import Dispatch
import LockboxDomain
import LockboxEnforcerContract
import LockboxFixtures
import LockboxPorts
import LockboxServices
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LockboxGateway

/// What goes through a gateway is a service like any other to who ends access.
struct GatewayBookTests {
    @Test(arguments: EnforcerPromise.allCases)
    func promiseIsKept(_ promise: EnforcerPromise) async throws {
        let (loops, timers) = (
            MultiThreadedEventLoopGroup(numberOfThreads: 1),
            MultiThreadedEventLoopGroup(numberOfThreads: 1)
        )
        let staged = try StagedGateway(loops.next(), timers: timers)
        try await promise.check(staged)
        await staged.behave(.well)
        try await loops.shutdownGracefully()
        try await timers.shutdownGracefully()
    }

    @Test func aGrantHasNoMorePlacesThanItMayHave() throws {
        let book = GatewayBook(timers: MultiThreadedEventLoopGroup.singleton)
        let gone = MultiThreadedEventLoopGroup.singleton.next().makeSucceededVoidFuture()
        let request = try #require(try Fixture.history(to: .active).last)
        let entry = GatewayBook.Entry(
            credential: Fixture.credential(of: request),
            admittedAt: Fixture.now,
            cut: {},
            gone: gone
        )
        let numbers = (1...GatewayLimits.connectionsOfGrant).compactMap { _ in book.enter(entry) }
        #expect(numbers.count == GatewayLimits.connectionsOfGrant)
        #expect(book.enter(entry) == nil)
        // A renewed credential on the same connection.
        #expect(book.enter(entry, inPlaceOf: numbers[1]) != nil)
        #expect(book.entries.count == GatewayLimits.connectionsOfGrant)
        book.leave(numbers[0])
        #expect(book.enter(entry) != nil)
    }
}

/// A gateway whose connections are promises, on an event loop that can be held up: then it does not
/// answer, however it is asked.
private final class StagedGateway: StagedService {
    let enforcer: any Enforcer
    private let book: GatewayBook
    private let loop: any EventLoop
    private let credential: Credential
    private let isHeld = Mutex(false)
    private let go = DispatchSemaphore(value: 0)

    init(_ loop: any EventLoop, timers: any EventLoopGroup) throws {
        self.loop = loop
        book = GatewayBook(timers: timers, timeout: .milliseconds(50), settling: .zero)
        credential = Fixture.credential(of: try #require(try Fixture.history(to: .active).last))
        enforcer = GatewayEnforcer(of: credential.resource.service, gateways: book)
    }

    func connect(as username: String) async {
        let gone = loop.makePromise(of: Void.self)
        let place = Place()
        let number = book.enter(
            GatewayBook.Entry(
                credential: credential(named: username),
                admittedAt: Fixture.now,
                cut: { [book, loop] in
                    loop.execute {
                        if let number = place.number.withLock({ $0 }) { book.leave(number) }
                        gone.succeed()
                    }
                },
                gone: gone.futureResult
            )
        )
        place.number.withLock { $0 = number }
    }

    func connected() async -> [String] { book.entries.map(\.credential.username).sorted() }

    func behave(_ behaviour: ServiceBehaviour) async {
        isHeld.withLock { isHeld in
            guard isHeld != (behaviour != .well) else { return }
            isHeld.toggle()
            if isHeld { loop.execute { [go] in go.wait() } } else { go.signal() }
        }
    }

    private func credential(named username: String) -> Credential {
        Credential(
            id: credential.id,
            request: credential.request,
            grant: credential.grant,
            tenant: credential.tenant,
            engineer: credential.engineer,
            resource: credential.resource,
            actions: credential.actions,
            username: username,
            issuedAt: credential.issuedAt,
            expiresAt: credential.expiresAt
        )
    }
}

private final class Place: Sendable {
    let number = Mutex<GatewayBook.Number?>(nil)
}
