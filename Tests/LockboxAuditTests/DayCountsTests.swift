import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxAudit

/// Exports leave no row behind, and are counted all the same.
struct DayCountsTests {
    @Test func bothBoundsHoldAndGoOnADayLater() throws {
        let counts = DayCounts()
        func add(_ whose: String, after span: TimeSpan = .zero) throws {
            try counts.add([(.exports, whose), (.exportsOfLog, "log")], at: Fixture.now + span)
        }
        let readers = Limits.exportsOfLogPerDay / Limits.exportsPerDay
        for reader in 1...readers {
            for _ in 0..<Limits.exportsPerDay { try add("\(reader)") }
            #expect(throws: Refusal.dailyLimitReached(.exports, wait: .hours(23))) {
                try add("\(reader)", after: .hours(1))
            }
        }
        #expect(throws: Refusal.dailyLimitReached(.exportsOfLog, wait: .hours(22))) {
            try add("another", after: .hours(2))
        }
        try counts.add([(.exports, "another"), (.exportsOfLog, "other")], at: Fixture.now)
        // What was refused was not counted, and what is over is forgotten.
        #expect(counts.count == 2 * Limits.exportsOfLogPerDay + 2)
        try add("1", after: .days(1))
        #expect(counts.count == 2)
    }

    @Test func writeThatIsRunAgainCountsOnceAndOneThatFailsDoesNot() throws {
        let counts = DayCounts()
        let count = DayCount(in: counts)
        for _ in 0..<3 { try count.add([(.settings, "a"), (.exports, "a")], at: Fixture.now) }
        #expect(counts.count == 2)
        try DayCount(in: counts).add([(.settings, "a")], at: Fixture.now)
        for _ in 0..<2 { count.takeBack() }
        #expect(counts.count == 1)
    }

    @Test func exportThatIsRefusedTakesNoPlace() async throws {
        try await AuditWorld.with { world in
            let reader = try world.reader()
            func place(_ log: LogID) throws {
                _ = try reader.exportPlace(of: log, for: Fixture.uma.id, at: Fixture.now)
            }
            for _ in 0..<Limits.exportsPerDay { try place(AuditWorld.contoso) }
            for _ in 0..<AuditLimits.searches.each + 1 {
                #expect(throws: Refusal.dailyLimitReached(.exports, wait: .days(1))) {
                    try place(AuditWorld.contoso)
                }
            }
            // A search is none.
            _ = try reader.place(for: Fixture.uma.id)
        }
    }
}
