import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQLite
import LockboxWork
import Testing

/// Of two processes one carries out a lane's work; the other takes over when the first falls silent,
/// and what the first began is void then.
struct LeaseTests {
    /// One process's view of the lane.
    private struct Process: Sendable {
        let time = FixedMonotonicClock()
        let lease: Lease
        let store: AuditedStore

        init(_ number: UInt8, _ store: AuditedStore) {
            self.store = store
            lease = Lease(lane: "mail", holder: Fixture.id(number), time: time)
        }

        /// One look of the lane's loop.
        func claim() async throws -> Claim? {
            try await store.read { [lease] tx, _ in try lease.observe(in: tx) }
            return try await lease.claim(in: store)
        }

        func stands(_ claim: Claim) async throws -> Bool {
            try await store.note { tx, _ in try claim.stands(in: tx) }
        }
    }

    private func with(
        _ body: (Process, Process, AuditedStore) async throws -> Void
    ) async throws {
        let store = try await SQLiteStore.temporary()
        let audited = AuditedStore(store: store, clock: FixedClock(), entropy: SeededEntropy())
        do {
            try await body(Process(1, audited), Process(2, audited), audited)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }

    private func stored(_ store: AuditedStore) async throws -> WorkLease? {
        try await store.read { tx, _ in try tx.workLease(of: "mail") }
    }

    @Test func onlyOneProcessHasTheLane() async throws {
        try await with { one, two, _ async throws in
            let claim = try #require(try await one.claim())
            #expect(try await two.claim() == nil)
            #expect(claim.isGood)
            #expect(try await one.stands(claim))
            #expect(try await one.claim() != nil)
        }
    }

    @Test func aHolderThatRenewsKeepsTheLaneHoweverLong() async throws {
        try await with { one, two, _ async throws in
            for _ in 0..<20 {
                #expect(try await one.claim() != nil)
                #expect(try await two.claim() == nil)
                one.time.advance(by: .seconds(1))
                two.time.advance(by: .seconds(1))
            }
        }
    }

    @Test func aHolderThatFallsSilentIsFollowedAndWhatItBeganIsVoid() async throws {
        try await with { one, two, _ async throws in
            let old = try #require(try await one.claim())
            #expect(try await two.claim() == nil)
            two.time.advance(by: Lease.Limits.silence - .milliseconds(1))
            #expect(try await two.claim() == nil)
            two.time.advance(by: .milliseconds(1))
            let new = try #require(try await two.claim())
            #expect(try await two.stands(new))
            // The first was stopped meanwhile and goes on.
            one.time.advance(by: Lease.Limits.silence)
            #expect(!old.isGood)
            #expect(try await !one.stands(old))
            #expect(try await one.claim() == nil)
        }
    }

    @Test func aHolderStopsBeginningBeforeAnotherMayFollow() async throws {
        try await with { one, _, _ async throws in
            let claim = try #require(try await one.claim())
            one.time.advance(by: Lease.Limits.good)
            #expect(!claim.isGood)
            #expect(Lease.Limits.renewal < Lease.Limits.good)
            #expect(Lease.Limits.good < Lease.Limits.silence)
            // Nobody followed: it goes on under the same epoch.
            #expect(try await one.claim() != nil)
            #expect(claim.isGood)
        }
    }

    @Test func anIdleHolderWritesNothingAndAnotherMayFollow() async throws {
        try await with { one, two, store async throws in
            _ = try await one.claim()
            let before = try await stored(store)
            for process in [one, two] {
                try await store.read { tx, _ in try process.lease.observe(in: tx) }
                process.time.advance(by: .seconds(60))
            }
            #expect(try await stored(store) == before)
            #expect(try await two.claim() != nil)
            #expect(try await one.claim() == nil)
        }
    }

    @Test func ofTwoThatFollowAtOnceOneGetsIt() async throws {
        try await with { one, two, store async throws in
            let dead = Process(3, store)
            _ = try await dead.claim()
            for process in [one, two] {
                #expect(try await process.claim() == nil)
                process.time.advance(by: Lease.Limits.silence)
                try await store.read { tx, _ in try process.lease.observe(in: tx) }
            }
            async let first = one.lease.claim(in: store)
            async let second = two.lease.claim(in: store)
            let claims = try await [first, second]
            #expect(claims.count { $0 != nil } == 1)
        }
    }

    @Test func aReleasedLaneIsFreeAtOnce() async throws {
        try await with { one, two, store async throws in
            let claim = try #require(try await one.claim())
            try await one.lease.release(in: store)
            #expect(!claim.isGood)
            #expect(try await two.claim() != nil)
            // Releasing what another has does nothing.
            let before = try await stored(store)
            try await one.lease.release(in: store)
            #expect(try await stored(store) == before)
        }
    }

    @Test func timeOfDayPlaysNoPart() async throws {
        let store = try await SQLiteStore.temporary()
        let (early, late) = (FixedClock(), FixedClock(Fixture.now + .days(365)))
        let one = Process(
            1,
            AuditedStore(store: store, clock: early, entropy: SeededEntropy())
        )
        let two = Process(
            2,
            AuditedStore(store: store, clock: late, entropy: SeededEntropy())
        )
        #expect(try await one.claim() != nil)
        #expect(try await two.claim() == nil)
        late.advance(by: .days(1))
        #expect(try await two.claim() == nil)
        try await store.close()
    }
}
