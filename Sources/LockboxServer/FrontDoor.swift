import Hummingbird
import LockboxAPI
import LockboxPortal
import NIOCore

/// One address for programs and for people: paths of the API go to the API, all others to the
/// portal.
struct FrontDoor: HTTPResponder {
    typealias Context = FrontDoorContext

    let api: RouterResponder<APIContext>
    let portal: RouterResponder<PortalContext>

    func respond(to request: Request, context: FrontDoorContext) async throws -> Response {
        if Self.isForPrograms(request.uri.path) {
            return try await api.respond(to: request, context: APIContext(source: context.source))
        }
        return try await portal.respond(to: request, context: PortalContext(source: context.source))
    }

    static func isForPrograms(_ path: String) -> Bool {
        let first =
            path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: true).first ?? ""
        return [
            "v1", "oauth2", ".well-known", "authz", "access", "openapi.json", "healthz", "readyz",
            "metrics",
        ]
        .contains(first)
    }
}

/// A request before it is known whom it is for.
struct FrontDoorContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var source: ApplicationRequestContextSource { .init(channel: channel, logger: logger) }
}
