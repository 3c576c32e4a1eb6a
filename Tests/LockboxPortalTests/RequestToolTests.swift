import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import LockboxService
import Testing

@testable import LockboxPortal

/// What the request tool's pages do, beyond what can be looked at.
struct RequestToolTests {
    private static let filled = [
        ("key", "one"), ("tenant", "contoso"), ("supportRequest", "{support}"), ("amount", "2"),
        ("unit", "hours"),
        ("pick", "mail mailbox:sue@contoso.test"),
        ("actions mail mailbox:sue@contoso.test", "read"),
        ("reason", PortalWorld.reason),
    ]

    private func requests(in world: PortalWorld) async throws -> [AccessRequest] {
        try await world.lockbox.requests(
            RequestFilter(),
            tenant: nil,
            page: .init(limit: 50),
            by: world.person("eve")
        ).items.map(\.request)
    }

    @Test func endThatNobodyHasConfirmedStaysAmongHerWorkHoweverMuchCameAfterIt() async throws {
        try await PortalWorld.with { world in
            func isShown(_ request: AccessRequest) async throws -> Bool {
                try await world.visit("/work", as: "eve").html.contains("/requests/\(request.id)")
            }
            let confirmed = try await world.approved()
            try await world.opened(confirmed)
            try await world.finished(confirmed)
            try await world.removing()
            let failing = try await world.approved()
            try await world.opened(failing)
            try await world.finished(failing)
            try await world.removing(problem: "It does not answer.")
            for _ in 0..<PortalLimits.recent {
                try await world.withdrawn(try await world.submitted())
            }
            func state(_ request: AccessRequest) async throws -> RequestView.GrantState? {
                try await world.lockbox.request(request.id.text, by: world.person("eve")).grantState
            }
            #expect(try await state(failing) == .removalFailed)
            #expect(try await state(confirmed) == .ended)
            #expect(try await isShown(failing))
            #expect(try await !isShown(confirmed))
        }
    }

    // MARK: - New requests

    @Test func previewSendsNothing() async throws {
        try await PortalWorld.with { world in
            try await world.support()
            let answer = try await world.send(
                "/requests/new",
                form: Self.filled + [("intent", "preview")],
                as: "eve"
            )
            #expect(answer.status == 200)
            #expect(try await requests(in: world).isEmpty)
        }
    }

    @Test func formThatIsSentTwiceMakesOneRequest() async throws {
        try await PortalWorld.with { world in
            try await world.support()
            let form = Self.filled + [("intent", "send")]
            let first = try await world.send("/requests/new", form: form, as: "eve")
            let second = try await world.send("/requests/new", form: form, as: "eve")
            #expect(first.status == 303)
            #expect(first.location == second.location)
            #expect(try await requests(in: world).count == 1)
        }
    }

    @Test func whatWasLookedAtIsWhatIsSent() async throws {
        try await PortalWorld.with { world in
            try await world.support()
            let typed =
                Self.filled.filter { $0.0 != "key" && !$0.0.hasPrefix("actions") } + [
                    ("actions mail mailbox:sue@contoso.test", "write"),
                    ("start", "2026-11-24T06:30"),
                    ("intent", "preview"),
                ]
            let preview = try await world.send("/requests/new", form: typed, as: "eve")
            let forms = HTMLDocument(preview.html).all("form")
            let form = try #require(forms.first { $0["action"] == "/requests/new" })
            _ = try await world.send(
                "/requests/new",
                form: form.fields + [("intent", "send")],
                as: "eve"
            )
            let request = try #require(try await requests(in: world).first)
            #expect(request.terms.notBefore == Timestamp("2026-11-24T06:30:00Z"))
            #expect(request.terms.scope.accesses.map(\.actions) == [[.read, .write]])
            #expect(request.terms.duration == .hours(2))
        }
    }

