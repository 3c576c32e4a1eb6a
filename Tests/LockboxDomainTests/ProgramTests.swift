import LockboxDomain
import LockboxFixtures
import Testing

/// Programs of the provider ask, for themselves and for engineers, and never decide.
struct ProgramTests {
    private static let robot = Fixture.robot
    private static let refusing: Tenant = {
        var tenant = Fixture.contoso
        tenant.policy.allowsPrograms = false
        return tenant
    }()

    private static func submit(
        for engineer: Person,
        by asker: Person? = nil,
        at tenant: Tenant = Fixture.contoso
    ) throws(Refusal) -> (request: AccessRequest, events: [Event]) {
        let program = [asker, engineer].compactMap { $0 }.first { $0.isProgram }
        return try AccessRequest.submit(
            id: Fixture.id(1),
            terms: AccessRequest.Terms(
                tenant: tenant.id,
                supportRequest: Fixture.supportRequest().number,
                engineer: engineer.id,
                reason: "The backup of this mailbox is damaged.",
                duration: .hours(1),
                scope: Fixture.scope,
                notBefore: nil,
                askedBy: program?.id
            ),
            engineer: engineer,
            by: asker,
            tenant: tenant,
            approvers: [Fixture.adam],
            now: Fixture.now
        )
    }

    private static func decide(
        _ request: inout AccessRequest,
        by person: Person,
        for engineer: Person,
        at tenant: Tenant = Fixture.contoso
    ) throws(Refusal) {
        _ = try request.decide(
            .approve(.none),
            comment: nil,
            by: person,
            version: request.version,
            in: Fixture.context(tenant, engineer: engineer),
            now: Fixture.now + .minutes(1)
        )
    }

