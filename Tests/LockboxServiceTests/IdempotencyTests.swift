import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// A retry under the same key finds the first outcome instead of doing it twice.
struct IdempotencyTests {
    private static func key(_ name: String = "k1", _ payload: UInt8 = 1) -> CommandKey {
        CommandKey(key: name, payloadHash: [UInt8](repeating: payload, count: 32))
    }

    @Test func sameKeyGivesTheSameRequestOnce() async throws {
        try await TestWorld.with { world async throws in
            let first = try await world.lockbox.submit(
                TestWorld.draft(),
                by: Fixture.eve,
                key: Self.key()
            )
            let size = try await world.entries().count
            let again = try await world.lockbox.submit(
                TestWorld.draft(),
                by: Fixture.eve,
                key: Self.key()
            )
            #expect(again.request == first.request)
            #expect(try await world.entries().count == size)
            let other = try await world.lockbox.submit(
                TestWorld.draft(),
                by: Fixture.eve,
                key: Self.key("k2")
            )
            #expect(other.request.id != first.request.id)
            // Keys are each person's own.
            let hers = try await world.lockbox.submit(
                TestWorld.draft(),
                by: Fixture.max,
                key: Self.key()
            )
            #expect(hers.request.id != first.request.id)
            try await world.expectConsistentLogs()
        }
    }

    @Test func concurrentRetriesDoItOnce() async throws {
        try await TestWorld.with { world async throws in
            let ids = try await withThrowingTaskGroup(of: AccessRequestID.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        try await world.lockbox.submit(
                            TestWorld.draft(),
                            by: Fixture.eve,
                            key: Self.key()
                        ).request.id
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(
                try await world.entries().filter { $0.activity == "request.submitted" }.count == 1
            )
        }
    }

    @Test func sameKeyForSomethingElseIsRefused() async throws {
        try await TestWorld.with { world async throws in
            _ = try await world.lockbox.submit(TestWorld.draft(), by: Fixture.eve, key: Self.key())
            let refusal = try await world.refusal {
                _ = try await world.lockbox.submit(
                    TestWorld.draft { $0.duration = .hours(1) },
                    by: Fixture.eve,
                    key: Self.key("k1", 2)
                )
            }
            #expect(refusal == .keyReused)
        }
    }

    @Test func refusedCommandLeavesItsKeyUnused() async throws {
        try await TestWorld.with { world async throws in
            _ = try await world.refusal {
                _ = try await world.lockbox.submit(
                    TestWorld.draft { $0.tenant = "nobody" },
                    by: Fixture.eve,
                    key: Self.key()
                )
            }
            let made = try await world.lockbox.submit(
                TestWorld.draft(),
                by: Fixture.eve,
                key: Self.key("k1", 2)
            )
            #expect(made.request.version == 1)
        }
    }

    @Test func decisionRetriedAnswersWithTheRequestAsItIsNow() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.submitted()
            func approve() async throws -> RequestView {
                try await world.lockbox.decide(
                    TestWorld.yes,
                    on: request.id.text,
                    version: 1,
                    by: Fixture.mark,
                    key: Self.key()
                )
            }
            let first = try await approve()
            let again = try await approve()
            #expect(first.request == again.request)
            #expect(again.request.decisions.count == 1)
            world.clock.advance(by: .hours(12))
            #expect(try await approve().request.state.name == .expired)
        }
    }

    @Test func supportRequestRetriedIsTheSame() async throws {
        try await TestWorld.with { world async throws in
            let draft = SupportDraft(
                tenant: "contoso",
                subject: "Help",
                description: "Please.",
                service: "mail",
                number: nil,
                url: nil
            )
            let first = try await world.lockbox.openSupportRequest(
                draft,
                by: Fixture.sue,
                key: Self.key()
            )
            let again = try await world.lockbox.openSupportRequest(
                draft,
                by: Fixture.sue,
                key: Self.key()
            )
            #expect(first.support == again.support)
            let other = try await world.lockbox.openSupportRequest(draft, by: Fixture.sue, key: nil)
            #expect(other.support.number != first.support.number)
        }
    }

    @Test func credentialRetriedIsRefusedAndShowsNoSecret() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            func issue() async throws -> IssuedCredential {
                try await world.lockbox.issueCredential(
                    for: request.id.text,
                    service: nil,
                    resource: nil,
                    by: Fixture.eve,
                    key: Self.key()
                )
            }
            let first = try await issue()
            let refusal = try await world.refusal { _ = try await issue() }
            #expect(refusal == .alreadyExists(.credential))
            #expect(!refusal.sentence.contains(first.secret))
            let kept = try await world.store.read { tx in
                try tx.credentials(of: first.credential.grant)
            }
            #expect(kept == [first.credential])
        }
    }

    @Test func retryAfterTheCallerWasSwitchedOffIsNotAnswered() async throws {
        try await TestWorld.with { world async throws in
            _ = try await world.lockbox.submit(TestWorld.draft(), by: Fixture.eve, key: Self.key())
            try await world.store.write { tx in
                var eve = Fixture.eve
                eve.isDisabled = true
                try tx.save(eve)
            }
            let refusal = try await world.refusal {
                _ = try await world.lockbox.submit(
                    TestWorld.draft(),
                    by: Fixture.eve,
                    key: Self.key()
                )
            }
            #expect(refusal == .notSignedIn)
        }
    }
}
