import Foundation
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxServices
import LockboxTestWorld
import Logging
import Synchronization
import Testing

@testable import LockboxGateway

/// The server tells gateways of another process of ends; they hold there at once, and for a while.
struct GatewayCallTests {
    /// How often something was cut.
    private final class Cuts: Sendable {
        let count = Mutex(0)
    }

    private static func withGateway(
        _ body: (TestWorld, GatewaySocket, Cuts) async throws -> Void
    ) async throws {
        try await TestWorld.with { world async throws in
            let folder = FileManager.default.temporaryDirectory.path + "/lbx-\(UUID().uuidString)"
            defer {
                try? FileManager.default.removeItem(atPath: folder)  // best effort: tidying up
            }
            let (socket, cuts, pause) = (try GatewaySocket(in: folder), Cuts(), ManualPause())
            let told = EndsTold(
                at: socket,
                index: world.index,
                clock: world.clock,
                pause: pause,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { cuts.count.withLock { $0 += 1 } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await told.run() }
                await pause.untilIdle()
                let outcome: Result<Void, any Error>
                do { outcome = .success(try await body(world, socket, cuts)) } catch {
                    outcome = .failure(error)
                }
                pause.stop()
                try await group.waitForAll()
                try outcome.get()
            }
        }
    }

    @Test func endHoldsAtOnceAndForAWhile() async throws {
        try await Self.withGateway { world, socket, cuts in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            let other = try await world.credential(for: world.approved()).credential
            #expect(world.index.isStillGood(credential))
            try await GatewayCall(to: socket).end([credential.grant])
            #expect(!world.index.isStillGood(credential) && world.index.isStillGood(other))
            #expect(cuts.count.withLock { $0 } == 1)
            // Reading does not take it back while it may not be written down.
            world.clock.move(to: world.clock.now() + EndsTold.held + TimeSpan(milliseconds: -1))
            try await world.index.refresh(reload: true)
            try await world.index.refresh(reload: false)
            #expect(!world.index.isStillGood(credential))
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            try await world.index.refresh(reload: false)
            #expect(world.index.isStillGood(credential), "it was refused")
            #expect(
                try FileManager.default.attributesOfItem(
                    atPath: URL(filePath: socket.path).deletingLastPathComponent().path
                )[.posixPermissions] as? Int == 0o700
            )
        }
    }

    @Test func manyAreToldAtOnce() async throws {
        try await Self.withGateway { world, socket, _ in
            let grants = Set((1...200).map { Fixture.id(UInt8($0)) as GrantID })
            try await GatewayCall(to: socket).end(grants)
        }
    }

    @Test func gatewayThatIsNotThereIsAnError() async throws {
        let socket = try GatewaySocket(in: "/tmp/lbx-nobody")
        await #expect(throws: EnforcerError.self) {
            try await GatewayCall(to: socket).end([Fixture.id(1)])
        }
        #expect(throws: ConfigurationError.self) {
            try GatewaySocket(in: "/tmp/" + String(repeating: "x", count: 100))
        }
    }

    /// What nobody but the process with the connections can know.
    @Test func serverConfirmsNothingForAGatewayApart() async throws {
        var settings = Fixture.service("web", kind: "http", resourceType: "site")
        settings.own = #"{"gateway":{"listen":"127.0.0.1:1","upstream":"http://127.0.0.1:1"}}"#
        let call = GatewayCall(to: try GatewaySocket(in: "/tmp/lbx-nobody"))
        let enforcer = try #require(try HTTPKind(apart: call).enforcer(of: settings))
        let request = try #require(try Fixture.history(to: .active).last)
        await #expect(throws: EnforcerError.self) {
            try await enforcer.close(Fixture.removal(of: request, from: settings.service.id))
        }
        await #expect(throws: EnforcerError.self) { _ = try await enforcer.list() }
    }
}
