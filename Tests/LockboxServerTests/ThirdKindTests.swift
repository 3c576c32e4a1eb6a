import AsyncHTTPClient
import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxStoreSQLite
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import LockboxServer

/// A kind of service more is a line more in the list of kinds: its resource is requested, opened,
/// introspected and closed, and nothing else of the world knows of it.
struct ThirdKindTests {
    @Test(.timeLimit(.minutes(5)))
    func resourceOfANewKindIsRequestedOpenedIntrospectedAndClosed() async throws {
        try await Running.with { running async throws in
            let request = try await running.approved()
            let issued = try await running.credential(for: request)
            #expect(issued.connecting.how == "Go down and say the token.")
            #expect(running.doors.opened == [issued.credential.username])

            let said = try await running.introspect(issued.secret)
            #expect(said["active"] as? Bool == true)
            #expect(said["scope"] as? String == "vault read")
            #expect(said["box"] as? String == "7")
            #expect(said["username"] as? String == issued.credential.username)
            #expect(said["mailbox"] == nil)

            let view = try await running.server.lockbox.revoke(
                request.text,
                comment: nil,
                by: running.person("gita"),
                key: nil
            )
            #expect(view.endOfConnections.areAllCut)
            try await running.until { try await running.removals(of: request) == [.confirmed] }
            #expect(running.doors.opened.isEmpty)
            #expect(try await running.introspect(issued.secret).count == 1)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func credentialThatTheServiceDoesNotOpenIsShownToNobody() async throws {
        try await Running.with { running async throws in
            let request = try await running.approved()
            running.doors.jam(true)
            await #expect(throws: EnforcerError("the door is stuck")) {
                try await running.credential(for: request)
            }
            running.doors.jam(false)
            let issued = try await running.credential(for: request)
            #expect(running.doors.opened == [issued.credential.username])
        }
    }

    /// A slow service opens when the removal is confirmed already.
    @Test(.timeLimit(.minutes(5)))
    func openingThatOutlastsTheAccessIsClosedAndItsSecretShownToNobody() async throws {
        try await Running.with { running async throws in
            let request = try await running.approved()
            running.doors.meanwhile {
                do {
                    _ = try await running.server.lockbox.revoke(
                        request.text,
                        comment: nil,
                        by: running.person("gita"),
                        key: nil
                    )
                    try await running.until {
                        try await running.removals(of: request) == [.confirmed]
                    }
                } catch {
                    Issue.record(error)
                }
            }
            await #expect(throws: Refusal.accessNotActive(.ended)) {
                try await running.credential(for: request)
            }
            #expect(running.doors.opened.isEmpty)
        }
    }

    @Test func keysOfTheKindAreItsOwnAndStrict() throws {
        let folder = try Folder()
        let kinds = ServiceKinds([VaultKind(doors: VaultDoors())])
        for (line, problem) in [
            ("vault: { floor: 12 }", "services[0].vault.floor: must be 0 to 9"),
            ("vault: { flor: 1 }", "services[0].vault.flor: is not a known key; known are floor"),
            (
                "removal: {}",
                "services[0].removal: is not a known key; "
                    + "known are id, kind, resources, introspection, vault"
            ),
        ] {
            let text = "services:\n  - id: deep\n    kind: vault\n    resources: box\n    \(line)\n"
            let path = try folder.write(text, to: "directory.yaml")
            let said = try complaint(in: folder) {
                _ = try DirectoryFile.load(path: path, kinds: kinds)
            }
            #expect(said == "directory.yaml, line 5: \(problem)")
        }
    }
}

/// The whole server on a free port, with the kinds of the product and one more.
private struct Running {
    let server: Server
    let store: SQLiteStore
    let doors: VaultDoors
    let url: String

    private static let directory = """
        provider:
          name: Example Cloud
          people:
            - { email: eve@example-cloud.test, name: Eve Park, roles: [engineer] }
            - { email: mark@example-cloud.test, name: Mark Lee, roles: [manager] }
        tenants:
          - id: contoso
            name: Contoso Ltd
            licence: { lockbox: true }
            people:
              - { email: sue@contoso.test, name: Sue Reyes, roles: [member] }
              - { email: gita@contoso.test, name: Gita Rao, roles: [admin] }
            resources:
              - { service: deep, id: "box:7" }
        services:
          - id: deep
            kind: vault
            resources: box
            introspection: { clientID: deep, clientSecretFile: secret }
            vault: { floor: 3 }

        """

