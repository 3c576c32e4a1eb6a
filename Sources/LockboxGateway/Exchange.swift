import LockboxDomain
import LockboxPorts
import Logging
import NIOCore
import NIOHTTP1

/// One request and its answer: asked about, recorded, passed on, and passed back, each side no
/// faster than the other takes it. Lives on the event loop of its client.
final class Exchange {
    private enum Phase { case asking, connecting, relaying, tunnel, over }

    let request: RequestHead
    private let door: Door
    private let address: String
    private weak var client: (any ClientSide)?
    private var phase = Phase.asking
    private var credential: Credential?
    private var upstream: UpstreamConnection?
    private var mayRetry: Bool
    private var isAnswerBegun = false
    private var timer: Scheduled<Void>?
    /// Whether the service was heard since the timer was set.
    private var isHeard = false
    private var isStreamOfEvents = false
    /// Whether all of the request went to the service.
    private(set) var isSent = false

    init(_ request: RequestHead, from address: String, at door: Door, client: any ClientSide) {
        self.request = request
        self.door = door
        self.address = address
        self.client = client
        mayRetry =
            request.framing == .none && !request.isWebSocket
            && ["GET", "HEAD", "OPTIONS"].contains(request.method)
    }

    // MARK: - Asking

    func begin() {
        guard let token = request.bearerToken else { return refuse(.notSignedIn) }
        let question = Gate.Question(
            service: door.service.settings.service,
            token: token,
            method: request.method,
            target: request.target.text,
            isUpgrade: request.isWebSocket
        )
        let exchange = NIOLoopBound(self, eventLoop: door.loop)
        door.ask(question) { verdict in exchange.value.decided(verdict) }
    }

    private func decided(_ verdict: Gate.Verdict) {
        guard phase == .asking, let client else { return }
        switch verdict {
        case .allowed(let credential):
            // What has its place can be cut; what ended before it had one is seen here.
            guard client.enter(credential) else { return refuse(.tooMany) }
            guard door.gate.isStillGood(credential) else { return refuse(.notSignedIn) }
            self.credential = credential
            connect()
        case .notSignedIn: refuse(.notSignedIn)
        case .refused: refuse(.forbidden)
        case .unavailable: refuse(.unavailable)
        }
    }

    private func refuse(_ refusal: GatewayRefusal) {
        guard phase != .over else { return }
        end()
        log("request refused", ["status": "\(refusal.status.code)", "reason": "\(refusal.code)"])
        client?.refuse(refusal)
    }

    // MARK: - To the service

    private func connect(fresh: Bool = false) {
        phase = .connecting
        door.pool.take(fresh: fresh) { upstream in
            guard self.phase == .connecting else { return upstream?.close() ?? () }
            guard let upstream else { return self.refuse(.badAnswer) }
            self.connected(upstream)
        }
    }

    private func connected(_ upstream: UpstreamConnection) {
        guard let credential else { return upstream.close() }
        let authorization: String?
        do {
            authorization = try door.service.authorization()
        } catch {
            upstream.close()
            return refuse(.badAnswer)
        }
        phase = .relaying
        self.upstream = upstream
        mayRetry = mayRetry && upstream.isReused
        var fields = PassedFields.request(
            request,
            to: door.service.upstream.authority,
            authorization: authorization,
            from: address,
            over: door.service.scheme
        )
        fields.add(
            contentsOf: PassedFields.identity(
                credential,
                assertion: door.gate.assertion(credential)
            )
        )
        isSent = request.framing == .none
        upstream.begin(self, fields: fields)
        // A connection that was lost says so at once.
        guard phase == .relaying, self.upstream === upstream else { return }
        wait(GatewayLimits.answer)
        if !isSent { client?.wantBody() }
    }

    /// Whether (more of) the request's body, or of what goes both ways, can be taken.
    var takesBody: Bool {
        switch phase {
        case .relaying, .tunnel: upstream?.isWritable ?? false
        case .asking, .connecting, .over: false
        }
    }

