package import LockboxDomain
package import LockboxPorts

/// The gateways of another process.
package protocol GatewaysApart: Sendable {
    /// Tells them that access under `grants` is over, whether or not that is written down yet.
    func end(_ grants: Set<GrantID>) async throws(EnforcerError)
}

/// Tells the process that has the gateways of an end, so that its cut waits for no write. That nothing
/// is left only that process can know: here nothing is confirmed.
struct EnforcerApart: Enforcer {
    let gateways: any GatewaysApart

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    func cut(_ orders: [Removal]) async throws(EnforcerError) {
        try await gateways.end(Set(orders.map(\.grant)))
    }

    func close(_ order: Removal) async throws(EnforcerError) { throw Self.elsewhere }

    func list() async throws(EnforcerError) -> [OpenAccess] { throw Self.elsewhere }

    private static let elsewhere = EnforcerError("the gateway is in another process")
}