    @Test func extensionSaysInItsReasonWhatItExtends() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            let page = try await world.visit("/requests/new?extends=\(request.id)", as: "eve")
            let reason = HTMLDocument(page.html).all("textarea").first { $0["name"] == "reason" }
            #expect(reason?.text == "Extension of \(request.id): \(PortalWorld.reason)")
        }
    }

    private static func ticks(_ html: String) -> (ticked: [String], offered: [String]) {
        let boxes = HTMLDocument(html).all("input").filter { $0["name"] == "pick" }
        func values(_ boxes: [HTMLElement]) -> [String] {
            boxes.compactMap { $0["value"] }
        }
        return (
            values(boxes.filter { $0["checked"] != nil }),
            values(boxes.filter { $0["checked"] == nil })
        )
    }

    @Test func amongManyWhatIsPickedStaysAndWhatIsFoundIsBounded() async throws {
        try await PortalWorld.with { world in
            let number = try await world.support()
            try await world.manyResources()
            let page = "/requests/new?tenant=contoso&support=\(number)"
            let opener = "mail mailbox:sue@contoso.test"
            let first = Self.ticks(try await world.visit(page, as: "eve").html)
            #expect(first.ticked == [opener] && first.offered.isEmpty)
            let found = Self.ticks(
                try await world.visit(
                    page + "&find=BOX&pick=mail+mailbox:box7@contoso.test",
                    as: "eve"
                ).html
            )
            #expect(found.ticked == ["mail mailbox:box7@contoso.test"])
            #expect(found.offered.count == EntryReading.mostFound)
            #expect(!found.offered.contains("mail mailbox:box7@contoso.test"))
            let none = try await world.visit(page + "&find=nothing", as: "eve")
            #expect(none.html.contains("None is named so."))
        }
    }

    @Test func aSearchKeepsAllThatWasTyped() async throws {
        try await PortalWorld.with { world in
            let number = try await world.support()
            try await world.manyResources()
            let answer = try await world.fill(
                "/requests/new",
                on: "/requests/new?tenant=contoso&support=\(number)",
                typing: [
                    ("find", "box7@"), ("reason", PortalWorld.reason), ("amount", "37"),
                    ("intent", "search"),
                ],
                as: "eve"
            )
            #expect(answer.status == 200)
            let ticks = Self.ticks(answer.html)
            #expect(ticks.ticked == ["mail mailbox:sue@contoso.test"])
            #expect(ticks.offered == ["mail mailbox:box7@contoso.test"])
            let page = HTMLDocument(answer.html)
            #expect(
                page.all("textarea").first { $0["name"] == "reason" }?.text == PortalWorld.reason
            )
            #expect(page.all("input").first { $0["name"] == "amount" }?["value"] == "37")
        }
    }

    @Test func allThatIsWrongIsToldAtOnce() {
        var entry = RequestEntry()
        (entry.amount, entry.start, entry.picked) = ("-1", "tomorrow", ["sue"])
        let fields = entry.draft().faults.compactMap(\.field)
        #expect(Set(fields) == [.supportRequest, .resources, .duration, .start, .reason])
    }

    // MARK: - Work

    @Test func queueBeginsWithTheNearestDeadline() async throws {
        try await PortalWorld.with { world in
            let first = try await world.submitted()
            world.clock.advance(by: .hours(1))
            let second = try await world.submitted(by: "max")
            let html = try await world.visit("/work", as: "mark").html
            let (one, two) = (
                html.firstRange(of: first.id.text), html.firstRange(of: second.id.text)
            )
            #expect(try #require(one).lowerBound < (try #require(two)).lowerBound)
        }
    }

    // MARK: - Credentials

    @Test func secretIsInOneAnswerAndNowhereElse() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            let form = [
                ("key", "c"), ("service", "mail"), ("resource", "mailbox:sue@contoso.test"),
            ]
            let path = "/requests/\(request.id)/credential"
            let answer = try await world.send(path, form: form, as: "eve")
            #expect(answer.status == 200)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.location == nil)
            let field = HTMLDocument(answer.html).all("textarea").first { $0["id"] == "secret" }
            let secret = try #require(field?.text)
            #expect(secret.hasPrefix(Credential.secretPrefix))
            let again = try await world.send(path, form: form, as: "eve")
            #expect(again.status == 409)
            #expect(!again.html.contains(secret))
            #expect(
                !(try await world.visit("/requests/\(request.id)", as: "eve").html.contains(secret))
            )
        }
    }

    @Test func eachResourceHasAFormOfItsOwn() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved(
                try await world.reviewed(
                    try await world.submitted(mailboxes: ["sue@contoso.test", "adam@contoso.test"])
                )
            )
            let page = HTMLDocument(
                try await world.visit("/requests/\(request.id)", as: "eve").html
            )
            let forms = page.all("form").filter {
                $0["action"] == "/requests/\(request.id)/credential"
            }
            #expect(forms.count == 2)
            for form in forms {
                let answer = try await world.send(
                    "/requests/\(request.id)/credential",
                    form: form.fields,
                    as: "eve"
                )
                #expect(answer.status == 200)
            }
        }
    }
}
