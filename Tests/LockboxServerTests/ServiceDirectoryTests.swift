import AsyncHTTPClient
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import LockboxStoreSQLite
import LockboxWork
import Logging
import Testing

@testable import LockboxServer

/// Who tells a service of ends, where gateways are in a process of their own.
struct ServiceDirectoryTests {
    private struct Gateways: GatewayConnections, GatewaysApart {
        func cut(_ usernames: Set<String>, at service: ServiceID) async throws(EnforcerError) {}
        func settle() async {}
        func connected(to service: ServiceID) async throws(EnforcerError) -> [String] { [] }
        func end(_ grants: Set<GrantID>) async throws(EnforcerError) {}
    }

    private static func directory(_ share: OrderShare, over store: any Store) async throws
        -> ServiceDirectory
    {
        let isServer = share == .butOfGateways
        let directory = ServiceDirectory(
            store: store,
            kinds: ServiceKinds([
                HTTPKind(
                    gateways: isServer ? nil : Gateways(),
                    apart: isServer ? Gateways() : nil
                ),
                IMAPKind(
                    ServiceTools(http: .shared, clock: FixedClock(), entropy: SeededEntropy()) {
                        _ in "a key"
                    }
                ),
            ]),
            share: share,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await directory.reload()
        return directory
    }

    @Test func eachProcessTellsItsOwnServices() async throws {
        let store = try await SQLiteStore.temporary()
        var web = Fixture.service("web", kind: "http", resourceType: "site", clientID: "web")
        web.own = #"{"gateway":{"listen":"127.0.0.1:1","upstream":"http://127.0.0.1:1"}}"#
        try await store.write { [web] tx in
            try tx.save(web)
            try tx.save(Fixture.mail)
        }
        let (own, other) = (web.service.id, Fixture.mail.service.id)
        let gateway = try await Self.directory(.ofGateways, over: store)
        #expect(try await gateway.enforcer(of: own) is GatewayEnforcer)
        #expect(try await gateway.enforcer(of: other) == nil)
        #expect(try gateway.rememberedEnforcer(of: other) == nil)
        let server = try await Self.directory(.butOfGateways, over: store)
        #expect(try await server.enforcer(of: own) == nil, "no lane of it asks there")
        #expect(try server.rememberedEnforcer(of: own) != nil, "it is told of ends")
        #expect(try await server.enforcer(of: other) != nil)
        try await store.close()
    }
}
