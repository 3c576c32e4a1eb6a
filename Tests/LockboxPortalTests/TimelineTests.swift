import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import LockboxService
import Testing

@testable import LockboxPortal

/// Where the picture of access draws what.
struct TimelineTests {
    /// Monday, 09:00 UTC: seven days begin on Tuesday before, at midnight.
    private let now = Fixture.now
    private let mailbox = Fixture.mailbox

    private func entry(_ kind: Timeline.Entry.Kind, on resource: Resource = Fixture.mailbox)
        -> Timeline.Entry
    {
        Timeline.Entry(resource, "Eve Park", "LBX-1", kind, became: "finished by Eve Park")
    }

    private func ago(_ span: TimeSpan) -> Timestamp {
        Timestamp(milliseconds: now.milliseconds - span.milliseconds)
    }

    private func timeline(_ kinds: [Timeline.Entry.Kind], days: Int = 7) -> Timeline {
        Timeline(kinds.map { entry($0) }, now: now, days: days)
    }

    /// Six whole days and nine hours of seven days.
    private let nowPlace = 10_000 * (6 * 24 + 9) / (7 * 24)

    @Test func nothingIsSaidInWords() {
        let empty = timeline([])
        #expect(empty.lines.isEmpty && empty.rows.isEmpty)
        #expect(empty.emptyWords == "Nobody had access in the last 7 days.")
    }

    @Test func dayHasASeventhOfTheWidth() {
        let days = timeline([]).days
        #expect(days.map(\.weekday) == ["Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon"])
        #expect(days.map(\.number) == ["17", "18", "19", "20", "21", "22", "23"])
        #expect(days[1].dayX == "14.28%")
        #expect(days.map(\.isToday) == [false, false, false, false, false, false, true])
    }

