import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity

/// Open pages hear that something may have changed, and fetch themselves anew (Server-sent events,
/// WHATWG HTML §9.2).
extension PortalSite {
    var liveRoutes: [Route] {
        [
            Route(method: .get, path: "/live") { request, _ in
                // Pages come by the thousand, and ask again: none costs a look into the store while
                // there is no place for it, whoever asks.
                guard !feed.isFull else { return Response(status: .serviceUnavailable) }
                // No redirect to the sign-in page: the script has to tell an end from an answer.
                guard let secret = sessionSecret(of: request),
                    let signedIn = try await sessions.look(secret)
                else {
                    return Response(status: .unauthorized)
                }
                guard let listener = feed.listen(as: signedIn.person, with: makePause()) else {
                    return Response(status: .serviceUnavailable)
                }
                let stream = LiveStream(
                    sessions: sessions,
                    secret: secret,
                    log: log,
                    side: signedIn.person.side,
                    listener: listener
                )
                return Response(
                    status: .ok,
                    headers: Self.streamHeaders,
                    body: .init { writer in
                        // A browser that leaves the page frees its place at once, and not only at
                        // the next heart-beat.
                        try await request.body.consumeWithInboundCloseHandler { _ in
                            try await stream.tell(to: &writer)
                        } onInboundClosed: {
                            listener.hangUp()
                        }
                    }
                )
            }
        ]
    }

    private static var streamHeaders: HTTPFields {
        var headers: HTTPFields = [.contentType: "text/event-stream"]
        // Proxies that gather answers before they pass them on would keep everything from the page.
        if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
        return headers
    }

    /// Whether `request` is an open page's own, to fetch itself anew: a page left open must not
    /// keep a session alive.
    static func isOfOpenPage(_ request: Request) -> Bool {
        request.method == .get && HTTPField.Name("X-Live").flatMap { request.headers[$0] } != nil
    }
}

/// What one open page is told, until its session or the server ends.
private struct LiveStream: Sendable {
    let sessions: Sessions
    let secret: String
    let log: LogReader
    let side: Side
    let listener: LiveListener

    func tell(to writer: inout any ResponseBodyWriter) async throws {
        var known = try await logSize()
        // What changed between the page's making and this stream's beginning is not known.
        try await writer.write(ByteBuffer(string: "retry: 3000\n\n" + Self.changed))
        var beat = Self.nextBeat()
        while await listener.wait(TimeSpan(until: beat)), try await sessions.look(secret) != nil {
            if listener.takeChange(), try await isNews(&known) {
                try await writer.write(ByteBuffer(string: Self.changed))
                // Many changes in a row are told as one.
                guard await listener.rest(PortalLimits.liveRest) else { break }
                beat = Self.nextBeat()
            } else if ContinuousClock.now >= beat {
                // Only when it is time: a comment for what does not concern this reader would tell
                // of it all the same.
                try await writer.write(ByteBuffer(string: ":\n\n"))
                beat = Self.nextBeat()
            }
        }
        try await writer.finish(nil)
    }

    private static func nextBeat() -> ContinuousClock.Instant {
        .now + .milliseconds(PortalLimits.heartBeat.milliseconds)
    }

    /// An event without data is not dispatched by browsers.
    private static let changed = "event: changed\ndata: 1\n\n"

    /// A tenant's people learn of their own log's growth only: not even the time of another
    /// tenant's doings.
    private func isNews(_ known: inout UInt64?) async throws -> Bool {
        let size = try await logSize()
        defer { known = size }
        return size == nil || size != known
    }

    /// Nil for the provider's people, whom every change may concern.
    private func logSize() async throws -> UInt64? {
        switch side {
        case .provider: nil
        case .tenant(let id): try await log.size(of: .tenant(id))
        }
    }
}
