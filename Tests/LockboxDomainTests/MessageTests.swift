import LockboxDomain
import Testing

@Suite("Questions and answers")
struct MessageTests {
    private static let text = "Why do you need to write?"

    private func post(
        _ text: String = text,
        number: Int = 1,
        in scene: Scene,
        by person: Person,
        engineer: Person? = nil,
        now: Timestamp? = nil
    ) throws -> (message: Message, events: [Event]) {
        try scene.request.post(
            text,
            number: number,
            by: person,
            engineer: engineer ?? scene.engineer,
            now: now ?? scene.now
        )
    }

    @Test(arguments: Cast.allCases)
    func onlyWhoDecidesAndWhoAskedCanWrite(_ cast: Cast) throws {
        let scene = try Scene.inState(.awaitingCustomer)
        let person = try cast.person()
        let engineer = cast.madeTheRequest ? person : scene.engineer
        let outcome = Result { try post(in: scene, by: person, engineer: engineer) }
        switch cast {
        case .engineer, .engineerManager, .manager, .aliasManager, .approver, .admin:
            let message = try outcome.get().message
            #expect(
                message
                    == Message(
                        number: 1,
                        request: scene.request.id,
                        person: person.id,
                        text: Self.text,
                        at: scene.now
                    )
            )
        case .foreignApprover:
            #expect(throws: Refusal.notFound(.accessRequest)) { try outcome.get() }
        case .otherEngineer, .disabledEngineer, .operator, .providerAuditor, .member,
            .tenantAuditor,
            .disabledApprover, .aliasApprover:
            #expect(throws: Refusal.notPermitted(.postMessage)) { try outcome.get() }
        }
    }

    @Test(arguments: AccessRequest.StateName.allCases)
    func aRequestThatIsOverTakesNoMessages(_ state: AccessRequest.StateName) throws {
        let scene = try Scene.inState(state)
        for cast in [Cast.engineer, .manager, .approver] {
            let outcome = Result { try post(in: scene, by: try cast.person()) }
            if state.isTerminal {
                #expect(throws: Refusal.wrongState(state)) { try outcome.get() }
            } else {
                #expect(try outcome.get().events.map(\.kind) == ["messagePosted"])
            }
        }
    }

    @Test func theEventShowsTheRequestUnchangedInVersionAndDeadline() throws {
        let scene = try Scene.inState(.awaitingCustomer)
        let (message, events) = try post(
            in: scene,
            by: Cast.approver.person(),
            now: scene.now + .hours(1)
        )
        #expect(events == [.request(.messagePosted(scene.request, message))])
        #expect(events.map(\.side) == [.tenant(try slug("contoso"))])
        #expect(events.map(\.isCausedByTime) == [false])
    }

    @Test func atTheDeadlineItIsTooLate() throws {
        let scene = try Scene.inState(.awaitingCustomer)
        let decideBy = try required(scene.request.state.decideBy)
        let approver = try Cast.approver.person()
        #expect(
            try post(in: scene, by: approver, now: decideBy - millisecond).message.at == decideBy
                - millisecond
        )
        #expect(throws: Refusal.stale(current: scene.request.version + 1)) {
            try post(in: scene, by: approver, now: decideBy)
        }
        var late = scene
        late.now = decideBy
        late.passTime()
        #expect(throws: Refusal.wrongState(.expired)) { try post(in: late, by: approver) }
    }

    @Test func textIsCheckedAndTrimmed() throws {
        let scene = try Scene.inState(.active)
        func text(_ raw: String) throws -> String {
            try post(raw, in: scene, by: scene.engineer).message.text
        }
        #expect(try text("  Two\nlines.\t ") == "Two\nlines.")
        #expect(try text(String(repeating: "é", count: 2000)).count == 2000)
        #expect(throws: Refusal.invalid(field: "text", problem: .tooLong(maximum: 2000))) {
            try text(String(repeating: "é", count: 2001))
        }
        for blank in ["", " \n", "\u{2800}"] {
            #expect(throws: Refusal.invalid(field: "text", problem: .missing)) { try text(blank) }
        }
        #expect(throws: Refusal.invalid(field: "text", problem: .controlCharacters)) {
            try text("a\u{202E}b")
        }
    }

    @Test func aThreadHasAnEnd() throws {
        let scene = try Scene.inState(.awaitingManager)
        #expect(try post(number: 100, in: scene, by: scene.engineer).message.number == 100)
        #expect(throws: Refusal.limitReached(.messages)) {
            try post(number: 101, in: scene, by: scene.engineer)
        }
    }
}

@Suite("Muted letters")
struct MutedLettersTests {
    @Test func namesAreReadBack() throws {
        for raw in UInt8(0)..<8 {
            let muted = MutedLetters(rawValue: raw)
            #expect(try MutedLetters(names: muted.names, field: "muted") == muted)
            #expect(try MutedLetters(names: muted.names.reversed(), field: "muted") == muted)
        }
    }

    @Test func unknownAndRepeatedNamesAreRefused() {
        for name in ["", "customerAsked", "removalFailed", "Reminders", "all"] {
            #expect(
                throws: Refusal.invalid(
                    field: "muted[1]",
                    problem: .malformed(
                        expected: "one of reminders, accessBegan, accessReports, supportMessages"
                    )
                )
            ) { try MutedLetters(names: ["reminders", name], field: "muted") }
        }
        #expect(throws: Refusal.invalid(field: "muted[1]", problem: .duplicate)) {
            try MutedLetters(names: ["reminders", "reminders"], field: "muted")
        }
    }
}
