package import AsyncHTTPClient

/// What kinds need of the machine to reach their services.
package struct ServiceTools: Sendable {
    package let http: HTTPClient
    /// The gateways of this process; nil where it has none.
    package let gateways: (any GatewayConnections)?
    /// The secret in the file at a path, read anew each time, so that a new one works without a
    /// restart.
    package let secret: @Sendable (_ path: String) throws -> String

    package init(
        http: HTTPClient,
        gateways: (any GatewayConnections)? = nil,
        secret: @escaping @Sendable (_ path: String) throws -> String
    ) {
        self.http = http
        self.gateways = gateways
        self.secret = secret
    }
}
