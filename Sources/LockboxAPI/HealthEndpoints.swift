import HTTPTypes
package import Hummingbird
package import LockboxDecisions
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
package import LockboxPorts
import LockboxWire
import Logging
import NIOCore
import Synchronization

extension API {
    var operatorPages: OperatorPages {
        OperatorPages(
            index: index,
            store: store,
            clock: clock,
            metrics: metrics,
            metricsAccess: metricsAccess,
            condition: condition
        )
    }

    var healthEndpoints: [Route] { operatorPages.healthEndpoints }
    var metricsEndpoints: [Route] { operatorPages.metricsEndpoints }
}

/// What tells operators how a process is: the server, or the gateway apart, which has no other pages.
package struct OperatorPages: Sendable {
    let index: DecisionIndex
    let store: any Store
    let clock: any WallClock
    let metrics: Metrics
    let metricsAccess: MetricsAccess
    let condition: any ServerCondition

    package init(
        index: DecisionIndex,
        store: any Store,
        clock: any WallClock,
        metrics: Metrics,
        metricsAccess: MetricsAccess,
        condition: any ServerCondition
    ) {
        self.index = index
        self.store = store
        self.clock = clock
        self.metrics = metrics
        self.metricsAccess = metricsAccess
        self.condition = condition
    }

    /// All of them and nothing else.
    package func responder() -> RouterResponder<APIContext> {
        API.responder(for: healthEndpoints + metricsEndpoints, counting: metrics)
    }

    /// For whoever watches a listener: on each of them.
    var healthEndpoints: [Route] {
        [
            // The process answers.
            Route(
                .get,
                "/healthz",
                OperationDescription(
                    "health",
                    .service,
                    "Whether the process runs",
                    by: .anybody,
                    answers: .init(.ok, "It does."),
                    refuses: []
                )
            ) { _, _ in plain("ok\n") },
            // It can do all of its work: the database answers and takes writes, what ended is written
            // down, the clock can be trusted, there is space.
            Route(
                .get,
                "/readyz",
                OperationDescription(
                    "ready",
                    .service,
                    "Whether Lockbox can serve",
                    by: .anybody,
                    answers: .init(.ok, "It can."),
                    refuses: [.unavailable]
                )
            ) { request, context in
                let problems = await condition.problems()
                guard problems.isEmpty else {
                    // Not thrown: the log has it already, once and not at each asking.
                    return try ProblemAnswer(BoundaryError.notReady(problems)).response(
                        from: request,
                        context: context
                    )
                }
                _ = try await store.read { tx in try tx.providerName() }
                return plain((["ready"] + condition.remarks).joined(separator: "\n") + "\n")
            },
        ]
    }

    var metricsEndpoints: [Route] {
        [
            Route(
                .get,
                "/metrics",
                OperationDescription(
                    "metrics",
                    .service,
                    "Counters in Prometheus' text format",
                    by: .anybody,
                    answers: .text("The counters."),
                    refuses: []
                )
            ) { request, context in
                guard mayReadMetrics(request, context) else { throw BoundaryError.noSuchPage }
                return plain(
                    metrics.text
                        + (condition.gauges + [
                            Gauge(
                                "lockbox_live_credentials",
                                "Credentials that give access now.",
                                index.count
                            )
                        ]).map(\.text).joined() + (try await storedMetrics(context.logger)),
                    type: "text/plain; version=0.0.4; charset=utf-8"
                )
            }
        ]
    }

    /// What is counted in the store; nothing where it cannot be read, which `lockbox_store_readable`
    /// tells.
    private func storedMetrics(_ logger: Logger) async throws -> String {
        do {
            let (removals, work) = try await store.read(.endingAccess) { [clock] tx in
                (try tx.openRemovals(), try WorkMetrics(at: clock.now(), in: tx))
            }
            return [
                Gauge(
                    "lockbox_removals_pending",
                    "Removals of ended access that no service has confirmed yet.",
                    removals.count { $0.progress == .pending }
                ),
                Gauge(
                    "lockbox_removals_failed",
                    "Removals that failed and are being retried. Alert on anything above 0.",
                    removals.count { $0.progress == .failed }
                ),
            ].map(\.text).joined() + work.text
        } catch let error as StoreError {
            logger.error("metrics of the store are left out", metadata: ["error": "\(error)"])
            return ""
        }
    }

    private func mayReadMetrics(_ request: Request, _ context: APIContext) -> Bool {
        switch metricsAccess {
        case .open: true
        case .loopback:
            // A proxy on this machine is on loopback too, but it speaks for others.
            isLoopback(context.remoteAddress)
                && !HTTPField.Name.ofProxies.contains { request.headers.contains($0) }
        case .off: false
        }
    }
}

extension API {
    /// The description of `routes` and of itself.
    func describing(_ routes: [Route]) -> Route {
        let own = OperationDescription(
            "openAPI",
            .service,
            "This document",
            by: .anybody,
            answers: .init(.ok, "OpenAPI 3.1.", content: ["application/json": ["type": "object"]]),
            refuses: []
        )
        func route(_ handler: @escaping Route.Handler) -> Route {
            Route(.get, "/openapi.json", own, handler: handler)
        }
        let itself = route { _, _ in Response(status: .ok) }
        let document = OpenAPIDocument(of: routes + [itself])
        let written = WrittenOnce()
        return route { _, _ in
            plain(
                try written.text { try document.json() },
                type: "application/json",
                cache: "public, max-age=300"
            )
        }
    }
}

private func plain(
    _ text: String,
    type: String = "text/plain; charset=utf-8",
    cache: String = "no-store"
) -> Response {
    Response(
        status: .ok,
        headers: [.contentType: type, .cacheControl: cache],
        body: .init(byteBuffer: ByteBuffer(string: text))
    )
}

/// A text that is written when it is first asked for, and kept: one that is long, so that whoever
/// asks for it again and again costs little.
private final class WrittenOnce: Sendable {
    private let known = Mutex<String?>(nil)

    func text(_ write: () throws -> String) rethrows -> String {
        try known.withLock { known in
            if let known { return known }
            let text = try write()
            known = text
            return text
        }
    }
}

/// Who may read `/metrics`.
package enum MetricsAccess: String, CaseIterable, Sendable {
    /// Whoever reaches the port.
    case open
    /// Programs on this machine that come without a proxy.
    case loopback
    /// Nobody.
    case off
}

extension HTTPField.Name {
    /// What proxies add; one of them is enough to know that somebody else is asking.
    fileprivate static let ofProxies: [HTTPField.Name] = [
        .xForwardedFor, .forwarded, .init("X-Forwarded-Host")!,
        .init("X-Forwarded-Proto")!,
        .init("X-Real-IP")!, .init("Via")!,
    ]
}
