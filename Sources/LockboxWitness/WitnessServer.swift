import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import MerkleLog
import NIOCore
import Synchronization

/// A witness over HTTP/1.1.
package struct WitnessServer: Sendable {
    private let application: Application<WitnessResponder>

    /// `onListening` is called with the port once connections are accepted.
    package init(
        _ witness: Witness,
        host: String,
        port: Int,
        onListening: @escaping @Sendable (Int) -> Void
    ) {
        var logger = Logger(label: "lockbox witness") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let connections = Peers()
        application = Application(
            responder: WitnessResponder(witness: witness, rate: Peers()),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [BoundedConnection(connections)],
                    idleTimeout: WitnessLimits.idleTime,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: WitnessLimits.fieldBytes,
                        maxHeaderListSize: WitnessLimits.fieldBytes,
                        maxHeaderFieldCount: WitnessLimits.fields
                    )
                )
            ),
            configuration: .init(
                address: .hostname(host, port: port),
                serverName: nil,
                availableConnectionsDelegate: .maximum(WitnessLimits.connections, logger: logger)
            ),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }

    /// Serves until SIGTERM or SIGINT.
    package func run() async throws { try await application.runService() }
}

/// How often each address does something.
private final class Peers: Sendable {
    private let counts = Mutex<(window: Int64, of: [String: Int])>((0, [:]))

    /// Counts one more of `address`, unless it has `most`.
    func enter(_ address: String, most: Int) -> Bool {
        counts.withLock { counts in
            guard counts.of[address, default: 0] < most || isOfThisMachine(address) else {
                return false
            }
            counts.of[address, default: 0] += 1
            return true
        }
    }

    func leave(_ address: String) {
        counts.withLock { counts in
            let rest = counts.of[address, default: 1] - 1
            counts.of[address] = rest > 0 ? rest : nil
        }
    }

    /// Begins to count anew with each window of time, and forgets who came before.
    func turn(to window: Int64) {
        counts.withLock { counts in
            if counts.window != window { counts = (window, [:]) }
        }
    }

    /// A proxy in front speaks for many, and bounds them itself.
    private func isOfThisMachine(_ address: String) -> Bool {
        address == "::1" || address.hasPrefix("127.")
    }
}

/// Closes a connection of whoever has too many, and each after its time.
private final class BoundedConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let peers: Peers
    private var address: String?
    private var end: Scheduled<Void>?

    init(_ peers: Peers) { self.peers = peers }

    func handlerAdded(context: ChannelHandlerContext) {
        let address = context.channel.remoteAddress?.ipAddress ?? "unknown"
        let channel = context.channel
        guard peers.enter(address, most: WitnessLimits.connectionsOfAddress) else {
            return channel.close(promise: nil)
        }
        self.address = address
        end = context.eventLoop.scheduleTask(in: WitnessLimits.connectionTime) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        if let address { peers.leave(address) }
        address = nil
        end?.cancel()
    }
}

private struct WitnessContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let address: String

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}

/// The two requests that a witness answers.
private struct WitnessResponder: HTTPResponder {
    typealias Context = WitnessContext

    let witness: Witness
    let rate: Peers

    func respond(to request: Request, context: WitnessContext) async throws -> Response {
        let now = Int64(Date().timeIntervalSince1970)
        rate.turn(to: now / WitnessLimits.rateSeconds)
        guard rate.enter(context.address, most: WitnessLimits.requests) else {
            return refusal(.tooManyRequests, "too many requests", .retryAfter, "10")
        }
        let parts = request.uri.path.split(separator: "/", omittingEmptySubsequences: false)
        do {
            switch (parts.count, parts.last) {
            case (2, "add-checkpoint"):
                guard request.method == .post else {
                    return refusal(.methodNotAllowed, "POST a checkpoint", .allow, "POST")
                }
                let body = try await request.body.collect(upTo: CheckpointSubmission.bytes)
                return response(
                    try await witness.add(body.readableBytesView, now: UInt64(max(0, now)))
                )
            case (3, "checkpoint"):
                guard request.method == .get else {
                    return refusal(.methodNotAllowed, "GET the checkpoint", .allow, "GET")
                }
                return response(try await witness.latest(String(parts[1])))
            default:
                return refusal(.notFound, "there is no such path")
            }
        } catch is NIOTooManyBytesError {
            return refusal(.contentTooLarge, "the request is too large", .connection, "close")
        } catch let error as WitnessError {
            context.logger.error("request failed", metadata: ["error": "\(error)"])
            return refusal(.serviceUnavailable, "this witness cannot answer now", .retryAfter, "60")
        }
    }

    private func response(_ answer: Witness.Answer) -> Response {
        Response(
            status: .init(code: answer.status),
            headers: [.contentType: answer.type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body))
        )
    }

    private func refusal(
        _ status: HTTPResponse.Status,
        _ reason: String,
        _ field: HTTPField.Name = .cacheControl,
        _ value: String = "no-store"
    ) -> Response {
        var refusal = Response(
            status: status,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: reason + "\n"))
        )
        refusal.headers[field] = value
        return refusal
    }
}
