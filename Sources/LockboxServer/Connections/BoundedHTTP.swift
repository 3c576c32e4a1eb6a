import HummingbirdCore
import LockboxHTTP
import LockboxIdentity
import Logging
import NIOCore

/// HTTP/1.1 on connections that are bounded in number and in time.
struct BoundedHTTP: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let http: HTTP1Channel
    private let book: ConnectionBook
    private let proxies: TrustedProxies
    private let decisions: DecisionResponder

    static func builder(
        book: ConnectionBook,
        proxies: TrustedProxies,
        decisions: DecisionResponder
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            BoundedHTTP(
                http: HTTP1Channel(responder: responder),
                book: book,
                proxies: proxies,
                decisions: decisions
            )
        }
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            try ConnectionGuard.install(
                on: channel,
                book: book,
                proxies: proxies,
                deadlines: ServerLimits.deadlines,
                then: DecisionHandler(decisions)
            )
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await http.handle(value: value, logger: logger)
    }
}
