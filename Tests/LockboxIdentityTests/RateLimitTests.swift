import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import Testing

/// The arithmetic of the buckets, on a clock that stands where it is put.
struct RateLimitTests {
    private static func refused(_ limit: RateLimit, _ key: String, after milliseconds: Int64)
        -> TimeSpan?
    {
        do {
            try limit.take(key, now: Fixture.now + TimeSpan(milliseconds: milliseconds))
            return nil
        } catch {
            guard case .tooManyAttempts(let wait) = error else { return .zero }
            return wait
        }
    }

    @Test func burstIsAllowedAndThenOneAtATime() {
        let limit = RateLimit(burst: 3, perSecond: 0.5)
        for _ in 0..<3 { #expect(Self.refused(limit, "a", after: 0) == nil) }
        #expect(Self.refused(limit, "a", after: 0) == .seconds(2))
        #expect(Self.refused(limit, "a", after: 1000) == .seconds(1))
        #expect(Self.refused(limit, "a", after: 1999) == .seconds(1))
        #expect(Self.refused(limit, "a", after: 2000) == nil)
        #expect(Self.refused(limit, "a", after: 2000) == .seconds(2))
        // Never more than the burst, however long nobody asked.
        for _ in 0..<3 { #expect(Self.refused(limit, "a", after: 1_000_000) == nil) }
        #expect(Self.refused(limit, "a", after: 1_000_000) == .seconds(2))
    }

    @Test func keysDoNotShareABucket() {
        let limit = RateLimit(burst: 1, perSecond: 1)
        #expect(Self.refused(limit, "a", after: 0) == nil)
        #expect(Self.refused(limit, "b", after: 0) == nil)
        #expect(Self.refused(limit, "a", after: 0) == .seconds(1))
    }

    @Test func clockThatGoesBackGivesNothing() {
        let limit = RateLimit(burst: 1, perSecond: 1)
        #expect(Self.refused(limit, "a", after: 5000) == nil)
        #expect(Self.refused(limit, "a", after: 0) == .seconds(1))
    }

    @Test func manyStrangersDoNotWashAwayASpentBucket() {
        let limit = RateLimit(burst: 2, perSecond: 0.001, keys: 100)
        for _ in 0..<2 { #expect(Self.refused(limit, "guesser", after: 0) == nil) }
        for number in 0..<10_000 { _ = Self.refused(limit, "stranger \(number)", after: 0) }
        #expect(Self.refused(limit, "guesser", after: 0) != nil)
        #expect(limit.count <= 100)
    }

    @Test func strangersWhoSpendTheirBucketsWinBackNoOther() {
        let limit = RateLimit(burst: 2, perSecond: 0.001, keys: 100)
        let spent = (0..<95).map { "guesser \($0)" }
        for key in spent { for _ in 0..<2 { #expect(Self.refused(limit, key, after: 0) == nil) } }
        for number in 0..<1000 {
            for _ in 0..<2 { _ = Self.refused(limit, "stranger \(number)", after: 0) }
        }
        for key in spent { #expect(Self.refused(limit, key, after: 0) != nil, "\(key)") }
        // Where nobody's bucket can be forgotten, all newcomers share one.
        #expect(Self.refused(limit, "newcomer", after: 0) != nil)
        #expect(limit.count <= 101)
        // They are forgotten once they are full again.
        #expect(Self.refused(limit, "newcomer", after: 2_000_000) == nil)
        #expect(limit.count == 1)
    }

    @Test func bucketsThatAreFullAgainAreForgotten() {
        let limit = RateLimit(burst: 1, perSecond: 1, keys: 100)
        for number in 0..<100 { _ = Self.refused(limit, "\(number)", after: 0) }
        #expect(limit.count == 100)
        _ = Self.refused(limit, "another", after: 2000)
        #expect(limit.count == 1)
    }
}
