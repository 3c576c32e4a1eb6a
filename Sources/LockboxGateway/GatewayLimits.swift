package import LockboxDomain
import LockboxHTTP
package import NIOCore
import NIOHTTP2

/// The bounds of a gateway by name.
package enum GatewayLimits {
    // MARK: Knowledge

    /// What goes on is cut when what this process knows of grants is older than this.
    package static let knowledge = TimeSpan.seconds(5)
    /// Between two looks at what goes on.
    static let watchInterval = TimeAmount.milliseconds(200)
    /// How long after an end a gateway of another process may have something open: until it knows
    /// nothing any more, and looks.
    package static let settling = TimeAmount.milliseconds(5500)
    /// Milliseconds between two looks at files that may have changed, certificates and the service's
    /// secret, and at gateways that could not be opened.
    static let filesInterval: Int64 = 2000

    /// Event loops, if the machine has as many cores.
    static let threads = 4

    // MARK: Connections

    /// Of clients, at one gateway, and of one client's address or network.
    static let places = ConnectionBook.Limits(places: 512, reserved: 0, perAddress: 256)
    /// Connections that the system hands over besides, which are about to be closed for want of a
    /// place.
    static let acceptedBesides = 128
    /// Under one grant.
    static let connectionsOfGrant = 64
    /// Requests that go on over HTTP/2 under one grant, on each event loop: each needs a connection to
    /// the service.
    static let streamsOfGrant = 64
    /// To the service that are kept for the next request, on each event loop.
    static let keptUpstream = 64
    /// To the service of one gateway: one for each client, and those that are kept. Over HTTP/2 one
    /// client may ask for many.
    static let upstreamConnections = places.places + keptUpstream * threads
    /// Open files that one gateway may need.
    package static let files = places.places + acceptedBesides + upstreamConnections
    /// Bytes that the system takes of what waits for a client without sending them.
    static let unsentBytes: Int = 65_536
    /// Connections that the system holds until they are accepted.
    static let backlog: Int32 = 256

    // MARK: Bytes

    /// The head of a message: its first line and its fields.
    static let headBytes = 32 * 1024
    static let fields = 100
    /// The body of a request.
    static let bodyBytes = 4 << 30
    /// Read ahead of the answer before, to notice a client that leaves.
    static let aheadBytes = 64 * 1024
    /// What a client that was refused may still send and have thrown away, so that it reads why.
    static let drainedBytes = 256 * 1024
    /// Answers 1xx before one that counts.
    static let interimAnswers = 8

    // MARK: HTTP/2

    /// What else it bounds itself: in 30 s 200 streams that are reset, and 200 pings, settings and
    /// priorities; 5 frames of fields in a row.
    static let http2Connection: NIOHTTP2Handler.ConnectionConfiguration = {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 64),
            HTTP2Setting(parameter: .maxHeaderListSize, value: headBytes),
        ]
        configuration.maximumBufferedControlFrames = 1000
        // What is on its way to a stream that was refused is no fault.
        configuration.maximumRecentlyResetStreams = 128
        return configuration
    }()
    /// What one request may have waiting here: 64 kB of its body, and half of that of its answer.
    static let http2Stream: NIOHTTP2Handler.StreamConfiguration = {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.outboundBufferSizeHighWatermark = 32 * 1024
        configuration.outboundBufferSizeLowWatermark = 16 * 1024
        return configuration
    }()

    // MARK: Time

    /// For the next request to begin.
    static let idle = TimeAmount.seconds(60)
    /// From connecting, or from the first byte, to the end of a request's head.
    static let head = TimeAmount.seconds(10)
    /// For more of a request's body to come.
    static let body = TimeAmount.seconds(30)
    /// For a client to take some of what waits for it.
    static let reading = TimeAmount.seconds(30)
    static let draining = TimeAmount.seconds(2)
    static let connecting = TimeAmount.seconds(5)
    /// For the service to begin its answer, and to take some of what waits for it.
    static let answer = TimeAmount.seconds(60)
    /// For more of an answer to come, unless it is a stream of events.
    static let silence = TimeAmount.seconds(120)
    /// For which an unused connection to the service is kept.
    static let keeping = TimeAmount.seconds(20)
    /// For a close frame to leave before its connection is closed.
    static let closeFrame = TimeAmount.milliseconds(100)
    /// For connections to be gone once they are cut.
    package static let cutting = TimeAmount.seconds(1)
}
