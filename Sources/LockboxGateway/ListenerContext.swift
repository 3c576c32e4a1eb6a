import LockboxDecisions
import NIOCore

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
        pool = UpstreamPool(service.upstream, tls: service.upstreamTLS, on: loop)
    }

    /// Asks about a request, and gives the answer to `reply` on the event loop.
    func ask(
        _ question: RequestAuthorizer.Question,
        _ reply: @escaping @Sendable (Admission?) -> Void
    ) {
        let result = jobs.yield { [authorizer, loop] in
            let admission = await authorizer.decide(question)
            loop.execute { reply(admission) }
        }
        if case .enqueued = result { return }
        loop.execute { reply(nil) }
    }
}
