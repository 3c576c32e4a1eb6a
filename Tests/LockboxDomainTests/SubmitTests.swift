import LockboxDomain
import Testing

@Suite("Asking for access")
struct SubmitTests {
    @Test(arguments: Cast.allCases)
    func onlyAnEngineerOfTheProviderCanAsk(_ cast: Cast) throws {
        let person = try cast.person()
        let mayAsk: Set<Cast> = [.engineer, .otherEngineer, .engineerManager]
        let outcome = Result { () throws(Refusal) in try submit(by: person) }
        if mayAsk.contains(cast) {
            let (request, events) = try outcome.get()
            #expect(request.terms.engineer == person.id)
            #expect(events == [.request(.submitted(request))])
            #expect(request.version == 1)
            #expect(request.decisions.isEmpty)
        } else {
            #expect(throws: Refusal.notPermitted(.requestAccess)) { try outcome.get() }
        }
    }

    @Test(arguments: [
        ("", "missingField"), ("   \n  ", "missingField"), ("too short", "invalidField"),
        (String(repeating: "x", count: 2001), "invalidField"),
        ("Look at this \u{202E}gpj.exe", "invalidField"),
        ("A reason with \u{0} in it", "invalidField"),
        ("\u{3164}\u{3164}\u{3164}\u{3164}\u{3164}", "invalidField"),
        (
            "\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}",
            "missingField"
        ),
    ])
    func aReasonThatSaysNothingOrHidesSomethingIsRefused(_ reason: String, _ code: String) throws {
        do throws(Refusal) {
            _ = try submit(by: person(), reason: reason)
            Issue.record("accepted")
        } catch {
            #expect(error.field == "reason")
            #expect(error.code == code)
        }
    }

    @Test func reasonsAtTheBoundsAreTaken() throws {
        for count in [10, 2000] {
            let text = String(repeating: "é", count: count)
            #expect(try submit(by: person(), reason: " \(text)\r\n").request.terms.reason == text)
        }
    }

    @Test func longerThanTheTenantAllowsIsRefused() throws {
        #expect(throws: Refusal.exceedsCap(.minutes(30))) {
            try Scene.submitted(
                to: tenant(maxAccess: .minutes(30)),
                duration: .minutes(30) + millisecond
            )
        }
        _ = try Scene.submitted(to: tenant(maxAccess: .minutes(30)), duration: .minutes(30))
    }

    @Test func anUnlicensedTenantsCapHoldsToo() throws {
        #expect(throws: Refusal.exceedsCap(.hours(4))) {
            try Scene.submitted(to: tenant(licensed: false), duration: .hours(5))
        }
    }

    private func person() -> Person {
        guard let engineer = try? Cast.engineer.person() else { preconditionFailure() }
        return engineer
    }

    private func submit(
        by engineer: Person,
        reason: String = "Find the mails that vanished."
    ) throws(Refusal) -> (request: AccessRequest, events: [Event]) {
        guard let tenant = try? tenant(),
            let terms = try? terms(for: engineer, reason: reason, duration: .hours(1)),
            let approver = try? Cast.approver.person()
        else { preconditionFailure("the fixtures are wrong") }
        return try AccessRequest.submit(
            id: identifier(7),
            terms: terms,
            engineer: engineer,
            tenant: tenant,
            approvers: [approver],
            now: morning
        )
    }
}
