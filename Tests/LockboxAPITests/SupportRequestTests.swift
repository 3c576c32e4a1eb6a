import HTTPTypes
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestWorld
import LockboxWire
import Testing

/// Asking the provider for help.
struct SupportRequestTests {
    private static let open = "POST /v1/support-requests"
    private static let list = "GET /v1/support-requests"
    private static let one = "GET /v1/support-requests/{number}"

    private static let stored: JSONValue = [
        "number": "SR-1001", "tenant": "contoso", "subject": "Mail does not arrive",
        "description": "Since this morning\nno mail reaches my mailbox.", "service": "mail",
        "url": nil, "openedBy": ref(Fixture.sue), "openedAt": instant(),
        "state": "open", "lastAnswer": nil,
    ]

    @Test func memberOpensASupportRequest() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask(Self.open, as: Fixture.tom, .json(Sample.supportRequest))
            let body = try answer.json(201)
            let number = try #require(body["number"].text)
            #expect(SupportRequestNumber(number) != nil)
            #expect(
                body == [
                    "number": .string(number), "tenant": "contoso", "subject": "Mails vanish",
                    "description": "Since this morning.", "service": nil, "url": nil,
                    "openedBy": ref(Fixture.tom), "openedAt": instant(),
                    "state": "open", "lastAnswer": nil,
                ]
            )
            #expect(answer.headers[.location] == "/v1/support-requests/\(number)")
            let read = try await api.ask(Self.one, ["number": number], as: Fixture.tom)
            #expect(try read.json(200) == body)
        }
    }

    @Test func ticketOfAnotherSystemKeepsItsNumberAndAddress() async throws {
        try await APIWorld.with { api async throws in
            let ticket = Sample.supportRequest.with("number", "INC-7").with("service", "mail")
                .with("url", "https://tickets.contoso.test/7")
            let body = try await api.ask(Self.open, as: Fixture.sue, .json(ticket)).json(201)
            #expect(body["number"] == "INC-7")
            #expect(body["service"] == "mail")
            #expect(body["url"] == "https://tickets.contoso.test/7")
            let again = try await api.ask(Self.open, as: Fixture.sue, .json(ticket))
            try again.expectProblem(409, "alreadyExists")
        }
    }

    @Test(arguments: [
        ("tenant", "fabrikam", "unknownTenant"), ("tenant", "nobody", "unknownTenant"),
        ("service", "wiki", "unknownService"), ("number", "7 of 9", "invalidField"),
        ("url", "javascript:alert(1)", "invalidField"), ("description", "a\u{0}b", "invalidField"),
        ("subject", "two\nlines", "invalidField"),
    ])
    func valueThatARuleRefusesIsNamed(
        _ member: String,
        _ value: String,
        _ code: String
    ) async throws {
        try await APIWorld.with { api async throws in
            let body = Sample.supportRequest.with(member, .string(value))
            let answer = try await api.ask(Self.open, as: Fixture.sue, .json(body))
            try answer.expectProblem(422, code, field: member)
        }
    }

    @Test func oneTooManyOfADayIsToldWhenItGoesOn() async throws {
        try await APIWorld.with { api async throws in
            let world = api.world
            world.clock.advance(by: .days(1))
            try await world.audited.write(by: .person(Fixture.sue)) { change in
                for number in 0..<Limits.supportRequestsPerDay {
                    let support = Fixture.supportRequest("A-\(number)", openedAt: change.now)
                    try change.tx.insert(support)
                    change.emit(.request(.supportRequestOpened(support)))
                }
            }
            world.clock.advance(by: .hours(2))
            let answer = try await api.ask(Self.open, as: Fixture.sue, .json(Sample.supportRequest))
            try answer.expectProblem(429, "dailyLimitReached")
            #expect(answer.headers[.retryAfter] == "\(22 * 3600)")
            let bound = Limits.supportRequestsPerDay
            #expect(answer.text.contains("\(bound) support requests within a day"))
            #expect(answer.text.contains("in 22 hours"))
        }
    }

    @Test func nobodyOfTheProviderOpensOne() async throws {
        try await APIWorld.with { api async throws in
            for person in [Fixture.eve, Fixture.mark, Fixture.olga, Fixture.vera] {
                let answer = try await api.ask(
                    Self.open,
                    as: person,
                    .json(Sample.supportRequest)
                )
                try answer.expectProblem(403, "notPermitted")
            }
        }
    }

    @Test func retryUnderOneKeyOpensOne() async throws {
        try await APIWorld.with { api async throws in
            func send() async throws -> JSONValue {
                try await api.ask(
                    Self.open,
                    as: Fixture.sue,
                    .json(Sample.supportRequest),
                    headers: [.idempotencyKey: "k"]
                ).json(201)
            }
            #expect(try await send() == send())
        }
    }

    @Test func eachSeesWhatConcernsHer() async throws {
        try await APIWorld.with { api async throws in
            func numbers(_ person: Person, _ tenant: String? = nil) async throws -> Set<String> {
                let query = tenant.map { [("tenant", $0)] } ?? []
                let body = try await api.ask(Self.list, query: query, as: person).json(200)
                return Set(body["items"].items.compactMap { $0["number"].text })
            }
            let hers: Set = ["SR-1001", "SR-1002"]
            #expect(try await numbers(Fixture.sue) == ["SR-1001"])
            #expect(try await numbers(Fixture.tom) == ["SR-1002"])
            #expect(try await numbers(Fixture.adam) == hers)
            #expect(try await numbers(Fixture.uma) == hers)
            #expect(try await numbers(Fixture.frida) == ["SR-2001"])
            #expect(try await numbers(Fixture.eve) == hers.union(["SR-2001"]))
            #expect(try await numbers(Fixture.eve, "contoso") == hers)
            for (person, tenant) in [
                (Fixture.gita, "fabrikam"), (Fixture.eve, "nobody"), (Fixture.vera, "contoso"),
            ] {
                let answer = try await api.ask(Self.list, query: [("tenant", tenant)], as: person)
                try answer.expectProblem(404, "notFound")
            }
            try await api.ask(Self.list, as: Fixture.vera).expectProblem(404, "notFound")
        }
    }

    @Test func listGoesOnWhereItsCursorSays() async throws {
        try await APIWorld.with { api async throws in
            var found: [JSONValue] = []
            var cursor: String?
            repeat {
                let query = [("limit", "1")] + (cursor.map { [("cursor", $0)] } ?? [])
                let page = try await api.ask(Self.list, query: query, as: Fixture.eve).json(200)
                #expect(page["items"].items.count == 1)
                found += page["items"].items
                cursor = page["next"].text
            } while cursor != nil && found.count < 5
            #expect(
                Set(found.compactMap { $0["number"].text }) == ["SR-1001", "SR-1002", "SR-2001"]
            )
            #expect(found.count == 3)
        }
    }

    @Test func oneIsReadByWhomItConcerns() async throws {
        try await APIWorld.with { api async throws in
            for person in [Fixture.sue, Fixture.adam, Fixture.gita, Fixture.uma, Fixture.eve] {
                let answer = try await api.ask(Self.one, ["number": "SR-1001"], as: person)
                #expect(try answer.json(200) == Self.stored, "\(person.name)")
            }
            for person in [Fixture.tom, Fixture.frida, Fixture.finn, Fixture.vera] {
                let answer = try await api.ask(Self.one, ["number": "SR-1001"], as: person)
                try answer.expectProblem(404, "notFound")
            }
            let unknown = try await api.ask(Self.one, ["number": "no number"], as: Fixture.eve)
            try unknown.expectProblem(404, "notFound")
        }
    }

    @Test func numberOfTwoTenantsIsAmbiguousUntilOneIsNamed() async throws {
        try await APIWorld.with { api async throws in
            let ticket = Sample.supportRequest.with("tenant", "fabrikam").with("number", "SR-1001")
            _ = try await api.ask(Self.open, as: Fixture.frida, .json(ticket)).json(201)
            func read(_ query: [(String, String)]) async throws -> Answer {
                try await api.ask(Self.one, ["number": "SR-1001"], query: query, as: Fixture.eve)
            }
            try await read([]).expectProblem(409, "ambiguous", field: "tenant")
            #expect(try await read([("tenant", "contoso")]).json(200) == Self.stored)
            try await read([("tenant", "nobody")]).expectProblem(404, "notFound")
        }
    }

    // MARK: - Threads

    private static let thread = "GET /v1/support-requests/{number}/messages"
    private static let write = "POST /v1/support-requests/{number}/messages"
    private static let close = "POST /v1/support-requests/{number}/close"
    private static let reopen = "POST /v1/support-requests/{number}/reopen"

    @Test func answerReplyClosingAndReopeningAreOneThread() async throws {
        try await APIWorld.with { api async throws in
            let path = ["number": "SR-1001"]
            func move(_ name: String, _ person: Person, _ body: JSONValue) async throws -> Answer {
                try await api.ask(name, path, as: person, .json(body))
            }
            let answer: JSONValue = [
                "number": 1, "by": ref(Fixture.eve), "side": "provider", "act": "wrote",
                "text": "Try again.", "at": instant(),
            ]
            #expect(
                try await move(Self.write, Fixture.eve, ["text": "Try again."]).json(201) == answer
            )
            let stored = try await api.ask(Self.one, path, as: Fixture.sue).json(200)
            #expect(stored["state"] == "answered")
            #expect(stored["lastAnswer"] == ["by": ref(Fixture.eve), "at": instant()])
            _ = try await move(Self.write, Fixture.sue, ["text": "It works."]).json(201)
            let closed = try await move(Self.close, Fixture.sue, ["comment": "Thanks."])
            #expect(try closed.json(200)["state"] == "closed")
            let late = try await move(Self.write, Fixture.eve, ["text": "Welcome."])
            try late.expectProblem(409, "supportRequestClosed")
            let access = try await api.ask(
                "POST /v1/requests",
                as: Fixture.eve,
                .json(Sample.accessRequest)
            )
            try access.expectProblem(409, "supportRequestClosed")
            let opened = try await move(Self.reopen, Fixture.eve, [:])
            #expect(try opened.json(200)["state"] == "open")
            let again = try await move(Self.reopen, Fixture.eve, [:])
            try again.expectProblem(409, "supportRequestNotClosed")
            let list = try await api.ask(Self.thread, path, as: Fixture.uma).json(200)
            let entries = list["items"].items
            #expect(entries.first == answer && list["next"] == nil)
            #expect(
                entries.compactMap { $0["act"].text } == ["wrote", "wrote", "closed", "reopened"]
            )
        }
    }

    @Test func listIsOfOneStateWhereItsNameIsOne() async throws {
        try await APIWorld.with { api async throws in
            _ = try await api.ask(Self.close, ["number": "SR-1001"], as: Fixture.sue).json(200)
            let list = try await api.ask(Self.list, query: [("state", "closed")], as: Fixture.eve)
            #expect(
                try list.json(200)["items"].items.compactMap { $0["number"].text } == ["SR-1001"]
            )
            let wrong = try await api.ask(Self.list, query: [("state", "lost")], as: Fixture.eve)
            try wrong.expectProblem(400, "badParameter", field: "state")
        }
    }

    @Test func whoOnlyReadsOrSeesNothingCannotMoveIt() async throws {
        try await APIWorld.with { api async throws in
            let path = ["number": "SR-1001"]
            for person in [Fixture.adam, Fixture.uma, Fixture.mark] {
                let answer = try await api.ask(Self.close, path, as: person)
                try answer.expectProblem(403, "notPermitted")
            }
            for person in [Fixture.tom, Fixture.frida, Fixture.vera] {
                for name in [Self.thread, Self.close, Self.reopen] {
                    try await api.ask(name, path, as: person).expectProblem(404, "notFound")
                }
                let written = try await api.ask(
                    Self.write,
                    path,
                    as: person,
                    .json(["text": "Hello"])
                )
                try written.expectProblem(404, "notFound")
            }
        }
    }

    @Test func programsThatAskInAuthZENsTermsAreRefusedForAClosedOne() async throws {
        try await APIWorld.with { api async throws in
            let eve = RequesterProgram(api: api)
            let denied = try await eve.denied()
            _ = try await api.ask(Self.close, ["number": "SR-1001"], as: Fixture.sue).json(200)
            let answer = try await eve.submit(denied)
            try answer.expectProblem(409, "supportRequestClosed")
        }
    }
}
