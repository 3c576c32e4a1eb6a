import HTTPTypes
import Hummingbird
import LockboxDecisions
import LockboxDomain
import LockboxIdentity
import LockboxPorts
import NIOCore

extension API {
    var healthEndpoints: [Endpoint] {
        [
            // The process answers.
            Endpoint(.get, "/healthz") { _, _ in plain("ok\n") },
            // It can do its work: the database answers.
            Endpoint(.get, "/readyz") { _, _ in
                _ = try await store.read { tx in try tx.providerName() }
                return plain("ready\n")
            },
            Endpoint(.get, "/metrics") { request, context in
                guard mayReadMetrics(request, context) else { throw BoundaryError.noSuchPage }
                let (removals, work) = try await store.read { [clock] tx in
                    (try tx.openRemovals(), try WorkMetrics(at: clock.now(), in: tx))
                }
                return plain(
                    metrics.text(gauges: [
                        (
                            "lockbox_live_credentials", "Credentials that give access now.",
                            index.count
                        ),
                        (
                            "lockbox_removals_pending",
                            "Removals of ended access that no service has confirmed yet.",
                            removals.count { $0.progress == .pending }
                        ),
                        (
                            "lockbox_removals_failed",
                            "Removals that failed and are being retried. Alert on anything above 0.",
                            removals.count { $0.progress == .failed }
                        ),
                    ]) + work.text,
                    type: "text/plain; version=0.0.4; charset=utf-8"
                )
            },
            Endpoint(.get, "/openapi.json") { _, _ in
                plain(openAPIDocument, type: "application/json", cache: "public, max-age=300")
            },
        ]
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

    private func plain(
        _ text: String,
        type: String = "text/plain; charset=utf-8",
        cache: String = "no-store"
    )
        -> Response
    {
        Response(
            status: .ok,
            headers: [.contentType: type, .cacheControl: cache],
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
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
        .xForwardedFor, .init("Forwarded")!, .init("X-Forwarded-Host")!,
        .init("X-Forwarded-Proto")!,
        .init("X-Real-IP")!, .init("Via")!,
    ]
}
