import Testing

@testable import LockboxApprovals

struct LogTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", 0 as Int64?), ("2000-02-29T12:00:00.001Z", 951_825_600_001),
        ("2026-11-28T03:20:11.000Z", 1_795_836_011_000), ("1969-12-31T23:59:59.999Z", -1),
        ("2026-02-29T00:00:00.000Z", nil), ("2026-11-28T03:20:11Z", nil),
        ("2026-11-28t03:20:11.000Z", nil), ("2026-11-28T24:00:00.000Z", nil), ("", nil),
    ]) func instantIsReadInTheOneSpellingThatTheLogHas(text: String, expected: Int64?) {
        #expect(LogTime.instant(text) == expected)
    }

    @Test(arguments: [
        ("PT1H", 3_600_000 as Int64?), ("P1DT2H3M4.005S", 93_784_005), ("PT0S", 0),
        ("P1D", 86_400_000), ("P", nil), ("PT", nil), ("PT1D", nil), ("P1H", nil), ("PT1S1M", nil),
        ("-PT1H", nil), ("PT1.5S", nil), ("P1DT", nil),
    ]) func spanIsReadInItsOrder(text: String, expected: Int64?) {
        #expect(LogTime.span(text) == expected)
    }
}
