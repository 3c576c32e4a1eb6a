import HTTPTypes
import Hummingbird
import LockboxAPI
import LockboxFixtures
import LockboxIdentity
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing

@testable import LockboxHTTP
@testable import LockboxServer

/// Which requests are answered in front of the server, and what becomes of the others.
struct DecisionHandlerTests {
    private let channel = EmbeddedChannel()
    private let door = Door()

    /// What is behind the handler, as a test says.
    private final class Door: Sendable {
        /// How many requests it answered.
        let answered = Atomic(0)
        let status = Mutex(HTTPResponse.Status.ok)
        /// Whether answers may be given again: nil where that is never said.
        let allows = Mutex<Bool?>(nil)
        let repeated = Atomic(0)

        func respond(to request: Request, _ context: DoorContext) async throws -> Response {
            answered.add(1, ordering: .relaxed)
            var body = ByteBuffer(string: "\(request.method) \(request.uri) ")
            for try await part in request.body { body.writeImmutableBuffer(part) }
            if allows.withLock({ $0 }) != nil {
                context.repetition?.allow { self.allows.withLock { $0 == true } }
                context.repetition?.record { _ in self.repeated.add(1, ordering: .relaxed) }
            }
            return Response(status: status.withLock { $0 }, body: .init(byteBuffer: body))
        }
    }

