import LockboxHTTP
import LockboxIdentity
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import LockboxServer

/// How long a client may keep a connection waiting, on a clock that only the test moves.
struct ConnectionGuardTests {
    private static let deadlines = ConnectionDeadlines(
        idle: .seconds(30),
        head: .seconds(10),
        body: .seconds(20),
        answer: .seconds(15)
    )

    private let book: ConnectionBook
    private let channel = EmbeddedChannel()

    init() throws {
        let book = ConnectionBook(limits: .init(places: 3, reserved: 1, perAddress: 3))
        self.book = book
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false,
            withErrorHandling: false
        )
        try ConnectionGuard.install(
            on: channel,
            book: book,
            proxies: .none,
            deadlines: Self.deadlines
        )
        try channel.connect(to: .init(ipAddress: "192.0.2.1", port: 1)).wait()
    }

    private func receive(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    private func pass(_ seconds: Int64) {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
    }

    private func answer() throws {
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .ok,
            headers: ["Content-Length": "0"]
        )
        try channel.writeOutbound(HTTPServerResponsePart.head(head))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    }

    private func sent() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: part)
        }
        return text
    }

    @Test func whoSaysNothingIsCut() throws {
        pass(9)
        #expect(channel.isActive && book.count == 1)
        pass(1)
        #expect(!channel.isActive && book.count == 0)
    }

    @Test func headThatTricklesIsCutAtItsDeadline() throws {
        for byte in "GET / HTT" {
            try receive(String(byte))
            pass(1)
        }
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test func bodyThatTricklesIsCutAtItsDeadline() throws {
        pass(9)
        try receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        for _ in 0..<19 {
            pass(1)
            try receive("x")
        }
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test func answerMayTakeAsLongAsItTakesUs() throws {
        try receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        pass(3600)
        #expect(channel.isActive)
        try answer()
        #expect(try sent().hasPrefix("HTTP/1.1 200 OK"))
        #expect(channel.isActive)
    }

    @Test func betweenRequestsAClientMayRestAWhile() throws {
        for _ in 0..<3 {
            try receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try answer()
            pass(29)
            #expect(channel.isActive)
        }
        try receive("GET")
        pass(9)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test func clientThatDoesNotReadIsCut() throws {
        try receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        pass(14)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        pass(60)
        #expect(channel.isActive, "it made room, and waits for us")
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        pass(15)
        #expect(!channel.isActive)
    }

    @Test func stoppingWaitsForAnswersAndForNobodyElse() throws {
        try receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(channel.isActive)
        try answer()
        try receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!channel.isActive)
    }

    @Test(arguments: [
        ("POST /oauth2/introspect", true), ("POST /access/v1/evaluation", true),
        ("POST /access/v1/evaluations", true), ("POST /access/v1/search/subject", false),
        ("POST /oauth2/token", false), ("POST /v1/requests/LBX-4F2Q8ZT0WN/revoke", true),
        ("POST /lockbox/LBX-4F2Q8ZT0WN/stop?x", true),
        ("POST /requests/LBX-4F2Q8ZT0WN/revoke", true), ("GET /lockbox/LBX-4F2Q8ZT0WN/stop", false),
        ("POST /sign-in", false), ("GET /", false), ("GET /authz/files", false),
    ])
    func whenAllElseIsBusyOnlyWhatIsEssentialGetsIn(_ line: String, _ getsIn: Bool) throws {
        try expectWhenBusy("\(line) HTTP/1.1\r\nHost: x\r\n\r\n", getsIn: getsIn)
    }

    @Test func whenAllElseIsBusyProxiesStillAsk() throws {
        try expectWhenBusy(
            "PUT /authz/files/a?b HTTP/1.1\r\nHost: x\r\n"
                + "Lockbox-Client-Authorization: Basic eDp5\r\n\r\n",
            getsIn: true
        )
    }

    private func expectWhenBusy(_ request: String, getsIn: Bool) throws {
        // The first place is this connection's own.
        try receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let busy = try #require(book.enter(.init(address: "a", isProxy: false)) {})
        book.set(busy, .answering)
        let late = EmbeddedChannel()
        try late.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false,
            withErrorHandling: false
        )
        try ConnectionGuard.install(on: late, book: book, proxies: .none, deadlines: Self.deadlines)
        try late.connect(to: .init(ipAddress: "192.0.2.2", port: 1)).wait()
        try late.writeInbound(ByteBuffer(string: request))
        let answer = try late.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) }
        #expect((answer == nil) == getsIn)
        #expect(late.isActive == getsIn)
        // To a proxy's question there are no other answers.
        let status = request.contains(" /authz/") ? 403 : 503
        if !getsIn { #expect(answer?.hasPrefix("HTTP/1.1 \(status) ") == true) }
    }

    @Test(arguments: [
        ("", 400), ("Host: x\r\nHost: x\r\n", 400), ("Host: x, y\r\n", 400),
        ("Host: a b\r\n", 400), ("Host:\r\n", 400), ("Host: x/y\r\n", 400),
        ("Host: [::1]:8443\r\n", nil), ("Host: lockbox.test\r\n", nil),
    ])
    func requestSaysOnceWhomItIsFor(_ host: String, _ status: Int?) throws {
        try receive("GET / HTTP/1.1\r\n\(host)\r\n")
        let answer = try sent()
        #expect(answer.isEmpty == (status == nil))
        if let status { #expect(answer.hasPrefix("HTTP/1.1 \(status) ")) }
        #expect(channel.isActive == (status == nil))
    }

    @Test func olderVersionNeedsNoHost() throws {
        try receive("GET / HTTP/1.0\r\n\r\n")
        #expect(try sent().isEmpty)
        #expect(channel.isActive)
    }

    @Test func clientThatAsksIsToldToGoOn() throws {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n"
        try receive(head + "Content-Length: 2\r\n\r\n")
        #expect(try sent() == "HTTP/1.1 100 Continue\r\n\r\n")
        try receive("{}")
        try answer()
        #expect(try sent().hasPrefix("HTTP/1.1 200 OK"))
        try receive(head + "Content-Length: 100000000\r\n\r\n")
        #expect(try sent().isEmpty, "it is refused by its length")
    }

    @Test func otherExpectationsFail() throws {
        try receive("GET / HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\n\r\n")
        #expect(try sent().hasPrefix("HTTP/1.1 417 "))
        #expect(!channel.isActive)
    }

    @Test(
        arguments: [
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\n\r\n",
            "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
    )
    func connectionEndsWithTheAnswerToWhatAsksForAnotherProtocol(request: String) throws {
        // Of what comes after such a request the decoder reads nothing: it would never be answered.
        try receive(request)
        try answer()
        let text = try sent()
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.lowercased().contains("\r\nconnection: close\r\n"))
        #expect(!channel.isActive && book.count == 0)
    }

    @Test(
        arguments: [
            "GET /authz/files HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\n\r\n",
            "GET /authz/files HTTP/1.1\r\n\r\n", "HEAD /authz/a/b HTTP/1.1\r\nHost: x y\r\n\r\n",
            "POST /authz/ HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 1\r\n\r\nx",
        ]
    )
    func questionOfAProxyThatIsTurnedAwayIsANo(request: String) throws {
        try receive(request)
        let text = try sent()
        #expect(text.hasPrefix("HTTP/1.1 403 ") && !channel.isActive)
        #expect(text.contains("X-Lockbox-Reason: ") && text.contains("Cache-Control: no-store"))
    }

    @Test func answerToHeadHasNoBody() throws {
        try receive("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = HTTPResponseHead(version: .http1_1, status: .ok)
        try channel.writeOutbound(HTTPServerResponsePart.head(head))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        #expect(try sent().hasSuffix("\r\n\r\n") && channel.isActive)
        try receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try answer()
        #expect(try sent().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func clientThatClosedItsSideHasALittleTime() throws {
        try receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    // MARK: - Requests that do not wait for answers

    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    /// The paths of the requests that were let through since the last call.
    private func letThrough() throws -> [String] {
        var paths: [String] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            if case .head(let head) = part { paths.append(head.uri) }
        }
        return paths
    }

    @Test func nextRequestWaitsUntilTheAnswerBeforeItHasLeft() throws {
        let body = "POST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
        try receive(Self.get("/one") + body + Self.get("/three"))
        #expect(try letThrough() == ["/one"])
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .ok,
            headers: ["Content-Length": "0"]
        )
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.end(nil), promise: nil)
        channel.embeddedEventLoop.run()
        #expect(try letThrough() == [], "it was written, and the client has not taken it")
        channel.flush()
        #expect(try letThrough() == ["/two"])
        try answer()
        #expect(try letThrough() == ["/three"])
        try answer()
        try receive(Self.get("/four"))
        #expect(try letThrough() == ["/four"])
        #expect(channel.isActive)
    }

    @Test func nothingMoreIsReadWhileARequestWaitsForItsTurn() throws {
        let reads = ReadCounter()
        try channel.pipeline.syncOperations.addHandler(reads, position: .first)
        try receive(Self.get("/one") + Self.get("/two"))
        let before = reads.count
        channel.read()
        #expect(reads.count == before)
        try answer()
        #expect(reads.count == before + 1, "the one that was wanted meanwhile")
        channel.read()
        #expect(reads.count == before + 2)
    }

    @Test func whoHasTooManyWaitingIsCut() throws {
        try receive(Self.get("/") + String(repeating: Self.get("/"), count: 64))
        #expect(channel.isActive)
        for _ in 0..<65 { try answer() }
        #expect(try letThrough().count == 65 && channel.isActive)
        try receive(String(repeating: Self.get("/"), count: 66))
        #expect(!channel.isActive)
    }

    @Test func clientThatAsksManyThingsAndTakesNothingIsCut() throws {
        try receive(String(repeating: Self.get("/"), count: 10))
        channel.write(
            HTTPServerResponsePart.head(.init(version: .http1_1, status: .ok)),
            promise: nil
        )
        channel.write(HTTPServerResponsePart.end(nil), promise: nil)
        pass(14)
        #expect(try letThrough().count == 1 && channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }
}

/// Counts what is asked of the socket.
private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = IOData

    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}
