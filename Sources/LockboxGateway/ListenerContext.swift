import LockboxDecisions
import LockboxDomain
import LockboxPorts
import Logging
import NIOCore
import NIOHTTP1

/// What the connections of one event loop to one gateway have in common.
final class ListenerContext {
    typealias Job = @Sendable () async -> Void

    let service: GatewayService
    let authorizer: RequestAuthorizer
    let book: GatewayBook
    let pool: UpstreamPool
    let door: BrowserDoor
    let assertions: Assertions
    let loop: any EventLoop
    private let jobs: AsyncStream<Job>.Continuation
    /// Streams with a request that goes on, by grant.
    private var requests: [GrantID: Int] = [:]

    init(
        _ service: GatewayService,
        authorizer: RequestAuthorizer,
        book: GatewayBook,
        browsers: BrowserSessions,
        assertions: Assertions,
        jobs: AsyncStream<Job>.Continuation,
        on loop: any EventLoop
    ) {
        self.service = service
        self.authorizer = authorizer
        self.book = book
        self.assertions = assertions
        door = BrowserDoor(service.settings, sessions: browsers)
        self.jobs = jobs
        self.loop = loop
        pool = UpstreamPool(
            service.upstream,
            tls: service.upstreamTLS,
            places: service.upstreamPlaces,
            on: loop
        )
    }

    /// Whether one more stream may go on under `grant`.
    func mayBegin(under grant: GrantID) -> Bool {
        requests[grant, default: 0] < GatewayLimits.streamsOfGrant
    }

    /// Counts a stream under `grant`; false, and nothing is counted, where it has as many as it may.
    func requestBegins(of grant: GrantID) -> Bool {
        guard mayBegin(under: grant) else { return false }
        requests[grant, default: 0] += 1
        return true
    }

    func requestEnded(of grant: GrantID) {
        guard let count = requests[grant] else { return }
        requests[grant] = count > 1 ? count - 1 : nil
    }

    /// Says to operators that `address` sent what is no request.
    func logMalformed(_ error: WireError, from address: String) {
        authorizer.logger.info(
            "request refused",
            metadata: [
                "service": "\(service.settings.service.id)", "address": "\(address)",
                "status": "\(error.status.code)", "reason": "malformedRequest",
                "problem": "\(error.problem)",
            ]
        )
    }

    /// Asks what `code` lets a browser in with here, and gives the answer to `reply` on the event loop.
    func take(_ code: String, _ reply: @escaping @Sendable (TakenCode) -> Void) {
        let id = service.settings.service.id
        let result = jobs.yield { [authorizer, loop] in
            let taken = await authorizer.take(code, at: id)
            loop.execute { reply(taken) }
        }
        if case .enqueued = result { return }
        loop.execute { reply(.unknown) }
    }

    /// Asks about a request, and gives the answer to `reply` on the event loop, where before that
    /// `mayEnter` says whether there is a place under the credential that is let through; one that is
    /// `placed` already needs no other.
    func ask(
        _ question: RequestAuthorizer.Question,
        placed: Credential?,
        mayEnter: @escaping @Sendable (Credential) -> GatewayRefusal?,
        _ reply: @escaping @Sendable (RequestAuthorizer.Decision) -> Void
    ) {
        let result = jobs.yield { [authorizer, loop] in
            let decision = await authorizer.decide(question) { credential in
                guard credential != placed else { return nil }
                return await withCheckedContinuation { done in
                    loop.execute { done.resume(returning: mayEnter(credential)) }
                }
            }
            loop.execute { reply(decision) }
        }
        if case .enqueued = result { return }
        loop.execute { reply(.unknown) }
    }
}
