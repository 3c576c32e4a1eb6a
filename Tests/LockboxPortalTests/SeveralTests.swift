import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxService
import Testing

@testable import LockboxPortal

/// The pages on which several requests are denied or stopped.
struct SeveralTests {
    private static func boxes(_ html: String) -> [String] {
        HTMLDocument(html).all("input").filter { $0["name"] == "request" }.compactMap {
            $0["value"]
        }
    }

    private static let reason = ("comment", "Ask us by phone first." as String?)

    @Test func boxesAreForWhoDecidesAndForWhatWaitsAlone() async throws {
        try await PortalWorld.with { world in
            let waiting = try await world.reviewed()
            _ = try await world.approved(
                try await world.reviewed(try await world.submitted("Another reason to look."))
            )
            _ = try await world.submitted("The manager has not seen this.")
            for path in ["/lockbox", "/overview"] {
                let adams = try await world.visit(path, as: "adam").html
                #expect(Self.boxes(adams) == [waiting.id.text], "\(path)")
                let umas = try await world.visit(path, as: "uma").html
                #expect(Self.boxes(umas) == [] && !umas.contains("Deny"), "\(path)")
            }
            #expect(try await world.visit("/lockbox/deny", as: "uma").status == 403)
            #expect(try await world.visit("/lockbox/stop", as: "uma").status == 403)
            #expect(try await world.visit("/lockbox/deny", as: "eve").status == 404)
        }
    }

    @Test func whatWasStoppedIsSaidAlsoWhereNothingCanBeReadAfterIt() async throws {
        try await PortalWorld.with { world in
            let open = try await world.approved()
            let done = try await world.fill(
                "/lockbox/stop",
                on: "/lockbox/stop",
                typing: [],
                as: "adam"
            ) { world in world.store.breakAfterWrite() }
            world.store.setBroken(false)
            let text = HTMLDocument(done.html).visibleText
            #expect(done.status == 200 && text.contains(open.id.text))
            #expect(text.contains("All stopped: 1"))
            #expect(text.contains("Whether other access is open could not be read just now"))
        }
    }

    @Test func pageNamesEachAndTheNextOneSaysWhatBecameOfIt() async throws {
        try await PortalWorld.with { world in
            let first = try await world.reviewed()
            let second = try await world.reviewed(
                try await world.submitted("Look into the folder of last year.")
            )
            let address = "/lockbox/deny?request=\(first.id)&request=\(second.id)"
            let page = try await world.visit(address, as: "adam").html
            #expect(page.contains("Deny 2 requests") && page.contains("Deny these 2 requests"))
            #expect(page.contains(first.id.text) && page.contains(second.id.text))
            let done = try await world.fill(
                "/lockbox/deny",
                on: address,
                typing: [Self.reason],
                as: "adam"
            ) { world in try await world.decide(.no("No."), on: second, by: "gita") }
            #expect(done.status == 200)
            let text = HTMLDocument(done.html).visibleText
            #expect(text.contains("1 of 2 requests denied"))
            #expect(text.contains("Gita Rao had denied it already."))
            let view = try await world.lockbox.request(first.id.text, by: world.person("adam"))
            #expect(view.request.decisions.last?.comment == "Ask us by phone first.")
        }
    }

    @Test func whatChangedMeanwhileIsNotDenied() async throws {
        try await PortalWorld.with { world in
            try await world.policy { $0.approvalsNeeded = 2 }
            let request = try await world.reviewed()
            let done = try await world.fill(
                "/lockbox/deny",
                on: "/lockbox/deny?request=\(request.id)",
                typing: [Self.reason],
                as: "adam"
            ) { world in _ = try await world.decide(.yes(), on: request, by: "gita") }
            #expect(HTMLDocument(done.html).visibleText.contains("0 of 1 request denied"))
            let view = try await world.lockbox.request(request.id.text, by: world.person("adam"))
            #expect(view.request.state.name == .awaitingCustomer)
        }
    }

    @Test func anotherTenantsRequestsAreNotFoundAndNothingIsDone() async throws {
        try await PortalWorld.with { world in
            let request = try await world.reviewed()
            _ = try await world.visit("/overview", as: "finn")
            let before = try await world.recordedChanges()
            let marks = "\(request.id).\(request.version)"
            #expect(
                try await world.visit("/lockbox/deny?request=\(request.id)", as: "finn").status
                    == 404
            )
            for path in ["/lockbox/deny", "/lockbox/stop"] {
                let answer = try await world.send(
                    path,
                    form: [("requests", marks), ("comment", "No."), ("key", "k")],
                    as: "finn"
                )
                #expect(answer.status == 404, "\(path)")
            }
            #expect(try await world.recordedChanges(since: before).count == before.count)
        }
    }

    @Test func stoppingAllNeedsNoPasswordAndStopsWhatWasListed() async throws {
        try await PortalWorld.with { world in
            let eves = try await world.approved()
            let number = try await world.support("Another thing", by: "tom")
            _ = number
            let maxs = try await world.approved(
                try await world.reviewed(try await world.submitted(by: "max"), by: "mark")
            )
            world.clock.advance(by: .minutes(20))
            let live = try await world.visit("/lockbox/live", as: "adam").html
            #expect(live.contains("Stop all 2…") && live.contains("Stop all of Max Orr (1)…"))
            let one = "/lockbox/stop?engineer=\(world.person("max").id)"
            let stopped = try await world.fill("/lockbox/stop", on: one, typing: [], as: "adam")
            #expect(stopped.status == 200)
            let text = HTMLDocument(stopped.html).visibleText
            #expect(text.contains("All stopped: 1"))
            #expect(text.contains("1 that is not among these is still open."))
            func state(_ request: AccessRequest) async throws -> AccessRequest.StateName {
                try await world.lockbox.request(request.id.text, by: world.person("adam")).request
                    .state.name
            }
            #expect(try await state(eves) == .active)
            #expect(try await state(maxs) == .ended)
            let rest = try await world.fill(
                "/lockbox/stop",
                on: "/lockbox/stop",
                typing: [("comment", "Enough.")],
                as: "adam"
            ) { world in try await world.finished(eves) }
            #expect(HTMLDocument(rest.html).visibleText.contains("Its access is over already."))
        }
    }

    @Test func staleSignInIsAskedAgainAndTheMarksAreKept() async throws {
        try await PortalWorld.with { world in
            let request = try await world.reviewed()
            _ = try await world.visit("/overview", as: "adam")
            world.clock.advance(by: .minutes(12))
            let page = "/lockbox/deny?request=\(request.id)"
            let wrong = try await world.fill(
                "/lockbox/deny",
                on: page,
                typing: [Self.reason, ("password", "not it at all")],
                as: "adam"
            )
            #expect(wrong.status == 422)
            #expect(wrong.html.contains("\(request.id).\(request.version)"))
            #expect(wrong.html.contains("Ask us by phone first."))
            let right = try await world.fill(
                "/lockbox/deny",
                on: page,
                typing: [Self.reason, ("password", PortalWorld.password)],
                as: "adam"
            )
            #expect(HTMLDocument(right.html).visibleText.contains("All denied: 1"))
        }
    }
}
