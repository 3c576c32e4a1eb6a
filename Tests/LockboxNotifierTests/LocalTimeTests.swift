import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// Times as somebody reads them who chose a time zone.
struct LocalTimeTests {
    private static func words(_ instant: String, _ zone: String) throws -> String {
        try #require(Timestamp(instant)).words(in: TimeZoneName(zone))
    }

    @Test func ownTimeComesFirstAndTheDayOfUTCWhereItIsAnother() throws {
        let instant = "2026-11-23T20:15:00Z"
        #expect(try Self.words(instant, "Europe/Berlin") == "Mon 23 Nov 2026, 21:15 (20:15 UTC)")
        #expect(
            try Self.words(instant, "Asia/Tokyo")
                == "Tue 24 Nov 2026, 05:15 (Mon 23 Nov, 20:15 UTC)"
        )
        #expect(
            try Self.words("2027-01-01T01:00:00Z", "America/New_York")
                == "Thu 31 Dec 2026, 20:00 (Fri 1 Jan, 01:00 UTC)"
        )
        #expect(try Self.words(instant, "Africa/Abidjan") == "Mon 23 Nov 2026, 20:15 UTC")
    }

    @Test func summerTimeBeginsAndEnds() throws {
        #expect(
            try Self.words("2026-03-29T00:59:00Z", "Europe/Berlin")
                == "Sun 29 Mar 2026, 01:59 (00:59 UTC)"
        )
        #expect(
            try Self.words("2026-03-29T01:00:00Z", "Europe/Berlin")
                == "Sun 29 Mar 2026, 03:00 (01:00 UTC)"
        )
        #expect(
            try Self.words("2026-10-25T01:00:00Z", "Europe/Berlin")
                == "Sun 25 Oct 2026, 02:00 (01:00 UTC)"
        )
    }

    @Test func whatTheDatabaseDoesNotHaveIsReadInUTC() throws {
        let zone = try #require(TimeZoneName("Europe/Atlantis"))
        #expect(!zone.isKnown && zone.offset(at: .latest) == nil)
        #expect(try Self.words("2026-11-23T20:15:00Z", zone.text) == "Mon 23 Nov 2026, 20:15 UTC")
    }

    @Test func namesHaveTheFormOfTheDatabase() {
        #expect(TimeZoneName.all.count > 300 && TimeZoneName.all.allSatisfy(\.isKnown))
        for bad in [
            "", "/etc/passwd", "Europe/Berlin ", "../UTC", "Äfrica/Cairo", "1", "-1", "a\n",
        ] {
            #expect(TimeZoneName(bad) == nil, "\(bad)")
        }
        #expect(TimeZoneName(String(repeating: "a", count: 64)) != nil)
        #expect(TimeZoneName(String(repeating: "a", count: 65)) == nil)
    }

    /// Each in her own, in the same words in subject and text.
    @Test func letterIsInTheTimeZoneOfWhoGetsIt() async throws {
        try await Stage.with { stage in
            var adam = Fixture.adam
            adam.timeZone = TimeZoneName("Asia/Tokyo")
            try await stage.save(adam)
            let id = try await stage.askCustomer()
            let his = LetterContent(try await stage.notice(id, .customerAsked, to: Fixture.adam))
            let hers = LetterContent(try await stage.notice(id, .customerAsked, to: Fixture.gita))
            let local = "Tue 24 Nov 2026, 06:00 (Mon 23 Nov, 21:00 UTC)"
            let utc = "Mon 23 Nov 2026, 21:00 UTC"
            #expect(his.value("Decide by") == local && his.subject.contains(local))
            #expect(hers.value("Decide by") == utc && hers.subject.contains(utc))
        }
    }
}
