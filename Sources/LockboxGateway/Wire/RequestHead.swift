import LockboxHTTP
import LockboxServices
import NIOHTTP1

/// A request as it is passed on, or looked at to be refused.
struct RequestHead {
    let method: String
    let target: RequestTarget
    /// What the client calls the gateway.
    let host: String
    let fields: HTTPHeaders
    let framing: BodyFraming
    /// Whether it asks to go on as a WebSocket (RFC 6455 §4.2.1).
    let isWebSocket: Bool
    /// Whether its client waits to hear that it may send the body.
    let awaitsContinue: Bool
    /// Whether another request may follow on the same connection.
    let keepsAlive: Bool

    /// Reads the head of an HTTP/1.1 message.
    init(_ head: MessageHead) throws(WireError) {
        let words = head.line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3 else { throw WireError("the request line has no three words") }
        guard words[2] == "HTTP/1.1" else {
            throw WireError("the version is not HTTP/1.1", .httpVersionNotSupported)
        }
        let hosts = head.fields["host"]
        guard hosts.count == 1 else { throw WireError("there is not one Host") }
        try self.init(
            method: String(words[0]),
            target: String(words[1]),
            host: hosts[0],
            fields: head.fields,
            framing: BodyFraming(head.fields) ?? BodyFraming.none
        )
    }

    /// What every version of HTTP has in common.
    init(method: String, target: String, host: String, fields: HTTPHeaders, framing: BodyFraming)
        throws(WireError)
    {
        guard (1...20).contains(method.utf8.count),
            method.utf8.allSatisfy({
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "-")
            }), method != "CONNECT", method != "TRACE"
        else { throw WireError("the method is not one that is passed on", .notImplemented) }
        guard !host.isEmpty, host.utf8.allSatisfy(\.isHostCharacter) else {
            throw WireError("Host is not a host")
        }
        // Services leave such a body unread, and take it for another request.
        if HTTPKind.safeMethods.contains(method), framing != .none, framing != .length(0) {
            throw WireError("a method that reads has a body")
        }
        if case .length(let length) = framing, length > GatewayLimits.bodyBytes {
            throw WireError("the body is too long", .payloadTooLarge)
        }
        let expectations = fields.tokens("expect")
        guard expectations.allSatisfy({ $0 == "100-continue" }) else {
            throw WireError("Expect is not 100-continue", .expectationFailed)
        }
        self.method = method
        self.target = try RequestTarget(target)
        self.host = host
        self.fields = fields
        self.framing = framing
        isWebSocket = try Self.asksForWebSocket(method, fields, framing)
        awaitsContinue = !expectations.isEmpty && framing != .none
        keepsAlive = !fields.tokens("connection").contains("close")
    }

    /// Any other protocol is refused: what goes through then would be nothing that is understood
    /// here.
    private static func asksForWebSocket(
        _ method: String,
        _ fields: HTTPHeaders,
        _ framing: BodyFraming
    ) throws(WireError) -> Bool {
        let protocols = fields.tokens("upgrade")
        guard !protocols.isEmpty else { return false }
        guard protocols == ["websocket"], fields.tokens("connection").contains("upgrade"),
            method == "GET", framing == .none, fields["sec-websocket-version"] == ["13"],
            fields["sec-websocket-key"].count == 1
        else { throw WireError("the request asks for a protocol that does not go through") }
        return true
    }

    /// The engineer's credential: the only one of a single field (RFC 6750 §2.1).
    var bearerToken: String? {
        let shown = fields["authorization"]
        return shown.count == 1 ? shown[0].bearerToken : nil
    }
}

extension UInt8 {
    /// RFC 3986 §3.2.2, RFC 9110 §7.2.
    fileprivate var isHostCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case _: "-._:[]".utf8.contains(self)
        }
    }
}

extension RequestHead {
    /// Whether its method only reads, and nothing goes both ways after it.
    var isSafe: Bool { HTTPKind.safeMethods.contains(method) && !isWebSocket }
}
