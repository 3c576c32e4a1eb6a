import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import Testing

@testable import LockboxPortal

/// What surrounds pages: whose they are, where there is help, and in which time zone they are read.
struct FrameTests {
    @Test func doorSaysWhoseItIsAndWhereThereIsHelp() async throws {
        try await PortalWorld.with { world in
            for path in ["/sign-in", "/forgotten-password", "/nothing-here"] {
                let page = try await world.visit(path, as: nil).html
                for words in [
                    "Example Cloud", "Help: help@example-cloud.test",
                    "https://help.example-cloud.test/",
                    "/logo.svg", "/provider.css",
                ] {
                    #expect(page.contains(words), "\(words) on \(path)")
                }
            }
        }
    }

    @Test func logoAndColourAreFilesOfOurOwn() async throws {
        try await PortalWorld.with { world in
            let page = HTMLDocument(try await world.visit("/sign-in", as: nil).html)
            let logo = try #require(page.all("img").first?["src"])
            #expect(try await world.visit(logo, as: nil).html.hasPrefix("<svg"))
            let styles = page.all("link").compactMap { $0["href"] }.filter {
                $0.hasSuffix("provider.css")
            }
            let style = try await world.visit(try #require(styles.first), as: nil).html
            #expect(style.contains("#7c3aed"))
        }
    }

    @Test func customersPagesShowTheCustomerAndNotTheProvidersLogo() async throws {
        try await PortalWorld.with { world in
            let page = HTMLDocument(try await world.visit("/overview", as: "adam").html)
            #expect(page.all("img").isEmpty)
            #expect(
                HTMLDocument(try await world.visit("/work", as: "eve").html).all("img").count == 1
            )
        }
    }

    @Test func timesAreInTheZoneThatTheReaderChose() async throws {
        try await PortalWorld.with { world in
            let request = try await world.reviewed()
            let decideBy = try #require(request.state.decideBy)
            let path = "/lockbox/\(request.id)"
            let utc = "data-local>\(decideBy.words())"
            #expect(try await world.visit(path, as: "adam").html.contains(utc))
            _ = try await world.fill(
                "/account/time-zone",
                on: "/account/time-zone",
                typing: [("timeZone", "Asia/Tokyo")],
                as: "adam"
            )
            let page = try await world.visit(path, as: "adam").html
            let local = decideBy.words(offset: .hours(9))
            #expect(page.contains(">\(local)</time>") && !page.contains("data-local"))
            #expect(try await world.visit(path, as: "gita").html.contains(utc))
        }
    }

    @Test func timeZoneThatIsNotKnownChangesNothing() async throws {
        try await PortalWorld.with { world in
            for name in ["Europe/Atlantis", "../etc", "<b>"] {
                let answer = try await world.send(
                    "/account/time-zone",
                    form: [("timeZone", name)],
                    as: "adam"
                )
                #expect(answer.status >= 400 && answer.status < 500, "\(name)")
            }
            let adam = world.person("adam")
            #expect(adam.timeZone == nil)
        }
    }

    @Test func whoDecidesReadsWhatTheEngineerAskedBefore() async throws {
        try await PortalWorld.with { world in
            let first = try await world.reviewed()
            let page = "/lockbox/\(first.id)"
            #expect(
                try await world.visit(page, as: "adam").html
                    .contains("Eve Park asked nothing else of you within 30 days.")
            )
            _ = try await world.decide(.no("Not now."), on: first, by: "adam")
            world.clock.advance(by: Limits.waitAfterDenial)
            let second = try await world.approved(try await world.reviewed(world.submitted()))
            try await world.finished(second)
            let third = try await world.submitted()
            let words =
                "2 times of you within 30 days before this: 1 given access, 1 denied. "
                + "For this support request it was denied 1 time."
            let review = try await world.visit("/requests/\(third.id)", as: "mark").html
            #expect(review.contains(words.replacing(" of you", with: "")))
            let asked = try await world.reviewed(third)
            #expect(try await world.visit("/lockbox/\(asked.id)", as: "adam").html.contains(words))
            // Who asks, and who only opened the support request, is not told.
            for (path, person) in [
                ("/requests/\(asked.id)", "eve"), ("/lockbox/\(asked.id)", "sue"),
            ] {
                #expect(!(try await world.visit(path, as: person).html).contains("within 30 days"))
            }
        }
    }
}