    init() throws {
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false,
            withErrorHandling: false
        )
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let echo = CallbackResponder<DoorContext> { [door] in try await door.respond(to: $0, $1) }
        try ConnectionGuard.install(
            on: channel,
            book: ConnectionBook(limits: .init(places: 3, reserved: 1, perAddress: 3)),
            proxies: .none,
            deadlines: ServerLimits.deadlines,
            then: DecisionHandler(
                DecisionResponder(
                    Dispatcher(doors: [], others: echo),
                    clock: FixedClock(),
                    logger: silent
                )
            )
        )
        try channel.connect(to: .init(ipAddress: "192.0.2.1", port: 1)).wait()
    }

    private func receive(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    private func sent() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: part)
        }
        return text
    }

    /// What reached the server behind.
    private func passed() throws -> [HTTPServerRequestPart] {
        var parts: [HTTPServerRequestPart] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            parts.append(part)
        }
        return parts
    }

    private static func post(_ path: String, _ body: String, _ more: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(
        "A question is answered before anything else happens",
        arguments: [
            "/oauth2/introspect", "/oauth2/introspect?x=1", "/access/v1/evaluation",
            "/access/v1/evaluations", "/authz/site", "/authz/site/a/b",
        ]
    )
    func questionIsAnsweredAtOnce(path: String) throws {
        try receive(Self.post(path, "token=a"))
        let answer = try sent()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.lowercased().contains("\r\ndate: mon, 23 nov 2026 09:00:00 gmt\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nPOST \(path) token=a"))
        #expect(try passed().isEmpty)
        #expect(channel.isActive)
    }

    @Test(
        arguments: [
            "GET /oauth2/introspect", "POST /oauth2/introspect/", "POST /oauth2/revoke",
            "POST //oauth2/introspect", "POST /oauth2/%69ntrospect",
            "POST /access/v1/search/action",
            "GET /authz", "GET /authzen/x", "POST http://x/oauth2/introspect",
        ]
    )
    func everythingElseGoesToTheServer(line: String) throws {
        try receive("\(line) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
        #expect(try sent().isEmpty)
        #expect(try passed().count == 3)
    }

    @Test func bodyThatComesInPartsIsPutTogether() throws {
        let request = Self.post("/oauth2/introspect", "token=abc")
        for byte in request { try receive(String(byte)) }
        #expect(try sent().hasSuffix(" token=abc"))
        #expect(try passed().isEmpty)
    }

    @Test func bodyThatIsTooLongGoesToTheServerWholeAndInOrder() throws {
        let body =
            String(repeating: "0123456789abcdef", count: DecisionHandler.bodyBytes / 16) + "!"
        let request = Self.post("/oauth2/introspect", body)
        try receive(String(request.prefix(9_000)))
        try receive(String(request.dropFirst(9_000)))
        #expect(try sent().isEmpty)
        var text = ""
        var (heads, ends) = (0, 0)
        for part in try passed() {
            switch part {
            case .head: heads += 1
            case .body(let bytes): text += String(buffer: bytes)
            case .end: ends += 1
            }
        }
        #expect(heads == 1 && ends == 1 && text == body)
    }

    @Test func requestsOfOneConnectionFindTheirWayOneByOne() throws {
        try receive(Self.post("/oauth2/introspect", "token=a"))
        #expect(try sent().hasSuffix("token=a"))
        try receive("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try passed().count == 2)
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .ok,
            headers: ["Content-Length": "0"]
        )
        try channel.writeOutbound(HTTPServerResponsePart.head(head))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        #expect(try sent().hasPrefix("HTTP/1.1 200 OK"))
        // Two at once, of which the second waits for its turn.
        let two = Self.post("/oauth2/introspect", "token=b") + Self.post("/authz/site", "c")
        try receive(two)
        let answers = try sent()
        #expect(answers.contains("token=b") && answers.hasSuffix("POST /authz/site c"))
        #expect(try passed().isEmpty)
    }

    @Test func answerToHEADHasNoBody() throws {
        try receive("HEAD /authz/site HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try sent().hasSuffix("\r\n\r\n"))
    }

    @Test func connectionEndsWhereItsClientSaysSo() throws {
        try receive(Self.post("/oauth2/introspect", "token=a", "Connection: close\r\n"))
        #expect(try sent().hasSuffix("token=a"))
        #expect(!channel.isActive)
    }

    // MARK: - Answers that are given again

    private func answer(to request: String) throws -> String {
        try receive(request)
        return try sent()
    }

    private var answered: Int { door.answered.load(ordering: .relaxed) }

    @Test func theSameRequestHasTheSameAnswerWithoutAskingAgain() throws {
        door.allows.withLock { $0 = true }
        let request = Self.post("/oauth2/introspect", "token=a", "Authorization: Basic x\r\n")
        let first = try answer(to: request)
        #expect(first.hasSuffix("token=a"))
        for _ in 1...3 { #expect(try answer(to: request) == first) }
        #expect(answered == 1)
        #expect(door.repeated.load(ordering: .relaxed) == 3, "each is counted and logged")
        #expect(try answer(to: Self.post("/oauth2/introspect", "", "X: y\r\n")) != first)
    }

    @Test func whatIsNoLongerSoIsAskedAnew() throws {
        door.allows.withLock { $0 = true }
        let request = Self.post("/access/v1/evaluation", "{}")
        _ = try answer(to: request)
        door.allows.withLock { $0 = false }
        door.status.withLock { $0 = .forbidden }
        #expect(try answer(to: request).hasPrefix("HTTP/1.1 403 "))
        #expect(try answer(to: request).hasPrefix("HTTP/1.1 403 "))
        #expect(answered == 3)
    }

    @Test(
        arguments: [
            post("/oauth2/introspect", "token=b", "A: b\r\n"),
            post("/oauth2/introspect", "token=a", "A: c\r\n"),
            post("/oauth2/introspect", "token=a", "B: b\r\n"),
            post("/oauth2/introspect", "token=a"), post("/oauth2/introspect", "token=a", "A: \r\n"),
            post("/oauth2/introspect?", "token=a", "A: b\r\n"),
            post("/oauth2/introspect", "token=a", "A: b\r\nA: b\r\n"),
            post("/access/v1/evaluation", "token=a", "A: b\r\n"),
        ]
    )
    func anythingElseIsAnotherRequest(other: String) throws {
        door.allows.withLock { $0 = true }
        _ = try answer(to: Self.post("/oauth2/introspect", "token=a", "A: b\r\n"))
        _ = try answer(to: other)
        #expect(answered == 2)
    }

    @Test(arguments: [HTTPResponse.Status.badRequest, .unauthorized, .internalServerError])
    func whatIsNoAnswerIsNotKept(status: HTTPResponse.Status) throws {
        door.allows.withLock { $0 = true }
        door.status.withLock { $0 = status }
        for _ in 1...2 { _ = try answer(to: Self.post("/oauth2/introspect", "token=a")) }
        #expect(answered == 2)
    }

    @Test func whatNobodyAllowsIsNotKept() throws {
        for _ in 1...2 { _ = try answer(to: Self.post("/oauth2/introspect", "token=a")) }
        #expect(answered == 2)
        // A proxy asks about each request of an engineer's, and each is on record.
        door.allows.withLock { $0 = true }
        for _ in 1...2 { _ = try answer(to: Self.post("/authz/site", "")) }
        #expect(answered == 4)
    }
}
