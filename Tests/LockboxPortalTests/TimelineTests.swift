import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import LockboxService
import Testing

@testable import LockboxPortal

/// Where the picture of access draws what, and what it says of it.
struct TimelineTests {
    /// Monday, 09:00 UTC: seven days begin on Tuesday before, at midnight.
    private let now = Fixture.now

    private func entry(
        _ start: Timestamp,
        _ end: Timestamp,
        _ phase: TimelineEntry.Phase = .ended,
        in lane: String = "sue@contoso.test",
        by engineer: String = "Eve Park",
        request: String = "LBX-1",
        used: [(Timestamp, Timestamp)] = []
    ) -> TimelineEntry {
        TimelineEntry(
            lane: .init(key: lane, name: lane, search: lane),
            subject: engineer,
            detail: engineer,
            request: request,
            createdAt: start,
            start: start,
            end: end,
            phase: phase,
            uses: used.map { first, last in
                CredentialUse(
                    credential: Fixture.id(1),
                    resource: Fixture.mailbox,
                    first: first,
                    last: last,
                    count: 2
                )
            }
        )
    }

    private func ago(_ span: TimeSpan) -> Timestamp { now - span }

    private func timeline(
        _ entries: [TimelineEntry],
        _ span: TimelineSpan = .week,
        only: String? = nil,
        skip: Int = 0,
        since: Timestamp? = nil,
        _ days: ReaderDays = .utc
    ) -> Timeline {
        var choice = TimelineChoice()
        (choice.span, choice.only, choice.skip) = (span, only, skip)
        let side = Side.tenant(Fixture.contoso.id)
        return Timeline(entries, choice, side: side, since: since, now: now, days)
    }

    @Test func nothingIsSaidInWords() {
        for (span, words) in zip(TimelineSpan.allCases, ["24 hours", "7 days", "30 days"]) {
            let empty = timeline([], span)
            #expect(empty.lanes.isEmpty)
            #expect(empty.emptyWords == "Nobody had access in the last \(words).")
        }
    }

    @Test func dayHasASeventhOfTheWidth() {
        let ticks = timeline([]).ticks
        #expect(ticks.map(\.upper) == ["Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon"])
        #expect(ticks.map(\.lower) == ["17", "18", "19", "20", "21", "22", "23"])
        #expect(ticks[1].tickX == "14.28%")
        #expect(ticks.map(\.isToday) == [false, false, false, false, false, false, true])
    }

    @Test(arguments: TimelineSpan.allCases)
    func linesFitAPhone(_ span: TimelineSpan) {
        #expect((4...8).contains(timeline([], span).ticks.count))
    }

