import LockboxDecisions
import LockboxDomain
import LockboxPorts
import LockboxServices
import Logging
import NIOCore
import NIOHTTP1

/// One request and its answer: asked about, recorded, passed on, and passed back, each side no
/// faster than the other takes it. Lives on the event loop of its client.
final class Exchange {
    private enum Phase { case asking, own, opening, connecting, relaying, tunnel, over }

    let request: RequestHead
    private let listener: ListenerContext
    private let address: String
    private weak var client: (any ClientSide)?
    private var phase = Phase.asking
    /// What came with a request that is for the gateway itself.
    private var ownForm: [UInt8] = []
    /// For the log.
    private var credential: Credential?
    /// What goes to the service before the body.
    private var fields = HTTPHeaders()
    private var upstream: UpstreamConnection?
    private var mayRetry: Bool
    private var isAnswerBegun = false
    private var timer: Scheduled<Void>?
    /// When something came from the service last, or was sent to it.
    private var heardAt = NIODeadline.now()
    private var isStreamOfEvents = false
    /// Whether all of the request went to the service.
    private var isSent = false

    init(
        _ request: RequestHead,
        from address: String,
        at listener: ListenerContext,
        client: any ClientSide
    ) {
        self.request = request
        self.listener = listener
        self.address = address
        self.client = client
        mayRetry =
            request.framing == .none && request.isSafe
    }

    // MARK: - Asking

    func begin() {
        guard !request.target.isGatewaysOwn else { return beginOwn() }
        ask()
    }

    /// Each time the request is to go to the service is an operation of its own.
    private func ask() {
        phase = .asking
        let needed = listener.service.actions(for: request)
        let hash: [UInt8]
        do throws(GatewayRefusal) {
            hash = try listener.door.credentialHash(of: request, needing: needed)
        } catch {
            return refuse(error)
        }
        let question = RequestAuthorizer.Question(
            service: listener.service.settings.service,
            credentialHash: hash,
            method: request.method,
            target: request.target.text,
            needed: needed
        )
        let exchange = NIOLoopBound(self, eventLoop: listener.loop)
        listener.ask(
            question,
            placed: client?.placed,
            mayEnter: { credential in exchange.value.mayEnter(credential) },
            { decision in exchange.value.decided(decision) }
        )
    }

    private func mayEnter(_ credential: Credential) -> GatewayRefusal? {
        guard phase == .asking, let client else { return .gone }
        return client.mayEnter(credential)
    }

    private func decided(_ decision: RequestAuthorizer.Decision) {
        guard phase == .asking, let client else { return }
        switch decision {
        case .admission(.allowed(let credential)):
            // What has its place can be cut; what ended before it had one is seen here. Others may have
            // taken the last ones since it was asked for.
            if let refusal = client.enter(credential) { return refuse(refusal) }
            guard listener.authorizer.isStillGood(credential) else {
                return refuse(listener.door.refusal(of: request))
            }
            self.credential = credential
            fields = PassedFields.request(
                request,
                to: listener.service.upstream.authority,
                authorization: listener.service.authorization,
                from: address,
                over: listener.service.scheme
            )
            fields.add(contentsOf: credential.identityFields)
            guard addAssertion(of: credential) else { return }
            // A kept connection may be one that the service is giving up.
            connect(fresh: !mayRetry)
        case .admission(.notSignedIn): refuse(listener.door.refusal(of: request))
        case .admission(.notAllowed): refuse(.forbidden)
        case .noPlace(let refusal): refuse(refusal)
        case .unknown: refuse(.unavailable)
        }
    }

    private func refuse(_ refusal: GatewayRefusal) {
        guard phase != .over else { return }
        end()
        log("request refused", ["status": "\(refusal.status.code)", "reason": "\(refusal.code)"])
        if request.acceptsPages {
            client?.show(GatewayPage(refusal, portal: listener.door.sessions.portal))
        } else {
            client?.refuse(refusal)
        }
    }

    /// Adds what the service can verify of who asks.
    private func addAssertion(of credential: Credential) -> Bool {
        do {
            guard let assertion = try listener.assertions.current(of: credential) else {
                refuse(listener.door.refusal(of: request))
                return false
            }
            fields.add(name: "X-Lockbox-Assertion", value: assertion)
            return true
        } catch {
            log("who asks cannot be signed", ["error": "\(error)"])
            refuse(.unavailable)
            return false
        }
    }

