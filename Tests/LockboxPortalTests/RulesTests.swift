import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxService
import Testing

@testable import LockboxPortal

/// How a tenant's own rules come in, what is said of them before they hold, and what then holds.
struct RulesTests {
    private func form(_ changes: [(String, String)] = []) -> [(name: String, value: String)] {
        let standard = [
            ("approval", "on"), ("window", "12"), ("window-unit", "hours"), ("cap", "4"),
            ("cap-unit", "hours"),
            ("approvals", "1"), ("cooling", "1"), ("cooling-unit", "days"), ("programs", "on"),
            ("signed", "off"), ("unknown", "show"), ("changes", "off"),
            ("version", "1"), ("seen", "on PT12H PT4H 1 0 P1D on none off off off"),
        ]
        return (standard.filter { field in !changes.contains { $0.0 == field.0 } } + changes)
            .map { (name: $0.0, value: $0.1) }
    }

    private func sent(_ changes: [(String, String)]) -> [(String, String)] {
        form(changes).map { ($0.name, $0.value) }
    }

    private func policy(in world: PortalWorld) async throws -> Policy {
        try await world.lockbox.tenant("contoso", by: world.person("gita")).policy
    }

    // MARK: - Form

    @Test(arguments: [
        Policy.standard,
        Fixture.policy(requireApproval: false, decisionWindow: .days(14), maxAccess: .hours(24)),
        Fixture.policy(decisionWindow: .minutes(75), maxAccess: .seconds(95), approvalsNeeded: 10),
    ])
    func rulesComeBackFromTheirForm(_ policy: Policy) throws {
        let fields = PolicyForm(policy).fields
        #expect(try PolicyForm(Form(fields)).read() == policy)
        #expect(Policy(mark: policy.mark) == policy)
    }

    @Test func lengthIsShownInItsLargestUnit() {
        #expect(PolicyForm.Span(.hours(24)).unit == .days)
        #expect(PolicyForm.Span(.hours(36)).number == "36")
        #expect(PolicyForm.Span(.minutes(90)).unit == .minutes)
        #expect(PolicyForm.Span(.seconds(61)).unit == .seconds)
    }

    @Test(arguments: [
        ("window", "14", "minutes"), ("window", "15", "days"), ("window", "1e3", "hours"),
        ("window", "-4", "hours"),
        ("window", "٤", "hours"), ("window", "9999999", "days"), ("cap", "25", "hours"),
        ("cap", "0", "seconds"),
        ("cap", "1.5", "hours"), ("cap", "", "hours"), ("cooling", "59", "minutes"),
        ("cooling", "31", "days"),
    ])
    func lengthOutOfRangeIsMarked(_ name: String, _ number: String, _ unit: String) {
        let typed = PolicyForm(Form(form([(name, number), ("\(name)-unit", unit)])))
        let faults = #expect(throws: PolicyForm.Faults.self) { try typed.read() }
        #expect(faults?.found.count == 1)
        let fields: [String: PolicyForm.Field] = [
            "window": .window, "cap": .cap, "cooling": .cooling,
        ]
        #expect(fields[name].flatMap { faults?.of($0) } != nil)
    }

