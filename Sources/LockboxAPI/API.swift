import Foundation
import HTTPTypes
package import Hummingbird
package import LockboxAudit
package import LockboxDecisions
import LockboxDomain
package import LockboxHTTP
package import LockboxIdentity
package import LockboxPorts
package import LockboxService
import LockboxWire

/// Who a registered service is, by the credentials it shows.
package protocol ServiceClients: Sendable {
    /// The service whose introspection client this is, if the secret is right.
    func service(clientID: String, secret: String) async -> ServiceSettings?

    /// Another one once any answer may be another one.
    var version: Int { get }
}

/// The HTTP face of the use cases: JSON, OAuth, health. It authenticates, reads, calls one use
/// case, and writes.
package struct API: Sendable {
    let lockbox: Lockbox
    let signIn: SignIn
    let log: LogReader
    let index: DecisionIndex
    let clients: any ServiceClients
    let store: any Store
    let clock: any WallClock
    let metrics: Metrics
    let publicURL: String
    let proxies: TrustedProxies
    let metricsAccess: MetricsAccess
    let condition: any ServerCondition
    let tokens: AccessTokens
    let receiptPage: @Sendable ([UInt8]) throws -> [UInt8]
    let logins: Logins
    let usedProofs = UsedProofs()
    let personLimit = RateLimit(burst: APILimits.personBurst, perSecond: APILimits.personPerSecond)
    let failureLimit = RateLimit(
        burst: APILimits.failureBurst,
        perSecond: APILimits.failuresPerSecond
    )

    /// `publicURL` is how the outside reaches this server, without a trailing slash. `receiptPage` makes
    /// a document in HTML of a receipt.
    package init(
        lockbox: Lockbox,
        signIn: SignIn,
        log: LogReader,
        index: DecisionIndex,
        clients: any ServiceClients,
        store: any Store,
        clock: any WallClock,
        metrics: Metrics,
        publicURL: String,
        proxies: TrustedProxies,
        metricsAccess: MetricsAccess,
        condition: any ServerCondition,
        tokens: AccessTokens,
        receiptPage: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) {
        self.lockbox = lockbox
        self.signIn = signIn
        self.log = log
        self.index = index
        self.clients = clients
        self.store = store
        self.clock = clock
        self.metrics = metrics
        self.publicURL = publicURL
        self.proxies = proxies
        self.metricsAccess = metricsAccess
        self.condition = condition
        self.tokens = tokens
        self.receiptPage = receiptPage
        logins = Logins(signIn)
    }

    /// Whom routes are for.
    package enum Audience: CaseIterable, Sendable {
        /// People with their programs.
        case people
        /// Protected services that ask about a credential.
        case services
        /// Who keeps Lockbox running.
        case operators
    }

    /// The routes of `audiences`, ready to serve.
    package func responder(
        for audiences: Set<Audience> = Set(Audience.allCases)
    ) -> RouterResponder<APIContext> {
        Self.responder(for: routes(for: audiences), counting: metrics)
    }

    static func responder(for routes: [Route], counting metrics: Metrics)
        -> RouterResponder<APIContext>
    {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: boundary(counting: metrics))
        router.add(middleware: KnownMethods())
        router.add(routes) { BoundaryError.methodNotAllowed($0) }
        return router.buildResponder()
    }

    /// The paths that are the API's, by their first part.
    package static let prefixes: Set<String> = [
        "v1", "oauth2", "access", ".well-known", "openapi.json", "healthz", "readyz", "metrics",
    ]

    /// Every method of every path.
    package var routes: [Route] { routes(for: Set(Audience.allCases)) }

    func routes(for audiences: Set<Audience>) -> [Route] {
        let people =
            supportEndpoints + requestEndpoints + messageEndpoints + tenantEndpoints
            + invitationEndpoints + proposalEndpoints + signingEndpoints
            + tokenEndpoints + loginEndpoints + logEndpoints + receiptEndpoints + reportEndpoints
            + accessRequestEndpoints
        var routes = healthEndpoints
        if audiences.contains(.services) { routes += [introspectionEndpoint] }
        if audiences.contains(.operators) { routes += metricsEndpoints }
        if !audiences.isDisjoint(with: [.people, .services]) {
            routes += decisionEndpoints(for: audiences)
        }
        guard audiences.contains(.people) else { return routes }
        let all =
            people + [introspectionEndpoint] + decisionEndpoints(for: Set(Audience.allCases))
            + healthEndpoints + metricsEndpoints
        return routes + people + [describing(all)]
    }

    /// What services and people's programs ask alike, each on her own listener.
    private func decisionEndpoints(for audiences: Set<Audience>) -> [Route] {
        authZENEndpoints(for: audiences) + oauthEndpoints(for: audiences)
            + [tokenEndpoint(for: audiences), keySetEndpoint]
    }

    /// Where `request` comes from, as far as our own proxies can tell.
    func client(of request: Request, _ context: APIContext) -> ClientKey {
        proxies.client(
            peer: context.remoteAddress,
            forwardedFor: request.headers[values: .xForwardedFor],
            forwarded: request.headers[values: .forwarded]
        )
    }
}

extension String {
    /// User name and password of an `Authorization` field with the scheme `Basic`; OAuth encodes
    /// both like form values (RFC 6749 §2.3.1).
    var basicCredentials: (id: String, secret: String)? {
        let parts = split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let data = Data(base64Encoded: String(parts[1])),
            let text = String(validating: data, as: UTF8.self)
        else { return nil }
        let pair = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map {
            PercentEncoding.decode($0.utf8, plusIsSpace: true)
        }
        guard pair.count == 2, let id = pair[0], let secret = pair[1] else { return nil }
        return (id, secret)
    }
}
