import LockboxDomain
import Testing

@Suite("Instants")
struct TimestampTests {
    /// Seconds since the epoch as other calendars give them.
    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:00:00.000Z", 951_825_600_000),
            ("2026-11-23T20:15:00.250Z", 1_795_464_900_250),
            ("2038-01-19T03:14:08.000Z", 2_147_483_648_000),
            ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
            ("2100-02-28T23:59:59.000Z", 4_107_542_399_000),
            ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
            ("1600-02-29T00:00:00.000Z", -11_670_998_400_000),
            ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)]
    )
    func knownInstants(_ text: String, _ milliseconds: Int64) throws {
        #expect(try required(Timestamp(text)).milliseconds == milliseconds)
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test(arguments: [
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00.000Z"),
        ("2026-03-02t09:00:00z", "2026-03-02T09:00:00.000Z"),
        ("2026-03-02T09:00:00.5Z", "2026-03-02T09:00:00.500Z"),
        ("2026-03-02T09:00:00.123456789Z", "2026-03-02T09:00:00.123Z"),
        ("2026-03-02T09:00:00.9999Z", "2026-03-02T09:00:00.999Z"),
        ("2026-03-02T09:00:00+00:00", "2026-03-02T09:00:00.000Z"),
        ("2026-03-02T09:00:00-00:00", "2026-03-02T09:00:00.000Z"),
        ("2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00.000Z"),
        ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000Z"),
        ("2025-12-31T23:30:00-05:45", "2026-01-01T05:15:00.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"),
        ("0001-01-01T00:00:00-23:59", "0001-01-01T23:59:00.000Z"),
    ])
    func formsThatAreRead(_ text: String, _ printed: String) throws {
        #expect(try required(Timestamp(text)).description == printed)
    }

    @Test(arguments: [
        "", "now", "2026-03-02", "2026-03-02T09:00:00", "2026-03-02T09:00:00.000",
        "2026-03-02 09:00:00Z",
        "2026-03-02T09:00Z", "2026-03-02T09:00:00 Z", " 2026-03-02T09:00:00Z",
        "2026-03-02T09:00:00Z ",
        "2026-03-02T09:00:00Z\0", "2026-3-2T09:00:00Z", "26-03-02T09:00:00Z",
        "02026-03-02T09:00:00Z",
        "-2026-03-02T09:00:00Z", "+2026-03-02T09:00:00Z", "0000-01-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2026-03-02T24:00:00Z", "2026-03-02T09:60:00Z", "2026-03-02T23:59:60Z",
        "2016-12-31T23:59:60Z",
        "2026-03-02T09:00:00.Z", "2026-03-02T09:00:00,5Z", "2026-03-02T09:00:00.1234567890Z",
        "2026-03-02T09:00:00+1:00", "2026-03-02T09:00:00+0100", "2026-03-02T09:00:00+24:00",
        "2026-03-02T09:00:00+01:60", "2026-03-02T09:00:00+01", "2026-03-02T09:00:00CET",
        "1772442000",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "２０２６-03-02T09:00:00Z",
        "٢٠٢٦-03-02T09:00:00Z",
    ])
    func everythingElseIsRefused(_ text: String) { #expect(Timestamp(text) == nil) }

    /// Counts days one by one, which no clever formula can get wrong in the same way.
    @Test func everyYearBeginsAndEndsWhereCountingSaysSo() throws {
        var day: Int64 = -719_162
        for year in 1...9999 {
            let leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
            let digits = String(String(10_000 + year).dropFirst())
            let marks: [(String, Int64)] = [
                ("01-01", 0), ("02-28", 58), (leap ? "02-29" : "03-01", 59),
                ("03-01", leap ? 60 : 59),
                ("12-31", leap ? 365 : 364),
            ]
            for (mark, offset) in marks {
                let text = "\(digits)-\(mark)T00:00:00.000Z"
                let instant = Timestamp(milliseconds: (day + offset) * 86_400_000)
                guard Timestamp(text) == instant, instant.description == text else {
                    Issue.record("\(text) is \(instant)")
                    return
                }
            }
            #expect((Timestamp("\(digits)-02-29T00:00:00Z") != nil) == leap)
            day += leap ? 366 : 365
        }
    }

    @Test(arguments: [
        ("2026-11-23", 1), ("2000-01-01", 6), ("1970-01-01", 4), ("1969-12-31", 3),
        ("0001-01-01", 1),
        ("9999-12-31", 5), ("2024-02-29", 4), ("1900-01-01", 1), ("2023-10-01", 0),
    ])
    func weekdays(_ date: String, _ weekday: Int) throws {
        #expect(try required(Timestamp("\(date)T12:00:00Z")).civil.date.weekday == weekday)
    }

    @Test func whatIsPrintedIsReadBack() throws {
        var chance = SeededChance(seed: 20_261_123)
        for _ in 0..<20_000 {
            let instant = Timestamp(
                milliseconds: .random(
                    in: Timestamp.earliest.milliseconds...Timestamp.latest.milliseconds,
                    using: &chance
                )
            )
            #expect(Timestamp(instant.description) == instant)
        }
    }

    @Test func theOrderOfTextsIsTheOrderOfInstants() {
        var chance = SeededChance(seed: 7)
        let instants = (0..<2000).map { _ in
            Timestamp(
                milliseconds: .random(
                    in: Timestamp.earliest.milliseconds...Timestamp.latest.milliseconds,
                    using: &chance
                )
            )
        }
        #expect(instants.sorted().map(\.description) == instants.map(\.description).sorted())
    }

    @Test func sumsSaturateAndNeverWrapIntoThePast() {
        #expect(Timestamp.latest + millisecond == .latest)
        #expect(Timestamp.latest + TimeSpan(milliseconds: .max) == .latest)
        #expect(Timestamp.earliest + TimeSpan(milliseconds: -1) == .earliest)
        #expect(Timestamp.earliest + TimeSpan(milliseconds: .min) == .earliest)
        #expect(morning + .hours(1) - .hours(1) == morning)
        #expect(Timestamp.earliest - millisecond == .earliest)
        #expect(morning - TimeSpan(milliseconds: .max) == .earliest)
        #expect(morning - TimeSpan(milliseconds: .min) == .latest)
        #expect(morning + TimeSpan(milliseconds: .max) == .latest)
        #expect(morning + TimeSpan(milliseconds: .min) == .earliest)
        #expect(Timestamp(milliseconds: .max) == .latest)
        #expect(Timestamp(milliseconds: .min) == .earliest)
        #expect(
            Timestamp.latest - Timestamp.earliest == TimeSpan(milliseconds: 315_537_897_599_999)
        )
    }

    @Test(
        arguments: [(0, 0), (999, 0), (1000, 1), (-1, -1), (-1000, -1), (-1001, -2)]
            as [(Int64, Int64)]
    )
    func secondsAreRoundedDown(_ milliseconds: Int64, _ seconds: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).secondsSinceEpoch == seconds)
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededChance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