    @Test(arguments: [
        "on", "off PT12H PT4H", "on PT12H PT4H 1 2 P1D on none off off off",
        "on PT1S PT4H 1 0 P1D on none off off off",
        "on PT12H PT4H 1 0 P1D yes none off off off", "on PT12H PT4H 1 0 P1D on none maybe off off",
        "on PT12H PT4H 1 0 P1D on none off maybe off",
        "on PT12H PT4H 1 0 P1D on none off off maybe",
        "on PT12H PT4H 1 0",
        "<b>", "",
    ])
    func markThatIsNoneIsDropped(_ mark: String) { #expect(Policy(mark: mark) == nil) }

    // MARK: - What is said before

    private func sentences(
        from before: Policy,
        to after: Policy,
        isLicensed: Bool = true,
        approvers: Int = 2,
        isAgreed: Bool = true
    ) -> String {
        let work = OpenWork(
            grants: [],
            withManager: 1,
            withCustomer: 2,
            ofPrograms: 0,
            approvers: approvers
        )
        let tenant = Fixture.tenant(isLicensed: isLicensed, policy: before)
        return PolicyConsequences(
            from: tenant,
            to: after,
            work,
            isAgreed: isAgreed,
            provider: "Example Cloud",
            now: Fixture.now
        ).sentences
            .joined(separator: "\n")
    }

    @Test func switchingOffTellsWhatBecomesOfWhatWaits() {
        let told = sentences(from: .standard, to: Fixture.policy(requireApproval: false))
        #expect(told.contains("1 request that waits at Example Cloud now will not come to you"))
        #expect(told.contains("2 requests that wait for your decision now still need it"))
    }

    @Test func looserRulesThatWaitAreToldToWait() {
        let looser = Fixture.policy(maxAccess: .hours(8))
        let wait =
            "does not hold at once: it waits for 1 day, or until 1 of those who approve have agreed"
        #expect(sentences(from: .standard, to: looser, isAgreed: false).contains(wait))
        #expect(!sentences(from: .standard, to: looser).contains(wait))
        let stricter = Fixture.policy(maxAccess: .hours(1))
        #expect(!sentences(from: .standard, to: stricter, isAgreed: false).contains(wait))
    }

    @Test func everyApproverNeededIsTold() {
        let told = sentences(from: .standard, to: Fixture.policy(approvalsNeeded: 2))
        #expect(told.contains("those that wait already need them too"))
        #expect(told.contains("Each request needs both of your approvers"))
    }

    @Test func missingLicenceIsTold() {
        let told = sentences(
            from: Fixture.policy(requireApproval: false),
            to: Fixture.policy(requireApproval: false, maxAccess: .hours(1)),
            isLicensed: false
        )
        #expect(told.contains("approval is not in force whatever is chosen here"))
    }

    @Test func accessThatIsToldToEndIsWhatEnds() async throws {
        try await PortalWorld.with { world in
            let long = try await world.approved()
            let short = try await world.approved(
                try await world.reviewed(try await world.submitted(for: .minutes(30)))
            )
            let answer = try await world.send(
                "/settings/review",
                form: sent([("cap", "30"), ("cap-unit", "minutes")]),
                as: "gita"
            )
            #expect(answer.html.contains("Access of 1 request ends"))
            #expect(answer.html.contains("/lockbox/\(long.id.text)"))
            #expect(!answer.html.contains("/lockbox/\(short.id.text)"))
            #expect(try await policy(in: world) == .standard)

            _ = try await world.send(
                "/settings",
                form: sent([("cap", "30"), ("cap-unit", "minutes")]),
                as: "gita"
            )
            let adam = world.person("adam")
            #expect(
                try await world.lockbox.request(long.id.text, by: adam).request.state.ending?.reason
                    == .policyChanged
            )
            #expect(
                try await world.lockbox.request(short.id.text, by: adam).request.state.name
                    == .active
            )
        }
    }

    @Test func tooFewApproversAreTold() {
        #expect(ApproverCount(Fixture.contoso, []).tone == "bad")
        #expect(ApproverCount(Fixture.contoso, ["Adam"]).tone == "warn")
        #expect(!ApproverCount(Fixture.contoso, ["Adam", "Gita"]).isShown)
        let two = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        #expect(ApproverCount(two, ["Adam"]).tone == "bad")
        #expect(ApproverCount(two, ["Adam", "Gita"]).tone == "warn")
    }

    // MARK: - What holds then

    @Test func ruleThatSomebodyElseChangedStaysChanged() async throws {
        try await PortalWorld.with { world in
            try await world.policy { $0.maxAccess = .hours(2) }
            let late = try await world.send("/settings", form: sent([("window", "6")]), as: "gita")
            #expect(late.status == 409)
            #expect(try await policy(in: world).decisionWindow == .hours(12))
            let page = HTMLDocument(late.html)
            let again = page.all("form").first { $0["action"] == "/settings" }?.fields ?? []
            let taken = try await world.send("/settings", form: again, as: "gita")
            #expect(taken.location == "/settings?done=policyChanged")
            #expect(
                try await policy(in: world)
                    == Fixture.policy(decisionWindow: .hours(6), maxAccess: .hours(2))
            )
        }
    }

    @Test(arguments: [("6", 303), ("7", 409)])
    func newSecretComesWithEveryAnswer(_ window: String, _ status: Int) async throws {
        try await PortalWorld.with { world in
            _ = try await world.visit("/settings", as: "gita")
            world.clock.advance(by: .minutes(11))
            if status == 409 { try await world.policy { $0.approvalsNeeded = 2 } }
            let answer = try await world.send(
                "/settings",
                form: sent([("window", window), ("password", PortalWorld.password)]),
                as: "gita"
            )
            #expect(answer.status == status)
            let cookies = answer.headers[values: .setCookie].filter {
                $0.hasPrefix("__Host-lockbox=")
            }
            #expect(cookies.count == 1)
            // The page's next form is of the session as it goes on.
            if status == 409 {
                let again =
                    HTMLDocument(answer.html).all("form").first { $0["action"] == "/settings" }?
                    .fields ?? []
                #expect(try await world.send("/settings", form: again, as: "gita").status == 303)
            }
        }
    }

    @Test func nothingChangesWithoutThePassword() async throws {
        try await PortalWorld.with { world in
            _ = try await world.visit("/settings", as: "gita")
            world.clock.advance(by: .minutes(11))
            for password in ["", "wrong horse"] {
                let answer = try await world.send(
                    "/settings",
                    form: sent([("approval", "off"), ("password", password)]),
                    as: "gita"
                )
                #expect(answer.status == 422)
            }
            #expect(try await policy(in: world) == .standard)
        }
    }

    @Test func boxOfAnotherChangeIsNoConsent() async throws {
        try await PortalWorld.with { world in
            try await world.policy { $0.approvalsNeeded = 2 }
            let adam = world.person("adam")
            func send(_ sure: String) async throws -> Int {
                let form = [("role", "member"), ("seen", "approver"), ("sure", sure)]
                return try await world.send("/people/\(adam.id.text)", form: form, as: "gita")
                    .status
            }
            #expect(try await send("auditor") == 422)
            let people = try await world.lockbox.people(of: "contoso", by: world.person("gita"))
            #expect(people.first { $0.id == adam.id }?.roles == .approver)
            #expect(try await send("member") == 303)
        }
    }

    @Test func strangersAndOtherTenantsPeopleLookTheSame() async throws {
        try await PortalWorld.with { world in
            let foreign = try await world.visit("/people/{frida}", as: "gita")
            let unknown = try await world.visit("/people/PER-NOBODY", as: "gita")
            #expect(foreign.status == 404 && unknown.status == 404)
            #expect(
                HTMLDocument(foreign.html).visibleText == HTMLDocument(unknown.html).visibleText
            )
        }
    }
}
