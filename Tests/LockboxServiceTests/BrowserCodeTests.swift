import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxServices
import LockboxTestWorld
import Testing

/// Nothing goes on.
private struct NoGateways: GatewaysApart {
    func end(_ grants: Set<GrantID>) async throws(EnforcerError) {}
}

/// A code lets one browser in once, at one service, for a minute.
struct BrowserCodeTests {
    private static let service = Fixture.mailbox.service

    /// The rules of `world` where its mail service is one behind a gateway.
    private static func lockbox(_ world: TestWorld) async throws -> Lockbox {
        var settings = Fixture.service("mail", kind: "http", doveadm: nil)
        settings.own =
            #"{"address":"https://app.test","gateway":{"listen":"127.0.0.1:1","upstream":"http://127.0.0.1:1"}}"#
        let changed = settings
        try await world.store.write { try $0.save(changed) }
        return Lockbox(
            store: world.audited,
            kinds: ServiceKinds([HTTPKind(apart: NoGateways())]),
            enforcers: NoEnforcers(),
            ends: world.index,
            uses: UseCounts(),
            signing: SigningPlace(
                logPrefix: "lockbox.example",
                webOrigin: "https://lockbox.example",
                entropy: SeededEntropy(seed: 3)
            )
        )
    }

    private static func opening(_ lockbox: Lockbox, _ request: AccessRequest) async throws
        -> BrowserOpening
    {
        try await lockbox.openForBrowser(
            request.id.text,
            service: nil,
            resource: nil,
            by: Fixture.eve,
            key: nil
        )
    }

    private static func withOpening(
        _ body: (TestWorld, Lockbox, AccessRequest, BrowserOpening) async throws -> Void
    ) async throws {
        try await TestWorld.with { world async throws in
            let lockbox = try await lockbox(world)
            let request = try await world.approved()
            try await body(world, lockbox, request, try await opening(lockbox, request))
        }
    }

    @Test func codeIsGoodOnceAndKeptAsAHashOnly() async throws {
        try await Self.withOpening { world, lockbox, _, opening in
            #expect(opening.address == "https://app.test")
            #expect(opening.code.holdsCredential)
            let access = try #require(
                try await lockbox.takeBrowserCode(opening.code, at: Self.service)
            )
            #expect(access.credential == opening.credential)
            let stored = try await world.store.read { tx in
                try tx.credential(secretHash: access.secretHash)
            }
            #expect(stored == opening.credential)
            #expect(try await lockbox.takeBrowserCode(opening.code, at: Self.service) == nil)
            for wrong in ["", "lbc_", opening.code.uppercased()] {
                #expect(try await lockbox.takeBrowserCode(wrong, at: Self.service) == nil)
            }
        }
    }

    @Test func codeIsOverAfterAMinute() async throws {
        try await Self.withOpening { world, lockbox, request, first in
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            let second = try await Self.opening(lockbox, request)
            world.clock.advance(by: TimeSpan(milliseconds: 59_999))
            #expect(try await lockbox.takeBrowserCode(first.code, at: Self.service) == nil)
            #expect(try await lockbox.takeBrowserCode(second.code, at: Self.service) != nil)
        }
    }

    @Test func codeIsOverWithItsAccess() async throws {
        try await Self.withOpening { world, lockbox, request, opening in
            _ = try await lockbox.revoke(request.id.text, comment: nil, by: Fixture.adam, key: nil)
            #expect(try await lockbox.takeBrowserCode(opening.code, at: Self.service) == nil)
        }
        try await Self.withOpening { world, lockbox, request, _ in
            let end = try #require(request.state.grant).end
            world.clock.move(to: end - TimeSpan.seconds(5))
            let last = try await Self.opening(lockbox, request)
            world.clock.advance(by: .seconds(5))
            #expect(try await lockbox.takeBrowserCode(last.code, at: Self.service) == nil)
        }
    }

    @Test func codeShownAtAnotherServiceIsUsedUp() async throws {
        try await Self.withOpening { _, lockbox, _, opening in
            let other = try #require(ServiceID("other"))
            #expect(try await lockbox.takeBrowserCode(opening.code, at: other) == nil)
            #expect(try await lockbox.takeBrowserCode(opening.code, at: Self.service) == nil)
        }
    }

    @Test func twoWhoShowOneCodeAtOnceAreNotBothLetIn() async throws {
        try await Self.withOpening { _, lockbox, _, opening in
            let letIn = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await lockbox.takeBrowserCode(opening.code, at: Self.service) != nil
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(letIn == 1)
        }
    }
}
