import LockboxDomain
import LockboxFixtures
import Testing

/// How often a customer can be asked.
@Suite struct AskingHistoryTests {
    private static let none = AskingHistory(
        open: 0,
        waitingAtTenant: 0,
        waitingOnSupportRequest: 0,
        lastDenied: nil
    )

    @Test func belowEveryBoundThereIsRoomAndAtEachThereIsNone() throws {
        var last = Self.none
        last.open = Limits.openRequestsPerEngineer - 1
        last.waitingAtTenant = Limits.waitingRequestsAtTenant - 1
        last.waitingOnSupportRequest = Limits.waitingRequestsOnSupportRequest - 1
        try last.requireRoom(at: Fixture.now)
        let counts: [(WritableKeyPath<AskingHistory, Int>, Refusal.Quota)] = [
            (\.open, .openRequests), (\.waitingAtTenant, .waitingRequestsAtTenant),
            (\.waitingOnSupportRequest, .waitingRequestsOnSupportRequest),
        ]
        for (count, quota) in counts {
            var full = last
            full[keyPath: count] += 1
            #expect(throws: Refusal.limitReached(quota)) {
                try full.requireRoom(at: Fixture.now)
            }
        }
    }

    @Test func afterADenialTheEngineerWaits() throws {
        var denied = Self.none
        denied.lastDenied = Fixture.now
        let again = Fixture.now + Limits.waitAfterDenial
        #expect(throws: Refusal.limitReached(.deniedJustNow)) {
            try denied.requireRoom(at: again + TimeSpan(milliseconds: -1))
        }
        try denied.requireRoom(at: again)
        #expect(Refusal.limitReached(.deniedJustNow).sentence.contains("15 minutes"))
    }
}
