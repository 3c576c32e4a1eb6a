import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Uses that are counted in memory after one that is durable.
struct UseCountsTests {
    private static func counts(of request: AccessRequest, in world: TestWorld) async throws -> [Int]
    {
        try await world.lockbox.request(request.id.text, by: Fixture.adam).uses.map(\.count)
    }

    @Test func usesAfterTheFirstAreWrittenLaterWithTheirOwnTimes() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            let first = world.clock.now()
            #expect(try await world.lockbox.recordUse(of: credential))
            for _ in 0..<3 {
                world.clock.advance(by: TimeSpan(milliseconds: 100))
                #expect(try await world.lockbox.recordUse(of: credential))
            }
            let last = world.clock.now()
            #expect(try await Self.counts(of: request, in: world) == [1])
            world.clock.advance(by: .minutes(1))
            try await world.lockbox.writeUses()
            let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.uses.map(\.count) == [4])
            #expect(view.uses.map(\.first) == [first] && view.uses.map(\.last) == [last])
            try await world.lockbox.writeUses()
            #expect(try await Self.counts(of: request, in: world) == [4])
        }
    }

    @Test func whatHasWaitedForTooLongLetsNothingBeCounted() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            for _ in 0..<2 { #expect(try await world.lockbox.recordUse(of: credential)) }
            world.clock.advance(by: TimeSpan(milliseconds: UseCounts.bound.milliseconds + 1))
            // Written at once; the one that waits is still to come.
            #expect(try await world.lockbox.recordUse(of: credential))
            #expect(try await Self.counts(of: request, in: world) == [2])
            try await world.lockbox.writeUses()
            #expect(try await Self.counts(of: request, in: world) == [3])
        }
    }

    @Test func recordOfTheEndCountsThemAll() async throws {
        try await TestWorld.with { world async throws in
            let (revoked, over) = (try await world.approved(), try await world.approved())
            for request in [revoked, over] {
                let credential = try await world.credential(for: request).credential
                for _ in 0..<5 { #expect(try await world.lockbox.recordUse(of: credential)) }
            }
            _ = try await world.lockbox.revoke(
                revoked.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            let credential = try await world.credential(for: over).credential
            for _ in 0..<2 { #expect(try await world.lockbox.recordUse(of: credential)) }
            world.clock.advance(by: .hours(8))
            _ = try await world.lockbox.expireDue()
            let ends = try await world.entries().filter { $0.activity == "access.ended" }
                .map { String(decoding: $0.bytes, as: UTF8.self) }
            #expect(ends.count == 2)
            #expect(ends.first?.contains(#""operations":5,"#) == true)
            #expect(ends.last?.contains(#""operations":7,"#) == true)
            try await world.expectConsistentLogs()
        }
    }

    @Test func nothingIsCountedOnceAccessHasEnded() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            for _ in 0..<2 { #expect(try await world.lockbox.recordUse(of: credential)) }
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            #expect(try await world.lockbox.recordUse(of: credential) == false)
            try await world.lockbox.writeUses()
            #expect(try await Self.counts(of: request, in: world) == [2])
        }
    }

    @Test func noUseIsAcceptedWhereNoneCouldBeWritten() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            for _ in 0..<2 { #expect(try await world.lockbox.recordUse(of: credential)) }
            world.clock.step(by: .hours(1))
            await #expect(throws: (any Error).self) {
                try await world.lockbox.recordUse(of: credential)
            }
            await #expect(throws: (any Error).self) { try await world.lockbox.writeUses() }
            world.clock.step(by: nil)
            // What could not be written was kept.
            try await world.lockbox.writeUses()
            #expect(try await Self.counts(of: request, in: world) == [2])
        }
    }
}
