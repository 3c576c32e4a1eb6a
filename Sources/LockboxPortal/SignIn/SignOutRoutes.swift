import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxOIDC
import LockboxPorts
import Logging
import NIOCore

/// Signing out: here, and at the OpenID provider where somebody signed in.
extension PortalSite {
    var signOutRoutes: [Route] {
        [
            form("/sign-out", for: .both, back: { _ in "/" }) { _, _, viewer in
                try await sessions.end(viewer.secret)
                guard let place = try await placeToSignOut(viewer) else {
                    return seeOther("/sign-in", .signedOut, also: clearSession)
                }
                return clearSession(on: doorPage(SignedOutPage(place)))
            },
            // Sent by the provider's server, and not by a page: the token alone says who it is.
            Route(method: .post, path: "/oidc/logout") { request, context in
                do {
                    try await signOutByProvider(request, context)
                    return Self.answer(.ok, to: nil)
                } catch let fault as ProviderFault {
                    context.logger.notice(
                        "a logout token was refused",
                        metadata: ["why": "who sent it \(fault.what)"]
                    )
                    let isOurs = fault.kind == .unreachable
                    return Self.answer(isOurs ? .serviceUnavailable : .badRequest, to: fault)
                }
            },
        ]
    }

    /// Where she is signed in still, if she signed in at a provider that says where to sign out.
    private func placeToSignOut(_ viewer: Viewer) async throws -> ProviderLink? {
        guard let issuer = viewer.signedIn.session.issuer,
            let way = try await providers.way(of: viewer.side),
            let provider = way.settings.provider, provider.issuer == issuer,
            let address = try await openID.signOut(at: provider)
        else { return nil }
        return ProviderLink(
            providerName: OpenIDProvider.shownName(issuer),
            organisation: way.name,
            address: address,
            isOnlyWay: false
        )
    }

    /// OpenID Connect Back-Channel Logout 1.0 §2.5 and §2.6.
    private func signOutByProvider(_ request: Request, _ context: PortalContext) async throws {
        try signOutLimit.take(client(of: request, context).address, now: clock.now())
        let text: String
        do {
            text = try await Form(request).secret("logout_token")
        } catch is PortalError {
            throw ProviderFault(.refused, "sent no form that can be read")
        }
        let sent = try SentLogoutToken(text)
        var fault = ProviderFault(.refused, "is no provider where anybody signs in")
        var isMeant = false
        // Two organisations may have one client at one provider.
        for way in try await providers.ways(of: sent) {
            guard let provider = way.settings.provider else { continue }
            do {
                try await providers.end(
                    try await openID.verify(sent, from: provider),
                    of: way.side
                )
                isMeant = true
            } catch let error as ProviderFault {
                fault = error
            }
        }
        if isMeant { return }
        throw fault
    }

    private static func answer(_ status: HTTPResponse.Status, to fault: ProviderFault?) -> Response
    {
        let noStore: HTTPFields = [.cacheControl: "no-store"]
        guard let fault else { return Response(status: status, headers: noStore) }
        let words = #"{"error":"invalid_request","error_description":"who sent it \#(fault.what)"}"#
        return Response(
            status: status,
            headers: [.cacheControl: "no-store", .contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: words))
        )
    }
}

/// Signed out here, and perhaps not where she signed in.
struct SignedOutPage: Page {
    static let template = PageTemplate(PackageResources.signed_out_mustache)

    var title: String { "Signed out" }
    let provider: ProviderLink

    init(_ provider: ProviderLink) { self.provider = provider }
}
