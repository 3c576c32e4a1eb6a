import NIOCore
import NIOEmbedded
import Testing

@testable import LockboxGateway

/// How many connections a gateway takes from the system, and opens itself.
struct AcceptBoundTests {
    @Test func noMoreAreAcceptedUntilOneOfThemIsClosed() throws {
        let (listener, reads) = (EmbeddedChannel(), Reads())
        try listener.pipeline.syncOperations.addHandlers(reads, AcceptBound(2))
        let loop = listener.embeddedEventLoop
        let (first, second) = (EmbeddedChannel(loop: loop), EmbeddedChannel(loop: loop))
        listener.read()
        #expect(reads.count == 1)
        try listener.writeInbound(first as any Channel)
        listener.read()
        #expect(reads.count == 2)
        try listener.writeInbound(second as any Channel)
        listener.read()
        #expect(reads.count == 2)
        try first.close().wait()
        loop.run()
        #expect(reads.count == 3, "what was wanted meanwhile")
        listener.read()
        #expect(reads.count == 4)
    }

    @Test func connectionsToTheServiceAreBounded() {
        let places = UpstreamPlaces(2)
        #expect(places.take() && places.take() && !places.take() && !places.take())
        places.leave()
        #expect(places.take() && !places.take())
    }
}

/// Counts what is asked of the socket.
private final class Reads: ChannelOutboundHandler {
    typealias OutboundIn = Never

    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}
