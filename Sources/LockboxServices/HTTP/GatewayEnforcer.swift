package import LockboxDomain
package import LockboxPorts

/// What goes on through the gateways of this process.
package protocol GatewayConnections: Sendable {
    /// Ends what is open under `usernames`, and returns when it is gone.
    func cut(_ usernames: Set<String>, at service: ServiceID) async throws(EnforcerError)
    /// Waits for as long as gateways of other processes may take to find out that access ended.
    func settle() async
    /// Under which login names something is open.
    func connected(to service: ServiceID) async throws(EnforcerError) -> [String]
}

/// Cuts what goes through the gateway of a service. It asks nobody outside this process: a gateway
/// of another process finds out by itself, within the bound that gateways keep.
package struct GatewayEnforcer: Enforcer {
    private let service: ServiceID
    private let gateways: any GatewayConnections

    package init(of service: ServiceID, gateways: any GatewayConnections) {
        self.service = service
        self.gateways = gateways
    }

    /// Nothing to do: the gateway asks about the credential of each request.
    package func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    package func cut(_ orders: [Removal]) async throws(EnforcerError) {
        try await gateways.cut(Set(orders.flatMap(\.usernames)), at: service)
    }

    /// What begins here after the first cut has asked about its credential after the end, and was
    /// refused; elsewhere it is over when the bound is.
    package func close(_ order: Removal) async throws(EnforcerError) {
        try await cut([order])
        await gateways.settle()
        try await cut([order])
    }

    package func list() async throws(EnforcerError) -> [OpenAccess] {
        try await gateways.connected(to: service).map(OpenAccess.init(username:))
    }

    package func shutOut(_ username: String) async throws(EnforcerError) {
        try await gateways.cut([username], at: service)
    }
}