    @Test func barIsWhereItsTimeIs() throws {
        let midnight = ago(.hours(9))
        let bar = try #require(
            timeline([.ended(from: ago(.hours(33)), to: midnight)]).rows.first?.bars.first
        )
        #expect(bar.left == 10_000 * 5 / 7)
        #expect(bar.left + bar.width == 10_000 * 6 / 7)
        #expect(bar.tone == "ended")
    }

    @Test(arguments: [TimeSpan.minutes(1), .hours(20), .days(9)])
    func openAccessEndsAtNow(_ age: TimeSpan) throws {
        let open = timeline([.active(from: ago(age), until: now + .hours(2))])
        let bar = try #require(open.rows.first?.bars.first)
        #expect(bar.left + bar.width == nowPlace)
        #expect(bar.width >= Timeline.leastWidth)
        #expect(open.nowX == "91.07%")
    }

    @Test func nothingLeavesThePicture() {
        let kinds: [Timeline.Entry.Kind] = [
            .ended(from: ago(.days(30)), to: ago(.hours(153))),
            .ended(from: ago(.days(30)), to: ago(.days(1))),
            .ended(from: ago(.seconds(2)), to: ago(.seconds(1))),
            .active(from: ago(.days(12)), until: now + .hours(1)),
            .active(from: now, until: now + .hours(24)),
            .scheduled(from: now + .hours(1), to: now + .hours(2)),
            .scheduled(from: now + .days(2), to: now + .days(3)),
            .scheduled(from: now + .days(29), to: now + .days(30)),
            .nothing(at: ago(.hours(153))), .nothing(at: now), .nothing(at: ago(.days(3))),
        ]
        for row in timeline(kinds).rows {
            for bar in row.bars {
                #expect(bar.left >= 0 && bar.width > 0 && bar.left + bar.width <= 10_000)
            }
            for mark in row.marks { #expect(mark.place > 0 && mark.place < 10_000) }
        }
    }

    @Test func whatWasOverBeforeIsLeftOut() {
        let old = timeline([
            .ended(from: ago(.days(9)), to: ago(.days(8))), .nothing(at: ago(.days(8))),
        ])
        #expect(old.lines.isEmpty)
    }

    @Test func scheduledAccessLengthensThePictureByTwoDaysAtMost() throws {
        #expect(timeline([.scheduled(from: now + .hours(1), to: now + .hours(2))]).days.count == 7)
        #expect(timeline([.scheduled(from: now + .days(1), to: now + .hours(26))]).days.count == 8)
        let far = timeline([.scheduled(from: now + .days(20), to: now + .days(21))])
        #expect(far.days.count == 9)
        let bar = try #require(far.rows.first?.bars.first)
        #expect(bar.left + bar.width == 10_000)
    }

    @Test func accessThatOverlapsHasALaneOfItsOwn() {
        let row = timeline([
            .ended(from: ago(.hours(60)), to: ago(.hours(40))),
            .ended(from: ago(.hours(50)), to: ago(.hours(30))),
            .ended(from: ago(.hours(39)), to: ago(.hours(35))),
            .active(from: ago(.hours(20)), until: now),
        ]).rows[0]
        #expect(row.bars.map(\.lane) == [0, 1, 0, 0])
        for (index, bar) in row.bars.enumerated() {
            for other in row.bars[..<index] where other.lane == bar.lane {
                #expect(other.left + other.width <= bar.left)
            }
        }
    }

    @Test func eightResourcesAreDrawnAndTheRestIsSaid() {
        let entries = (1...11).map { number in
            entry(
                .nothing(at: ago(.hours(Int64(number)))),
                on: Fixture.resource("mailbox:m\(number)@contoso.test")
            )
        }
        let many = Timeline(entries, now: now, days: 7)
        #expect(many.rows.count == 8)
        #expect(many.lines.count == 11)
        #expect(many.moreWords == "3 more resources in the list below.")
        #expect(many.rows.first?.rowLabel == "m1@contoso.test")
    }

    @Test func openAccessComesFirst() {
        let entries = [
            entry(.nothing(at: now), on: Fixture.otherMailbox),
            entry(.active(from: ago(.days(2)), until: now)),
        ]
        #expect(Timeline(entries, now: now, days: 7).rows.first?.rowLabel == "sue@contoso.test")
    }

    @Test func typeIsNamedWhereThereAreSeveral() {
        let entries = [
            entry(.nothing(at: now)),
            entry(.nothing(at: ago(.hours(1))), on: Fixture.resource("database:orders")),
        ]
        let labels = Timeline(entries, now: now, days: 7).rows.map(\.rowLabel)
        #expect(labels == ["mailbox sue@contoso.test", "database orders"])
    }

    @Test func longNameIsCutInTheMiddle() throws {
        let resource = Fixture.resource(
            "mailbox:" + String(repeating: "a", count: 60) + "@contoso.test"
        )
        let label = try #require(
            Timeline([entry(.nothing(at: now), on: resource)], now: now, days: 7).rows.first?
                .rowLabel
        )
        #expect(label.count <= 34)
        #expect(label.hasSuffix("@contoso.test"))
    }

    @Test func requestsBecomeWhatHappened() async throws {
        try await PortalWorld.with { world in
            _ = try await world.submitted()
            _ = try await world.decide(
                .no("Not today."),
                on: try await world.reviewed(),
                by: "adam"
            )
            world.clock.advance(by: .minutes(15))
            _ = try await world.finished(try await world.approved())
            _ = try await world.approved(
                try await world.reviewed(
                    try await world.submitted(notBefore: world.clock.now() + .hours(30))
                )
            )
            _ = try await world.approved()
            let adam = world.person("adam")
            let views = try await world.lockbox.requests(
                .init(),
                tenant: nil,
                page: .init(limit: 25),
                by: adam
            ).items
            let timeline = Timeline(views, now: world.clock.now())
            #expect(
                timeline.lines.map(\.became) == [
                    "Open now", "Approved, not begun", "Finished by Eve Park", "Denied",
                ]
            )
            #expect(timeline.rows.map(\.rowLabel) == ["sue@contoso.test"])
            #expect(Set(timeline.rows[0].bars.map(\.tone)) == ["live", "ended", "scheduled"])
            #expect(timeline.rows[0].marks.count == 1)
            #expect(
                timeline.showsLive && timeline.showsEnded && timeline.showsScheduled
                    && timeline.showsNothing
            )
        }
    }
}
