import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxAudit

/// What is known of the writing of this process.
struct WriteHealthTests {
    private struct Refused: Error {}

    @Test func whatARuleRefusesSaysNothingAboutWriting() async throws {
        let health = WriteHealth(time: FixedMonotonicClock())
        await #expect(throws: StoreError.self) {
            try await health.watch { throw StoreError.unavailable("the disk is full") }
        }
        await #expect(throws: Refused.self) { try await health.watch { throw Refused() } }
        #expect(health.report.failuresInARow == 1)
        #expect(health.report.failingFor != nil && health.report.problem == "the disk is full")
        #expect(health.sinceSuccess == nil && !health.isGood)
        #expect(health.report.waitingFor == nil)

        try await health.watch {}
        #expect(health.isGood && health.report.failures == 1 && health.sinceSuccess != nil)
    }
}
