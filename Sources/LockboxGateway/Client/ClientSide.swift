import LockboxDomain
import NIOCore
import NIOHTTP1

/// What the client gets to read of an answer before its body.
struct AnswerHead {
    enum Body: Equatable {
        case none
        case length(Int)
        /// Its end is marked.
        case open
    }

    let status: HTTPResponseStatus
    let fields: HTTPHeaders
    let body: Body
    /// Whether the connection is closed after it.
    var closes = false
}

/// A request that the gateway itself answers.
struct GatewayRefusal: Error, Equatable {
    let status: HTTPResponseStatus
    let code: String
    let detail: String

    static let notSignedIn = GatewayRefusal(
        status: .unauthorized,
        code: "notSignedIn",
        detail: "The request shows no credential that gives access to this service now."
    )
    static let forbidden = GatewayRefusal(
        status: .forbidden,
        code: "forbidden",
        detail: "The access does not allow this request."
    )
    static let unavailable = GatewayRefusal(
        status: .serviceUnavailable,
        code: "unavailable",
        detail: "Lockbox cannot record the request now, so it is not let through."
    )
    static let tooMany = GatewayRefusal(
        status: .tooManyRequests,
        code: "tooManyConnections",
        detail: "This access has as many connections or requests open as it may have."
    )
    static let full = GatewayRefusal(
        status: .serviceUnavailable,
        code: "full",
        detail: "The gateway has as many connections to the service open as it may have."
    )
    static let otherAccess = GatewayRefusal(
        status: .misdirectedRequest,
        code: "otherAccess",
        detail: "This connection was used with another access before: take one for each."
    )
    /// Nobody reads it.
    static let gone = GatewayRefusal(
        status: .badRequest,
        code: "gone",
        detail: "The client has left."
    )
    static let noAnswer = GatewayRefusal(
        status: .gatewayTimeout,
        code: "serviceTimeout",
        detail: "The service did not answer in time."
    )
    static let badAnswer = GatewayRefusal(
        status: .badGateway,
        code: "serviceFailed",
        detail: "The service could not be reached, or did not answer as it must."
    )

    static func malformed(_ error: WireError) -> GatewayRefusal {
        GatewayRefusal(
            status: error.status,
            code: "malformedRequest",
            detail: "This is no request that goes through: \(error.problem)."
        )
    }

    /// A problem document (RFC 9457) of characters that need no escape.
    var body: String {
        "{\"type\":\"about:blank\",\"status\":\(status.code),\"code\":\"\(code)\","
            + "\"title\":\"\(status.reasonPhrase)\",\"detail\":\"\(detail)\"}\n"
    }

    /// What its status calls for.
    var ownFields: HTTPHeaders {
        var fields: HTTPHeaders = [:]
        if status == .unauthorized {
            fields.add(name: "WWW-Authenticate", value: "Bearer realm=\"lockbox\"")
        }
        if status == .serviceUnavailable { fields.add(name: "Retry-After", value: "1") }
        return fields
    }

    var head: AnswerHead {
        var fields = ownFields
        fields.add(contentsOf: [
            ("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"),
        ])
        return AnswerHead(status: status, fields: fields, body: .length(body.utf8.count))
    }
}

/// The client's half of an exchange.
protocol ClientSide: AnyObject {
    /// Whether it takes what it is sent without making it wait here.
    var isWritable: Bool { get }
    /// Under which credential the request has its place already.
    var placed: Credential? { get }
    /// Why there is no place for what is to go on under `credential`; nil where there is one.
    func mayEnter(_ credential: Credential) -> GatewayRefusal?
    /// Takes a place for what goes on under `credential`; says why if there is none for it.
    func enter(_ credential: Credential) -> GatewayRefusal?
    /// Cuts what else goes on under `credential`, on other connections.
    func cutOthers(under credential: Credential)
    /// The exchange can take (more of) the request's body.
    func wantBody()
    func begin(_ head: AnswerHead)
    func send(_ bytes: ByteBuffer)
    func finish()
    /// The answer to a request for a WebSocket: what follows goes both ways.
    func upgrade(_ fields: HTTPHeaders)
    /// The service has closed a WebSocket.
    func closeTunnel()
    /// An answer that has begun cannot go on: its client must see that it is not whole.
    func abort()
}

extension ClientSide {
    func refuse(_ refusal: GatewayRefusal) {
        begin(refusal.head)
        send(ByteBuffer(string: refusal.body))
        finish()
    }
}