    @Test func programAsksOnItsOwnBehalfAndHasTheAccess() throws {
        var (request, _) = try Self.submit(for: Self.robot, by: Self.robot)
        #expect(request.terms.askedBy == Self.robot.id && request.terms.askedOnBehalfBy == nil)
        try Self.decide(&request, by: Fixture.mark, for: Self.robot)
        try Self.decide(&request, by: Fixture.adam, for: Self.robot)
        let now = Fixture.now + .minutes(2)
        #expect(try request.mayUse(Fixture.mailbox, by: Self.robot, now: now).actions == .read)
        #expect(throws: Refusal.notPermitted(.obtainCredential)) {
            try request.mayUse(Fixture.mailbox, by: Fixture.eve, now: now)
        }
    }

    @Test func whatAProgramAskedForAnEngineerIsHersAlone() throws {
        var (request, _) = try Self.submit(for: Fixture.eve, by: Self.robot)
        #expect(request.terms.askedOnBehalfBy == Self.robot.id)
        try Self.decide(&request, by: Fixture.mark, for: Fixture.eve)
        try Self.decide(&request, by: Fixture.adam, for: Fixture.eve)
        let now = Fixture.now + .minutes(2)
        #expect(try request.mayUse(Fixture.mailbox, by: Fixture.eve, now: now).actions == .read)
        #expect(throws: Refusal.notPermitted(.obtainCredential)) {
            try request.mayUse(Fixture.mailbox, by: Self.robot, now: now)
        }
        #expect(throws: Refusal.notPermitted(.finish)) {
            var copy = request
            _ = try copy.finish(comment: nil, by: Self.robot, now: now)
        }
        #expect(throws: Refusal.notPermitted(.postMessage)) {
            _ = try request.post(
                "Hello?",
                number: 1,
                by: Self.robot,
                engineer: Fixture.eve,
                now: now
            )
        }
    }

    @Test func engineerHerselfDecidesNothingThatAProgramAskedForHer() throws {
        var (request, _) = try Self.submit(for: Fixture.max, by: Self.robot)
        #expect(throws: Refusal.ownRequest) {
            try Self.decide(&request, by: Fixture.max, for: Fixture.max)
        }
    }

    @Test func engineerAndProgramCanEachWithdrawAndNobodyElse() throws {
        for person in [Fixture.eve, Self.robot] {
            var (request, _) = try Self.submit(for: Fixture.eve, by: Self.robot)
            _ = try request.withdraw(comment: nil, by: person, now: Fixture.now)
            #expect(request.state.name == .withdrawn)
        }
        var (request, _) = try Self.submit(for: Fixture.eve, by: Self.robot)
        for person in [Fixture.max, Fixture.mark, Fixture.adam] {
            #expect(throws: Refusal.notPermitted(.withdraw)) {
                _ = try request.withdraw(comment: nil, by: person, now: Fixture.now)
            }
        }
    }

    @Test func onlyAProgramAsksForSomebodyElseAndOnlyForAnEngineer() throws {
        #expect {
            try AccessRequest.requireMayAsk(Fixture.eve, for: Fixture.max)
        } throws: {
            ($0 as? Refusal)?.field == "engineer" && ($0 as? Refusal)?.code == "invalidField"
        }
        var off = Fixture.eve
        off.isDisabled = true
        let other = Person(
            id: Fixture.id(18),
            side: .provider,
            name: "Another",
            email: EmailAddress("other-bot@example-cloud.test")!,
            roles: .engineer,
            isProgram: true
        )
        for engineer in [nil, off, Fixture.mark, Fixture.adam, other] {
            #expect(throws: Refusal.unknownReference(field: "engineer", noun: .person)) {
                try AccessRequest.requireMayAsk(Self.robot, for: engineer)
            }
        }
        #expect(throws: Refusal.unknownReference(field: "engineer", noun: .person)) {
            _ = try Self.submit(for: other, by: Self.robot)
        }
    }

    // MARK: - A tenant that lets no program ask

    @Test func tenantRefusesProgramsAndNoPeople() throws {
        for engineer in [Self.robot, Fixture.eve] {
            #expect(throws: Refusal.programsRefused) {
                _ = try Self.submit(for: engineer, by: Self.robot, at: Self.refusing)
            }
        }
        _ = try Self.submit(for: Fixture.eve, at: Self.refusing)
    }

    @Test func whatAProgramAskedIsApprovedByNobodyWhereProgramsAreRefusedMeanwhile() throws {
        var (request, _) = try Self.submit(for: Fixture.eve, by: Self.robot)
        for person in [Fixture.mark, Fixture.adam] {
            #expect(throws: Refusal.programsRefused) {
                try Self.decide(&request, by: person, for: Fixture.eve, at: Self.refusing)
            }
            try Self.decide(&request, by: person, for: Fixture.eve)
        }
    }

    @Test func rulesThatRefuseProgramsEndWhatOneAskedAndNothingElse() throws {
        func apply(_ request: inout AccessRequest) throws {
            _ = try request.applyRules(
                of: Self.refusing,
                licenceWithdrawn: false,
                by: Fixture.gita.id,
                now: Fixture.now + .minutes(5)
            )
        }
        var waiting = try Self.submit(for: Fixture.eve, by: Self.robot).request
        var open = waiting
        try Self.decide(&open, by: Fixture.mark, for: Fixture.eve)
        try Self.decide(&open, by: Fixture.adam, for: Fixture.eve)
        var people = try Self.submit(for: Fixture.eve).request
        for request in [waiting, people] {
            #expect(!request.isEnded(byRulesOf: Self.refusing, licenceWithdrawn: false))
        }
        #expect(waiting.isTakenBack(byRulesOf: Self.refusing))
        #expect(!people.isTakenBack(byRulesOf: Self.refusing))
        try apply(&waiting)
        try apply(&open)
        try apply(&people)
        #expect(waiting.state.name == .withdrawn)
        #expect(open.state.ending?.reason == .policyChanged)
        #expect(open.state.ending?.by == Fixture.gita.id)
        #expect(people.state.name == .awaitingManager)
    }

    @Test func programThatLeftTakesBackWhatWaitsAndEndsNobodysAccess() throws {
        var waiting = try Self.submit(for: Fixture.eve, by: Self.robot).request
        var open = waiting
        try Self.decide(&open, by: Fixture.mark, for: Fixture.eve)
        try Self.decide(&open, by: Fixture.adam, for: Fixture.eve)
        let now = Fixture.now + .minutes(5)
        #expect(try waiting.programLeft(now: now) == [.request(.withdrawn(waiting))])
        #expect(try open.programLeft(now: now) == [])
        #expect(waiting.state.name == .withdrawn && open.state.name == .active)
    }

    // MARK: - What a program cannot be

    @Test func programHoldsNoRoleThatDecidesWhateverIsStored() throws {
        let every = Roles.all.map(\.role)
        for role in every {
            let program = Person(
                id: Fixture.id(19),
                side: .provider,
                name: "Much",
                email: EmailAddress("much@example-cloud.test")!,
                roles: role,
                isProgram: true
            )
            #expect(program.holds(oneOf: role, at: .provider) == (role == .engineer))
            #expect(!program.maySignIn)
            if role == .engineer {
                try program.requireFitProgram()
            } else {
                #expect {
                    try program.requireFitProgram()
                } throws: {
                    ($0 as? Refusal)?.field == "roles"
                }
            }
        }
    }

    @Test func programIsOfTheProviderAlone() {
        let program = Person(
            id: Fixture.id(19),
            side: .tenant(Fixture.contoso.id),
            name: "Theirs",
            email: EmailAddress("bot@contoso.test")!,
            roles: [],
            isProgram: true
        )
        #expect {
            try program.requireFitProgram()
        } throws: {
            ($0 as? Refusal)?.field == "program"
        }
    }

    @Test func nameOfAProgramIsShownWithItsMark() {
        #expect(Self.robot.markedName == "Backup checker (a program)")
        #expect(Fixture.eve.markedName == "Eve Park")
    }
}
