import LockboxDomain
import LockboxFixtures
import Testing

/// What may be done only so often within a day.
@Suite struct DailyQuotaTests {
    @Test(arguments: DailyQuota.allCases)
    func thereIsRoomAgainADayAfterTheFirstOfTheLast(_ quota: DailyQuota) throws {
        let few: [DailyQuota: Int] = [
            .invitations: 5, .forgottenPasswords: 5, .provisioningRefusals: 1,
        ]
        #expect(quota.bound >= few[quota] ?? 100)
        try quota.requireRoom(since: nil, at: Fixture.now)
        let again = Fixture.now + .days(1)
        for (before, wait) in [(1, 1), (1000, 1), (1001, 2), (86_400_000, 86_400)]
            as [(Int64, Int64)]
        {
            #expect(throws: Refusal.dailyLimitReached(quota, wait: .seconds(wait))) {
                try quota.requireRoom(
                    since: Fixture.now,
                    at: again + TimeSpan(milliseconds: -before)
                )
            }
        }
        try quota.requireRoom(since: Fixture.now, at: again)
    }

    @Test func wordsSayWhichBoundAndWhenItGoesOn() {
        let refusal = Refusal.dailyLimitReached(.supportRequests, wait: .minutes(90))
        #expect(
            refusal.sentence
                == "You opened \(Limits.supportRequestsPerDay) support requests within a day, which is the limit. "
                + "It goes on in 1 hour 30 minutes."
        )
    }
}