    // MARK: - For the gateway itself

    private func beginOwn() {
        phase = .own
        switch request.framing {
        case .none, .length(0), .untilClose: answerOwn()
        case .length, .chunked:
            // Nobody has shown who he is yet, and has a place meanwhile.
            timer = listener.loop.assumeIsolated().scheduleTask(in: GatewayLimits.head) {
                self.refuse(.ownFormTooSlow)
            }
            client?.wantBody()
        }
    }

    private func answerOwn() {
        switch listener.door.outcome(of: request, form: ownForm) {
        case .answer(let answer): show(answer)
        case .code(let code):
            phase = .opening
            timer?.cancel()
            let exchange = NIOLoopBound(self, eventLoop: listener.loop)
            listener.take(code) { taken in exchange.value.opened(by: taken) }
        }
    }

    private func opened(by taken: TakenCode) {
        // A code is used up whether or not somebody still waits for what it opens.
        guard phase == .opening else { return }
        show(listener.door.answer(request, taken))
    }

    private func show(_ answer: BrowserDoor.Answer) {
        end()
        credential = answer.closed
        log("request for the gateway itself", ["status": "\(answer.page.status.code)"])
        if let closed = answer.closed { client?.cutOthers(under: closed) }
        client?.show(answer.page)
    }

    // MARK: - To the service

    private func connect(fresh: Bool) {
        phase = .connecting
        listener.pool.take(fresh: fresh) { result in
            switch result {
            case .failure(let refusal): if self.phase == .connecting { self.refuse(refusal) }
            case .success(let upstream):
                guard self.phase == .connecting else { return upstream.close() }
                self.connected(upstream)
            }
        }
    }

    private func connected(_ upstream: UpstreamConnection) {
        phase = .relaying
        self.upstream = upstream
        mayRetry = mayRetry && upstream.isReused
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
        case .own: true
        case .asking, .opening, .connecting, .over: false
        }
    }

    func body(_ bytes: ByteBuffer) {
        if phase == .own {
            ownForm += bytes.readableBytesView
            if ownForm.count > GatewayLimits.ownFormBytes { refuse(.ownFormTooLong) }
            return
        }
        heardAt = .now()
        upstream?.send(bytes, isChunk: request.framing == .chunked)
    }

    func bodyEnded() {
        guard phase != .own else { return answerOwn() }
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
        isStreamOfEvents =
            head.fields.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream")
            ?? false
        wait(GatewayLimits.silence)
        var fields = PassedFields.answer(head.fields, from: listener.service.upstream.origin)
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
        heardAt = .now()
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
        client?.upgrade(PassedFields.answer(fields, from: listener.service.upstream.origin))
    }

    func tunnelBody(_ bytes: ByteBuffer) { client?.send(bytes) }

    /// The connection to the service ended before the answer did.
    func broke(_ problem: String, nothingCame: Bool) {
        upstream = nil
        guard phase != .tunnel else {
            end()
            client?.closeTunnel()
            return
        }
        guard phase == .relaying else { return }
        if nothingCame, mayRetry {
            // A kept connection that the service had given up already; this request can be made
            // again (RFC 9110 §9.2.2).
            mayRetry = false
            timer?.cancel()
            return ask()
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
        heardAt = .now()
        look(after: amount)
    }

    private func look(after amount: TimeAmount) {
        timer?.cancel()
        timer = listener.loop.assumeIsolated().scheduleTask(deadline: heardAt + amount) {
            guard self.phase != .over else { return }
            // Whoever is not listened to may be silent.
            if self.isStreamOfEvents || !self.isClientWritable { return self.wait(amount) }
            guard NIODeadline.now() >= self.heardAt + amount else {
                return self.look(after: amount)
            }
            self.fail("it is silent", .noAnswer)
        }
    }

    // MARK: - What operators read

    private func log(_ message: Logger.Message, _ more: Logger.Metadata = [:]) {
        var metadata: Logger.Metadata = [
            "service": "\(listener.service.settings.service.id)", "method": "\(request.method)",
            "address": "\(address)",
        ]
        if let credential { metadata["grant"] = "\(credential.grant)" }
        listener.authorizer.logger.info(message, metadata: metadata.merging(more) { $1 })
    }
}
