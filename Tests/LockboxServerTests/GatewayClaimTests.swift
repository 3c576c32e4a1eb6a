import LockboxPorts
import Testing

@testable import LockboxServer

/// Gateways of one database are one process's of their own, or servers' with their own.
struct GatewayClaimTests {
    @Test func oneAloneOrSeveralServers() throws {
        let folder = try Folder()
        let path = folder.path + "/lockbox.sqlite"
        do {
            let servers = try [1, 2].map { _ in try GatewayClaim(of: path, alone: false) }
            #expect(throws: ConfigurationError.self) { try GatewayClaim(of: path, alone: true) }
            withExtendedLifetime(servers) {}
        }
        do {
            let gateway = try GatewayClaim(of: path, alone: true)
            for alone in [true, false] {
                #expect(throws: ConfigurationError.self) {
                    try GatewayClaim(of: path, alone: alone)
                }
            }
            withExtendedLifetime(gateway) {}
        }
        _ = try GatewayClaim(of: path, alone: false)
    }
}