    /// On 25 October the clocks of Berlin went back at three.
    @Test func daysAreThoseOfTheReader() throws {
        let berlin = ReaderDays(try #require(TimeZone(identifier: "Europe/Berlin")))
        let start = TimelineSpan.month.start(now, berlin)
        #expect(start.description == "2026-10-24T22:00:00.000Z")
        #expect(berlin.midnight(of: start, plus: 1).description == "2026-10-25T23:00:00.000Z")
        let named = try #require(Timestamp("2026-10-26T00:00:00Z"))
        #expect(berlin.midnight(ofDayInUTC: named).description == "2026-10-25T23:00:00.000Z")
        #expect(timeline([], .month, berlin).periodWords.contains("Europe/Berlin"))
        #expect(timeline([]).periodWords.contains("Days are of UTC."))
    }

    @Test func barIsWhereItsTimeIsAndLeadsToItsRequest() throws {
        let bar = try #require(
            timeline([entry(ago(.hours(33)), ago(.hours(9)))]).lanes.first?.bars.first
        )
        #expect(bar.place == 10_000 * 5 / 7..<10_000 * 6 / 7)
        #expect(bar.tone == "ended" && bar.barCount == nil)
        #expect(bar.barLink == "/lockbox/LBX-1")
        #expect(
            bar.barTitle
                == "Eve Park, Sun 22 Nov 2026, 00:00 UTC to Mon 23 Nov 2026, 00:00 UTC, ended, "
                + "not used"
        )
    }

    @Test(arguments: [TimeSpan.minutes(1), .hours(20), .days(9)])
    func openAccessEndsAtNow(_ age: TimeSpan) throws {
        let open = timeline([entry(ago(age), now + .hours(2), .open)])
        let bar = try #require(open.lanes.first?.bars.first)
        // Six whole days and nine hours of seven days.
        #expect(bar.place.upperBound == 10_000 * (6 * 24 + 9) / (7 * 24))
        #expect(bar.place.count >= TimelineAxis.leastWidth)
        #expect(open.nowX == "91.07%" && bar.tone == "open")
        #expect(open.lanes[0].laneWords == "open now · 1 access · not used")
    }

    @Test(arguments: TimelineSpan.allCases)
    func nothingLeavesThePicture(_ span: TimelineSpan) {
        let spans: [(TimeSpan, TimeSpan)] = [
            (.days(130), .hours(2)), (.days(100), .hours(153)), (.days(30), .hours(153)),
            (.days(30), .days(1)), (.seconds(2), .seconds(1)),
        ]
        var entries = spans.map { from, to in
            entry(ago(from), ago(to), used: [(ago(from), ago(to))])
        }
        entries.append(entry(ago(.days(12)), now + .hours(1), .open, used: [(ago(.days(12)), now)]))
        for (from, to) in [(TimeSpan.hours(1), TimeSpan.hours(2)), (.days(2), .days(3))] {
            entries.append(entry(now + from, now + to, .scheduled))
        }
        entries.append(entry(now + .days(29), now + .days(30), .scheduled))
        for bar in timeline(entries, span).lanes.flatMap(\.bars) {
            #expect(bar.place.lowerBound >= 0 && bar.place.upperBound <= 10_000)
            #expect(!bar.place.isEmpty)
        }
    }

    @Test func whatWasOverBeforeIsLeftOut() {
        #expect(timeline([entry(ago(.days(9)), ago(.days(8)))]).lanes.isEmpty)
        #expect(timeline([entry(ago(.days(9)), ago(.days(8)))], .month).lanes.count == 1)
    }

    @Test func whatMayStillBeOpenReachesToNowHoweverLongAgoItEnded() throws {
        let timeline = timeline([entry(ago(.days(9)), ago(.days(8)), .unconfirmed)])
        let bar = try #require(timeline.lanes.first?.bars.first)
        let now = try #require(
            self.timeline([entry(ago(.hours(1)), self.now, .open)]).lanes.first?.bars.first
        )
        #expect(bar.place == 0..<now.place.upperBound && timeline.showsUnconfirmed)
    }

    /// Their list reads them as days of the reader.
    @Test func daysInTheAddressOfABarAreTheReaders() throws {
        let night = try #require(Timestamp("2026-11-22T23:30:00Z"))
        let entries = [
            entry(night - .hours(3), now, .open, request: "LBX-1"),
            entry(night, now, .open, request: "LBX-2"),
        ]
        let berlin = ReaderDays(try #require(TimeZone(identifier: "Europe/Berlin")))
        let there = try #require(timeline(entries, .week, berlin).lanes.first?.bars.first)
        #expect(there.barLink.hasSuffix("&from=2026-11-22&to=2026-11-23"))
        let here = try #require(timeline(entries).lanes.first?.bars.first)
        #expect(here.barLink.hasSuffix("&from=2026-11-22&to=2026-11-22"))
    }

    @Test func accessThatOverlapsIsOneBarWithACountAndLeadsToAllOfIt() throws {
        let lane = try #require(
            timeline([
                entry(ago(.hours(60)), ago(.hours(40)), request: "LBX-1"),
                entry(ago(.hours(50)), ago(.hours(30)), by: "Max Low", request: "LBX-2"),
                entry(ago(.hours(4)), ago(.hours(2)), request: "LBX-3"),
            ]).lanes.first
        )
        #expect(lane.bars.map(\.barCount) == ["2", nil])
        #expect(lane.bars[0].rowSubject == "Max Low and 1 more")
        #expect(
            lane.bars[0].barLink == "/lockbox?text=sue%40contoso.test&from=2026-11-20&to=2026-11-21"
        )
        #expect(lane.laneWords == "3 accesses · not used")
    }

    @Test func usedIsWhatLiesBetweenFirstAndLastUse() throws {
        let (start, end) = (ago(.hours(60)), ago(.hours(40)))
        let used = [
            (start + .hours(2), start + .hours(4)), (start + .hours(12), start + .hours(15)),
        ]
        let timeline = timeline([entry(start, end, used: used)])
        let bar = try #require(timeline.lanes.first?.bars.first)
        let axis = TimelineAxis(.week, now: now, .utc)
        #expect(bar.used.map(\.usedX) == used.map { percent(axis.place($0.0)) })
        #expect(bar.rowUse == "used 4 times")
        #expect(timeline.showsUsed && timeline.showsUnused && !timeline.showsScheduled)
    }

    @Test func lanesAreInTheOrderOfTheirUseAndTheRestIsOnTheNextPage() {
        var entries = (0..<20).map { number in
            let start = ago(.hours(Int64(number) + 2))
            return entry(
                start,
                start + .hours(1),
                in: "m\(number)@contoso.test",
                used: number == 7 ? [(start, start)] : []
            )
        }
        entries.append(entry(ago(.days(3)), now + .hours(1), .open, in: "open@contoso.test"))
        let first = timeline(entries)
        #expect(
            first.lanes.map(\.laneName).prefix(3) == [
                "open@contoso.test", "m7@contoso.test", "m0@contoso.test",
            ]
        )
        #expect(first.lanes.count == Timeline.mostLanes)
        #expect(first.restWords == "and 13 more resources")
        #expect(first.restLink == "/timeline?span=7d&skip=8" && first.backLink == nil)
        let last = timeline(entries, skip: 16)
        #expect(last.lanes.count == 5 && last.restWords == nil && last.backLink != nil)
        let one = timeline(entries, only: "m3@contoso.test")
        #expect(one.lanes.map(\.laneName) == ["m3@contoso.test"])
    }

    @Test func endThatIsNotConfirmedIsNotCalledAnEnd() throws {
        let timeline = timeline([entry(ago(.hours(4)), ago(.hours(2)), .unconfirmed)])
        let bar = try #require(timeline.lanes.first?.bars.first)
        #expect(bar.rowState == "ended – not confirmed closed" && timeline.showsUnconfirmed)
    }

    /// What a page weighs does not grow with what happened.
    @Test(arguments: [300, 10_000], TimelineSpan.allCases)
    func weightIsBounded(_ count: Int, _ span: TimelineSpan) {
        let entries = (0..<count).map { number in
            let start = ago(.minutes(Int64(number) * 129_600 / Int64(count)))
            return entry(
                start,
                start + .minutes(20),
                in: "m\(number % 130)@contoso.test",
                request: "LBX-\(number)",
                used: [(start, start + .minutes(5))]
            )
        }
        let timeline = timeline(entries, span)
        #expect(timeline.lanes.flatMap(\.bars).count <= Timeline.mostBars)
        #expect(timeline.lanes.flatMap(\.bars).flatMap(\.used).count <= Timeline.mostUsed)
        struct Whole: Page {
            static let template = TimelinePage.template
            let title = ""
            let whose = ""
            let timeline: Timeline
            let csvLink = ""
            let jsonLink = ""
        }
        let bytes = Whole(timeline: timeline).content().utf8.count
        #expect(bytes < 24 * 1024, "\(bytes)")
    }

    @Test func leavingOutIsSaid() {
        let cut = timeline([], since: ago(.days(2)))
        #expect(cut.missingWords?.contains("since Sat 21 Nov 2026, 09:00 UTC") == true)
        #expect(timeline([], .day, since: ago(.days(2))).missingWords == nil)
    }

    // MARK: - For people

    @Test func customerSeesOnlyItsOwnAndAnEngineerOnlyHers() async throws {
        try await PortalWorld.with { world in
            let open = try await world.approved()
            try await world.opened(open)
            let path = "/timeline?span=30d"
            let adam = try await world.visit(path, as: "adam").html
            #expect(adam.contains("mailbox sue@contoso.test") && adam.contains("Eve Park"))
            #expect(adam.contains("href=\"/lockbox/\(open.id)\""))
            let mark = try await world.visit(path, as: "mark").html
            #expect(mark.contains("All engineers"))
            #expect(mark.contains("Contoso Ltd: read the mailbox"))
            #expect(mark.contains("href=\"/requests/\(open.id)\""))
            let eve = try await world.visit(path, as: "eve").html
            #expect(eve.contains("Your access") && eve.contains(open.id.text))
            let finn = try await world.visit(path, as: "finn").html
            #expect(finn.contains("Nobody had access") && !finn.contains(open.id.text))
            for odd in ["skip=18446744073709551615", "span=1h&only=%00", "only=%3Cb%3E"] {
                #expect(try await world.visit("/timeline?\(odd)", as: "adam").status == 200)
            }
            for person in ["sue", "vera"] {
                #expect(try await world.visit(path, as: person).status == 404, "\(person)")
                #expect(try await world.visit("/timeline.csv", as: person).status == 404)
            }
        }
    }

    @Test func exportHasEachResourceOfEachAccessWithItsUse() async throws {
        try await PortalWorld.with { world in
            let open = try await world.approved()
            try await world.opened(open)
            let csv = try await world.visit("/timeline.csv?span=24h", as: "adam").html
            let lines = csv.split(separator: "\r\n")
            #expect(lines.count == 2)
            #expect(lines.last?.hasPrefix("\(open.id),contoso,Contoso Ltd,Eve Park,mail,") == true)
            #expect(lines.last?.contains(",open,") == true)
            let json = try await world.visit("/timeline.json?span=24h", as: "mark").html
            #expect(json.contains(#""isComplete":true"#) && json.contains(open.id.text))
            let other = try await world.visit("/timeline.json?only=mail/none", as: "adam").html
            #expect(other.contains(#""accesses":[]"#))
            let theirs = try await world.visit("/timeline.csv", as: "finn").html
            #expect(!theirs.contains(open.id.text))
        }
    }
}