    static func with(_ body: (Running) async throws -> Void) async throws {
        let folder = try Folder()
        try folder.write("the vault's secret\n", to: "secret")
        try folder.write(String(repeating: "5a", count: 32), to: "signing.key")
        let file = try folder.write(directory, to: "directory.yaml")
        let configuration = try Configuration.load(
            path: folder.write(
                """
                listen: 127.0.0.1:0
                publicURL: https://lockbox.example.test
                database: sqlite:lockbox.db
                mail: file:mail
                signing: { keyFile: signing.key }

                """,
                to: "lockbox.yaml"
            ),
            environment: [:]
        )
        let store = try await SQLiteStore.open(path: configuration.database)
        let doors = VaultDoors()
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = try Server(
            configuration,
            store: store,
            mailer: NoMail(),
            clock: SystemClock(),
            entropy: SystemEntropy(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            kinds: { standardKinds($0) + [VaultKind(doors: doors)] },
            onListening: { port.yield($0[.everybody] ?? 0) }
        )
        _ = try await server.lockbox.apply(
            try DirectoryFile.load(path: file, kinds: server.kinds)
        )
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: Serving(server: server))],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        async let running: Void = group.run()
        // Asked to stop, as by SIGTERM: loops of the server do not end otherwise.
        do {
            for await port in ports.prefix(1) {
                let url = "http://127.0.0.1:\(port)"
                try await body(Running(server: server, store: store, doors: doors, url: url))
            }
        } catch {
            await group.triggerGracefulShutdown()
            try await running
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running
        try await store.close()
        withExtendedLifetime(folder) {}
    }

    func person(_ name: String) async throws -> Person {
        let side: Side = ["eve", "mark"].contains(name) ? .provider : .tenant(Fixture.contoso.id)
        let people = try await store.read { try $0.people(at: side) }
        return try #require(people.first { $0.email.text.hasPrefix("\(name)@") })
    }

    /// A request for the box that both sides agreed to.
    func approved() async throws -> AccessRequestID {
        let lockbox = server.lockbox
        let support = try await lockbox.openSupportRequest(
            SupportDraft(
                tenant: "contoso",
                subject: "The box is stuck",
                description: "It does not open.",
                service: nil,
                number: nil,
                url: nil
            ),
            by: person("sue"),
            key: nil
        ).support
        let view = try await lockbox.submit(
            RequestDraft(
                tenant: "contoso",
                supportRequest: support.number.text,
                reason: "To look at the box that is stuck.",
                duration: .hours(1),
                resources: [.init(service: "deep", id: "box:7", actions: ["read"])],
                notBefore: nil
            ),
            by: person("eve"),
            key: nil
        )
        for (version, name) in [(1, "mark"), (2, "gita")] {
            _ = try await lockbox.decide(
                DecisionDraft(approves: true, comment: nil, duration: nil, resources: nil),
                on: view.request.id.text,
                version: version,
                by: person(name),
                key: nil
            )
        }
        return view.request.id
    }

    func credential(for request: AccessRequestID) async throws -> IssuedCredential {
        try await server.lockbox.issueCredential(
            for: request.text,
            service: nil,
            resource: nil,
            by: person("eve"),
            key: nil
        )
    }

    /// What the service learns of a credential.
    func introspect(_ token: String) async throws -> [String: Any] {
        var request = HTTPClientRequest(url: url + "/oauth2/introspect")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(
            ByteBuffer(
                string: "client_id=deep&client_secret=the+vault%27s+secret&token=\(token)"
            )
        )
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        #expect(response.status == .ok)
        let body = try await response.body.collect(upTo: 1 << 16)
        let json = try JSONSerialization.jsonObject(with: Data(body.readableBytesView))
        return try #require(json as? [String: Any])
    }

    func removals(of request: AccessRequestID) async throws -> [Removal.Progress] {
        try await store.read { try $0.removals(of: request).map(\.progress) }
    }

    /// Looks until it is so, but not for ever.
    func until(_ condition: () async throws -> Bool) async throws {
        for _ in 0..<1_000_000 {
            if try await condition() { return }
            try Task.checkCancellation()
            await Task.yield()
        }
        Issue.record("it did not come to that")
    }
}

/// The server as a service that can be asked to stop.
private struct Serving: Service {
    let server: Server

    func run() async throws { try await server.run() }
}

/// Letters go nowhere.
private struct NoMail: Mailer {
    func send(_ letter: Letter, while mayGo: @escaping @Sendable () -> Bool)
        async throws(MailError) -> MailReceipt
    {
        MailReceipt(reply: "")
    }
}
