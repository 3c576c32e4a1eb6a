import Foundation
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxServices
import LockboxTestWorld
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import LockboxGateway

/// What becomes of a connection at the end: of its access, and of its last answer. Time passes as a
/// test says.
struct EndOfAccessTests {
    @Test func whatGoesOnIsCutWhenTheStoreIsAwayForTooLong() async throws {
        try await TestWorld.with { world async throws in
            let isAway = Mutex(false)
            let away = MeddledStore(
                world.store,
                beforeRead: { if isAway.withLock({ $0 }) { throw StoreError.busy("it is away") } }
            )
            let other = TestWorld(store: away, clock: world.clock)
            let credential = try await world.credential(for: try await world.approved()).credential
            try await other.index.refresh(reload: true)
            let book = GatewayBook(timers: MultiThreadedEventLoopGroup.singleton)
            let cuts = Mutex(0)
            _ = book.enter(
                GatewayBook.Entry(
                    credential: credential,
                    admittedAt: world.clock.now(),
                    cut: { cuts.withLock { $0 += 1 } },
                    gone: MultiThreadedEventLoopGroup.singleton.next().makeSucceededVoidFuture()
                )
            )
            let look = {
                book.cutWhatIsOver(by: Self.authorizer(other))
                return cuts.withLock { $0 }
            }
            isAway.withLock { $0 = true }
            world.clock.advance(by: GatewayLimits.knowledge)
            await #expect(throws: StoreError.self) { try await other.index.refresh(reload: true) }
            #expect(look() == 0)
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            #expect(look() == 1)
            isAway.withLock { $0 = false }
            try await other.index.refresh(reload: true)
            #expect(look() == 1, "what is known again goes on")
        }
    }

    @Test func closeFrameLeavesHoweverOftenTheAccessIsEnded() async throws {
        try await TestWorld.with { world async throws in try Self.closeFrameLeaves(world) }
    }

    private static func closeFrameLeaves(_ world: TestWorld) throws {
        let place = try Place(world)
        let request = try #require(try Fixture.history(to: .active).last)
        #expect(place.connection.enter(Fixture.credential(of: request)) == nil)
        place.connection.upgrade([:])
        let entry = try #require(place.book.entries.first)
        entry.cut()
        entry.cut()
        place.loop.run()
        #expect(try place.sent().hasSuffix("access ended"))
        #expect(place.channel.isActive)
        entry.cut()
        place.loop.advanceTime(by: GatewayLimits.closeFrame)
        #expect(!place.channel.isActive && place.book.entries.isEmpty)
        _ = try place.channel.finish(acceptAlreadyClosed: true)
    }

    @Test func wholeAnswerHasTimeToBeRead() async throws {
        try await TestWorld.with { world async throws in try Self.answerHasTime(world) }
    }

    private static func answerHasTime(_ world: TestWorld) throws {
        let place = try Place(world)
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        try place.channel.writeInbound(ByteBuffer(string: request))
        #expect(try place.sent().hasPrefix("HTTP/1.1 401 "))
        #expect(place.busy == [true, false], "who only reads gives its place to a newcomer")
        place.loop.advanceTime(by: GatewayLimits.reading - .seconds(1))
        #expect(place.channel.isActive)
        place.loop.advanceTime(by: .seconds(1))
        #expect(!place.channel.isActive)
        _ = try place.channel.finish(acceptAlreadyClosed: true)
    }

    fileprivate static func authorizer(_ world: TestWorld) -> RequestAuthorizer {
        RequestAuthorizer(
            index: world.index,
            lockbox: world.lockbox,
            clock: world.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}

/// A client's connection to a gateway, both on a loop that a test moves.
private final class Place {
    let channel = EmbeddedChannel()
    let book = GatewayBook(timers: MultiThreadedEventLoopGroup.singleton)
    let connection: ClientConnection
    private let busyTurns: Turns

    private final class Turns { var all: [Bool] = [] }

    init(_ world: TestWorld) throws {
        var settings = Fixture.service("web", kind: "http", resourceType: "site")
        settings.own = #"{"gateway":{"listen":"127.0.0.1:1","upstream":"http://127.0.0.1:1"}}"#
        let gateway = try #require(HTTPKind.gateway(of: settings))
        let turns = Turns()
        busyTurns = turns
        connection = ClientConnection(
            at: ListenerContext(
                try GatewayService(settings, gateway) { _ in "" },
                authorizer: EndOfAccessTests.authorizer(world),
                book: book,
                browsers: BrowserSessions(
                    portal: "https://lockbox.test",
                    clock: world.clock,
                    entropy: SeededEntropy()
                ),
                assertions: Assertions(clock: world.clock) { ($0.username, $1 + .seconds(60)) },
                jobs: AsyncStream.makeStream().continuation,
                on: channel.eventLoop
            ),
            from: "192.0.2.1"
        ) { turns.all.append($0) }
        try channel.pipeline.syncOperations.addHandlers(HalfClosure(), connection)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    }

    var loop: EmbeddedEventLoop { channel.embeddedEventLoop }
    var busy: [Bool] { busyTurns.all }

    /// What left for the client since the last time.
    func sent() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(decoding: part.readableBytesView, as: UTF8.self)
        }
        return text
    }
}

/// An embedded channel knows no direction: it would close altogether.
private final class HalfClosure: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        promise?.succeed()
    }
}
