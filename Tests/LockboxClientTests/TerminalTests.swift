import LockboxWire
import Testing

@testable import lockbox

@Suite struct TerminalTests {
    @Test func nothingFromAServerCanSteerTheTerminal() {
        let hostile = "a\u{1B}[31mred\u{7}\u{9B}2J\u{202E}x\r\nb\tc\u{2028}d\u{0}"
        let clean = TerminalText.clean(hostile)
        #expect(clean == "a\u{FFFD}[31mred\u{FFFD}\u{FFFD}2J\u{FFFD}x b c\u{FFFD}d\u{FFFD}")
        #expect(TerminalText.clean("a\nb", keepsLines: true) == "a\nb")
        #expect(
            TerminalText.cleanJSON("{\n\"a\":\"\u{9B}é\u{202E}\"}")
                == "{\n\"a\":\"\\u009bé\\u202e\"}"
        )
    }

    @Test func wideAndCombiningCharactersAreMeasured() {
        #expect(TerminalText.width("abc") == 3)
        #expect(TerminalText.width("日本") == 4)
        #expect(TerminalText.width("e\u{301}") == 1)
        #expect(TerminalText.width("👩‍👩‍👧") == 2)
        #expect(TerminalText.cut("日本語", to: 5) == "日本…")
        #expect(TerminalText.cut("abc", to: 3) == "abc")
    }

    @Test func tableColumnsAreAligned() {
        var table = Table("Id", "Name", "What")
        table.add("1", "日本", "x")
        table.add("22", "Bob\u{1B}", "a long tale that goes on")
        #expect(
            table.lines(columns: nil) == [
                "ID  NAME  WHAT", "1   日本  x", "22  Bob\u{FFFD}  a long tale that goes on",
            ]
        )
        #expect(table.lines(columns: 24).allSatisfy { TerminalText.width($0) <= 24 })
    }

    @Test func timesAreToldInUTCAndRelative() {
        let text = "2026-11-23T20:15:00.000Z"
        let instant = TimeText.milliseconds(text) ?? 0
        #expect(instant == 1_795_464_900_000)
        #expect(TimeText.milliseconds("2026-11-23T21:15:00+01:00") == instant)
        #expect(TimeText.milliseconds("yesterday") == nil)
        #expect(TimeText.absolute(text) == "2026-11-23 20:15:00 UTC")
        #expect(TimeText.relative(text, now: instant - 43_080_000) == "in 11 h 58 min")
        #expect(TimeText.relative(text, now: instant + 61_000) == "1 min 1 s ago")
        #expect(TimeText.relative(text, now: instant) == "now")
        #expect(TimeText.duration("P1DT30M") == "1 d 30 min")
        #expect(TimeText.duration("PT0.250S") == "0.250 s")
        #expect(TimeText.duration("nonsense") == "nonsense")
    }

    @Test(arguments: [
        ("2h", "PT2H"), ("90m", "PT90M"), ("1h30m", "PT1H30M"), ("2d", "P2D"), ("1d12h", "P1DT12H"),
        ("45s", "PT45S"),
        ("10min", "PT10M"), ("pt2h", "PT2H"), ("P14D", "P14D"),
    ])
    func durationsAreTyped(typed: String, iso: String) {
        #expect(DurationArgument(argument: typed)?.iso == iso)
    }

    @Test(arguments: ["", "2", "h", "2x", "30m2h", "-2h", "2h2h"])
    func otherDurationsAreRefused(typed: String) {
        #expect(DurationArgument(argument: typed) == nil)
    }

    @Test(arguments: ["P9223372036854775807D", "P106751991167300DT24H", "P99999999999999999999S"])
    func durationThatNobodyCanWaitForHasNoSeconds(typed: String) {
        #expect(DurationArgument(argument: typed)?.seconds == nil)
    }

    @Test func instantsAreTyped() {
        #expect(InstantArgument(argument: "2026-11-23")?.text == "2026-11-23T00:00:00Z")
        #expect(InstantArgument(argument: "2026-11-23T20:15:00Z")?.text == "2026-11-23T20:15:00Z")
        #expect(InstantArgument(argument: "2026-13-23") == nil)
        #expect(InstantArgument(argument: "soon") == nil)
    }

    @Test func resourcesAreTyped() {
        let plain = ResourceArgument(argument: "mailbox:Sue@contoso.test")
        #expect(plain?.id == "mailbox:sue@contoso.test")
        #expect(plain?.service == nil)
        #expect(plain?.actions == nil)
        let full = ResourceArgument(argument: "mail/mailbox:sue@contoso.test:write")
        #expect(full?.service == "mail")
        #expect(full?.id == "mailbox:sue@contoso.test")
        #expect(full?.actions == ["read", "write"])
        #expect(ResourceArgument(argument: "sue") == nil)
        #expect(ResourceArgument(argument: "/mailbox:sue") == nil)
    }

    @Test func approvalOnlyTakesAway() throws {
        let asked = [
            ResourceAccess(service: "mail", id: "mailbox:sue@x", actions: ["read", "write"]),
            ResourceAccess(service: "mail", id: "mailbox:bob@x", actions: ["read"]),
        ]
        func apply(_ typed: [String], readOnly: Bool = false) throws -> [ResourceAccess]? {
            try Narrowing.apply(
                typed.compactMap { ResourceArgument(argument: $0) },
                readOnly: readOnly,
                to: asked
            )
        }
        #expect(try apply([]) == nil)
        #expect(try apply(["mailbox:sue@x"]) == [asked[0]])
        #expect(try apply(["mailbox:sue@x:read"])?[0].actions == ["read"])
        #expect(try apply([], readOnly: true)?.map(\.actions) == [["read"], ["read"]])
        #expect(throws: Failure.self) { try apply(["mailbox:eve@x"]) }
        #expect(throws: Failure.self) { try apply(["mailbox:bob@x:write"]) }
    }

    @Test func waitingEndsWhenTheGoalCannotBeReached() {
        #expect(WaitGoal.active.isReached(by: .awaitingManager) == nil)
        #expect(WaitGoal.active.isReached(by: .scheduled) == nil)
        #expect(WaitGoal.active.isReached(by: .active) == true)
        #expect(WaitGoal.active.isReached(by: .denied) == false)
        #expect(WaitGoal.active.isReached(by: .ended) == false)
        #expect(WaitGoal.decided.isReached(by: .scheduled) == true)
        #expect(WaitGoal.decided.isReached(by: .expired) == false)
        #expect(WaitGoal.ended.isReached(by: .active) == nil)
        #expect(WaitGoal.ended.isReached(by: .ended) == true)
        #expect(WaitGoal.ended.isReached(by: .withdrawn) == false)
    }
}