    func body(_ bytes: ByteBuffer) {
        isHeard = true
        upstream?.send(bytes, isChunk: request.framing == .chunked)
    }

    func bodyEnded() {
        guard !isSent else { return }
        isSent = true
        upstream?.sendEnd(isChunked: request.framing == .chunked)
    }

    func tunnel(_ bytes: ByteBuffer) { upstream?.send(bytes, isChunk: false) }

    /// The service takes more.
    func upstreamIsWritable() { client?.wantBody() }

    /// The client takes more.
    func clientIsWritable() { upstream?.resume() }

    /// The client left, or is cut: nothing more goes to the service or comes from it.
    func clientIsGone() { end() }

    private func end() {
        phase = .over
        timer?.cancel()
        upstream?.close()
        upstream = nil
    }

    // MARK: - From the service

    var isClientWritable: Bool { client?.isWritable ?? false }

    func answered(_ head: ResponseHead) {
        isAnswerBegun = true
        isHeard = true
        isStreamOfEvents =
            head.fields.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream")
            ?? false
        wait(GatewayLimits.silence)
        var fields = PassedFields.answer(head.fields, from: door.service.upstream.origin)
        let body: AnswerHead.Body
        switch head.framing {
        case .none:
            // What the body would have been long, had it been asked for.
            if request.method == "HEAD" || head.status == .notModified,
                let length = head.fields.first(name: "content-length")
            {
                fields.add(name: "Content-Length", value: length)
            }
            body = .none
        case .length(let length): body = .length(length)
        case .chunked, .untilClose: body = .open
        }
        client?.begin(AnswerHead(status: head.status, fields: fields, body: body))
    }

    func answerBody(_ bytes: ByteBuffer) {
        isHeard = true
        client?.send(bytes)
    }

    /// The whole answer was read; the connection to the service is the pool's again, or closed.
    func answerEnded() {
        phase = .over
        timer?.cancel()
        upstream = nil
        client?.finish()
    }

    func switched(_ fields: HTTPHeaders) {
        phase = .tunnel
        timer?.cancel()
        log("WebSocket opened")
        client?.upgrade(PassedFields.answer(fields, from: door.service.upstream.origin))
    }

    func tunnelBody(_ bytes: ByteBuffer) { client?.send(bytes) }

    /// The connection to the service ended before the answer did.
    func broke(_ problem: String, nothingCame: Bool) {
        upstream = nil
        guard phase != .tunnel else {
            end()
            return client?.closeTunnel() ?? ()
        }
        guard phase == .relaying else { return }
        if nothingCame, mayRetry {
            // A kept connection that the service had given up already; this request can be made
            // again (RFC 9110 §9.2.2).
            mayRetry = false
            return connect(fresh: true)
        }
        fail(problem, .badAnswer)
    }

    private func fail(_ problem: String, _ refusal: GatewayRefusal) {
        log("the service failed", ["problem": "\(problem)"])
        guard isAnswerBegun else { return refuse(refusal) }
        end()
        client?.abort()
    }

    // MARK: - Time

    private func wait(_ amount: TimeAmount) {
        timer?.cancel()
        isHeard = false
        timer = door.loop.assumeIsolated().scheduleTask(in: amount) {
            guard self.phase != .over else { return }
            if self.isHeard || self.isStreamOfEvents || !self.isClientWritable {
                self.wait(amount)
            } else {
                self.fail("it is silent", .noAnswer)
            }
        }
    }

    // MARK: - What operators read

    private func log(_ message: Logger.Message, _ more: Logger.Metadata = [:]) {
        var metadata: Logger.Metadata = [
            "service": "\(door.service.settings.service.id)", "method": "\(request.method)",
            "address": "\(address)",
        ]
        if let credential { metadata["grant"] = "\(credential.grant)" }
        door.gate.logger.info(message, metadata: metadata.merging(more) { $1 })
    }
}
