package import AsyncHTTPClient
package import LockboxPorts
import NIOCore

/// What kinds need of the machine to reach their services.
package struct ServiceTools: Sendable {
    package let http: HTTPClient
    package let clock: any WallClock
    package let entropy: any Entropy
    /// The gateways of this process; nil where it has none.
    package let gateways: (any GatewayConnections)?
    /// The way to gateways that are in a process of their own, which carries out the orders for them;
    /// nil where none are.
    package let gatewaysApart: (any GatewaysApart)?
    /// The secret in the file at a path, read anew each time, so that a new one works without a
    /// restart.
    package let secret: @Sendable (_ path: String) throws -> String

    package init(
        http: HTTPClient,
        clock: any WallClock,
        entropy: any Entropy,
        gateways: (any GatewayConnections)? = nil,
        gatewaysApart: (any GatewaysApart)? = nil,
        secret: @escaping @Sendable (_ path: String) throws -> String
    ) {
        self.http = http
        self.clock = clock
        self.entropy = entropy
        self.gateways = gateways
        self.gatewaysApart = gatewaysApart
        self.secret = secret
    }

    /// How services are spoken to: what one of them answers leads to no other address, and many
    /// orders go to one at once.
    package static var httpConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5))
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        return configuration
    }
}
