import LockboxDomain
import LockboxFixtures
import Testing

@Suite("Support requests that live")
struct SupportRequestTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func opened() throws -> SupportRequest {
        try SupportRequest(
            tenant: slug("contoso"),
            number: required(SupportRequestNumber("SR-1")),
            subject: "Mail",
            description: "It is gone.",
            service: nil,
            url: nil,
            openedBy: try Cast.member.person(),
            openedAt: Self.now
        )
    }

    private static let takesPart: Set<Cast> = [
        .engineer, .otherEngineer, .engineerManager, .admin, .member,
    ]

    @Test(arguments: Cast.allCases)
    func onlyItsOpenerAnAdministratorAndEngineersTakePart(_ cast: Cast) throws {
        let person = try cast.person()
        var support = try opened()
        let moves: [(inout SupportRequest) throws -> SupportEntry] = [
            { try $0.write("Try again.", by: person, now: Self.now) },
            { try $0.close(comment: nil, by: person, now: Self.now) },
            { try $0.reopen(comment: nil, by: person, now: Self.now) },
        ]
        for move in moves {
            let outcome = Result { try move(&support) }
            if Self.takesPart.contains(cast) {
                #expect(throws: Never.self) { try outcome.get() }
            } else {
                let refusal: Refusal =
                    cast == .foreignApprover
                    ? .notFound(.supportRequest) : .notPermitted(.writeOnSupportRequest)
                #expect(throws: refusal) { try outcome.get() }
                #expect(try support == opened())
            }
        }
    }

    @Test func anotherMemberAndAProgramTakeNoPart() throws {
        let contoso = Side.tenant(try slug("contoso"))
        let support = try opened()
        let other = Fixture.person(90, "Tom", "tom@contoso.test", .member, at: contoso)
        #expect(!support.mayTakePart(other))
        let program = Person(
            id: Fixture.id(91),
            side: .provider,
            name: "Checker",
            email: try required(EmailAddress("checker@example-cloud.test")),
            roles: .engineer,
            isProgram: true
        )
        #expect(!support.mayTakePart(program))
    }

    @Test func anAnswerMakesItAnsweredAndAReplyOpen() throws {
        let (eve, sue) = (try Cast.engineer.person(), try Cast.member.person())
        var support = try opened()
        #expect(support.state == .open && support.lastAnswer == nil)
        let answer = try support.write(" Try again. ", by: eve, now: Self.now)
        #expect(
            answer
                == SupportEntry(
                    number: 1,
                    person: eve.id,
                    act: .wrote,
                    text: "Try again.",
                    at: Self.now
                )
        )
        #expect(support.state == .answered)
        let told = SupportRequest.Answer(person: eve.id, at: Self.now)
        #expect(support.lastAnswer == told)
        let reply = try support.write("No.", by: sue, now: Self.now + .minutes(1))
        #expect(reply.number == 2 && support.state == .open && support.lastAnswer == told)
    }

    @Test func aClosedOneTakesNothingUntilItIsReopened() throws {
        let sue = try Cast.member.person()
        var support = try opened()
        #expect(throws: Refusal.supportRequestNotClosed) {
            try support.reopen(comment: nil, by: sue, now: Self.now)
        }
        let closed = try support.close(comment: "Thanks.", by: sue, now: Self.now)
        #expect(closed.act == .closed && closed.text == "Thanks." && support.state == .closed)
        #expect(throws: Refusal.supportRequestClosed) { try support.requireNotClosed() }
        #expect(throws: Refusal.supportRequestClosed) {
            try support.write("More.", by: sue, now: Self.now)
        }
        #expect(throws: Refusal.supportRequestClosed) {
            try support.close(comment: nil, by: sue, now: Self.now)
        }
        let reopened = try support.reopen(comment: " ", by: sue, now: Self.now)
        #expect(reopened.act == .reopened && reopened.text == nil && support.state == .open)
        #expect(throws: Never.self) { try support.requireNotClosed() }
    }

    @Test func aFullThreadCanStillBeClosedAndStaysSo() throws {
        let sue = try Cast.member.person()
        var support = try opened()
        for number in 1...Limits.messagesPerRequest {
            #expect(try support.write("\(number)", by: sue, now: Self.now).number == number)
        }
        #expect(throws: Refusal.limitReached(.supportEntries)) {
            try support.write("One more.", by: sue, now: Self.now)
        }
        _ = try support.close(comment: nil, by: sue, now: Self.now)
        #expect(throws: Refusal.limitReached(.supportEntries)) {
            try support.reopen(comment: nil, by: sue, now: Self.now)
        }
    }

    @Test(arguments: ["", " \n", String(repeating: "a", count: 2001), "a\u{202E}b"])
    func aTextThatIsNoneIsRefused(_ text: String) throws {
        let sue = try Cast.member.person()
        var support = try opened()
        #expect(throws: Refusal.self) { try support.write(text, by: sue, now: Self.now) }
        #expect(try support == opened())
    }

    @Test(arguments: AccessRequest.StateName.allCases)
    func closingTakesBackWhatWaitsAndNothingElse(_ state: AccessRequest.StateName) throws {
        let scene = try Scene.inState(state)
        var request = scene.request
        let happened = try request.supportRequestClosed(now: scene.now)
        if state == .awaitingManager || state == .awaitingCustomer {
            #expect(happened == [.request(.withdrawn(request))])
            guard case .withdrawn(let at, let comment) = request.state else {
                Issue.record("it waits: \(request.state)")
                return
            }
            #expect(at == scene.now && comment?.hasSuffix("was closed.") == true)
        } else {
            #expect(happened == [] && request == scene.request)
        }
    }
}
