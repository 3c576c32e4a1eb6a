import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices

extension PortalWorld {
    package static let address = "https://app-support.example-cloud.test"

    /// From now on the service is one that people open in a browser.
    package func openedInBrowsers() async throws {
        var settings = Fixture.service("mail", kind: "http", doveadm: nil)
        settings.own =
            #"{"address":"\#(Self.address)","gateway":{"listen":"127.0.0.1:9443","upstream":"http://127.0.0.1:1"}}"#
        let changed = settings
        try await audited.write(by: .console) { change in
            try change.tx.save(changed)
            change.emit(.directory(.serviceChanged(changed.service)))
        }
    }
}

/// Nothing goes on.
struct QuietGateways: GatewayConnections {
    func cut(_ usernames: Set<String>, at service: ServiceID) async throws(EnforcerError) {}
    func settle() async {}
    func connected(to service: ServiceID) async throws(EnforcerError) -> [String] { [] }
}
