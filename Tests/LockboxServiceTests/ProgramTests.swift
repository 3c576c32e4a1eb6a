import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Programs of the provider that ask: who they ask for, what they see, and who lets them.
struct ProgramTests {
    private static let robot = Fixture.robot

    private static func with(
        contoso: Tenant = Fixture.contoso,
        _ body: (TestWorld) async throws -> Void
    ) async throws {
        try await TestWorld.with(contoso: contoso, people: [robot]) { world async throws in
            try await body(world)
            try await world.expectConsistentLogs()
        }
    }

    private static func asked(
        for engineer: String?,
        by asker: Person = robot,
        _ world: TestWorld
    ) async throws -> AccessRequest {
        let draft = TestWorld.draft { $0.engineer = engineer }
        return try await world.lockbox.submit(draft, by: asker, key: nil).request
    }

    private static func refusal(
        for engineer: String?,
        by asker: Person = robot,
        _ world: TestWorld
    ) async throws -> Refusal {
        try await world.refusal { _ = try await asked(for: engineer, by: asker, world) }
    }

    private static func refusePrograms(_ world: TestWorld) async throws {
        var policy = Policy.standard
        policy.allowsPrograms = false
        _ = try await world.lockbox.changePolicy(
            of: "contoso",
            to: policy,
            version: 1,
            by: Fixture.gita
        )
    }

    @Test func programAsksForItselfAndForWhomItNames() async throws {
        try await Self.with { world in
            let own = try await Self.asked(for: nil, world)
            #expect(own.terms.engineer == Self.robot.id && own.terms.askedBy == Self.robot.id)
            for named in [Self.robot.id.text, "Backup-Bot@Example-Cloud.test"] {
                let again = try await Self.asked(for: named, world)
                #expect(again.terms.engineer == Self.robot.id)
            }
            for named in [Fixture.eve.id.text, "EVE@example-cloud.test"] {
                let hers = try await Self.asked(for: named, world)
                #expect(hers.terms.engineer == Fixture.eve.id)
                #expect(hers.terms.askedBy == Self.robot.id)
            }
            let entry = try #require(
                try await world.entries().last { $0.activity == "request.submitted" }
            )
            let leaf = String(decoding: entry.bytes, as: UTF8.self)
            #expect(leaf.contains(#""askedBy":"\#(Self.robot.id)""#))
            #expect(
                entry.texts.first { $0.field == "actorName" }?.text == "Backup checker (a program)"
            )
        }
    }

    @Test func peopleNameNobodyButThemselves() async throws {
        try await Self.with { world in
            let own = try await Self.asked(for: "eve@example-cloud.test", by: Fixture.eve, world)
            #expect(own.terms.askedBy == nil && own.terms.engineer == Fixture.eve.id)
            for named in [Fixture.max.email.text, "nobody@example-cloud.test", "?"] {
                let refusal = try await Self.refusal(for: named, by: Fixture.eve, world)
                #expect(refusal.field == "engineer" && refusal.code == "invalidField")
            }
        }
    }

    @Test func whoIsNoEngineerToAskForIsUnknown() async throws {
        try await Self.with { world in
            var off = Fixture.max
            off.isDisabled = true
            _ = try await world.audited.write(by: .console) { [off] change in
                try change.update(Fixture.max, to: off)
            }
            let names = [
                Fixture.mark.email.text, Fixture.adam.id.text, off.email.text, "who@else.test", "",
                "PER-0000000000",
            ]
            for named in names {
                #expect(
                    try await Self.refusal(for: named, world)
                        == .unknownReference(field: "engineer", noun: .person),
                    "\(named)"
                )
            }
        }
    }

    @Test func programSeesAndWithdrawsWhatItAskedForAndNothingElse() async throws {
        try await Self.with { world in
            let hers = try await world.submitted()
            let asked = try await Self.asked(for: Fixture.eve.email.text, world)
            let page = ListPage(limit: 50)
            let listed = try await world.lockbox.requests(
                RequestFilter(),
                tenant: nil,
                page: page,
                by: Self.robot
            )
            #expect(listed.items.map(\.request.id) == [asked.id])
            await #expect(throws: Refusal.notFound(.page)) {
                _ = try await world.lockbox.supportRequests(
                    tenant: nil,
                    page: page,
                    by: Self.robot
                )
            }
            let view = try await world.lockbox.request(asked.id.text, by: Self.robot)
            #expect(view.people[Self.robot.id] == Self.robot)
            for id in [hers.id.text, "LBX-0000000000"] {
                await #expect(throws: Refusal.notFound(.accessRequest)) {
                    _ = try await world.lockbox.request(id, by: Self.robot)
                }
            }
            let refusal = try await world.refusal {
                _ = try await world.lockbox.withdraw(
                    hers.id.text,
                    comment: nil,
                    by: Self.robot,
                    key: nil
                )
            }
            #expect(refusal == .notFound(.accessRequest))
            let taken = try await world.lockbox.withdraw(
                asked.id.text,
                comment: nil,
                by: Self.robot,
                key: nil
            )
            #expect(taken.request.state.name == .withdrawn)
        }
    }

    @Test func engineerAndNotTheProgramObtainsTheCredential() async throws {
        try await Self.with { world in
            var request = try await Self.asked(for: Fixture.eve.email.text, world)
            request = try await world.decide(TestWorld.yes, on: request, by: Fixture.mark)
            request = try await world.decide(TestWorld.yes, on: request, by: Fixture.adam)
            let refusal = try await world.refusal {
                _ = try await world.lockbox.issueCredential(
                    for: request.id.text,
                    service: nil,
                    resource: nil,
                    by: Self.robot,
                    key: nil
                )
            }
            #expect(refusal == .notPermitted(.obtainCredential))
            let issued = try await world.credential(for: request)
            #expect(issued.credential.engineer == Fixture.eve.id)
        }
    }

    @Test func programDecidesNothing() async throws {
        try await Self.with { world in
            let own = try await Self.asked(for: nil, world)
            let hers = try await Self.asked(for: Fixture.eve.email.text, world)
            for request in [own, hers] {
                for draft in [TestWorld.yes, TestWorld.no] {
                    let refusal = try await world.refusal {
                        try await world.decide(draft, on: request, by: Self.robot)
                    }
                    #expect(refusal == .notPermitted(.decideAsManager))
                }
                let refusal = try await world.refusal {
                    _ = try await world.lockbox.revoke(
                        request.id.text,
                        comment: nil,
                        by: Self.robot,
                        key: nil
                    )
                }
                #expect(refusal == .notPermitted(.revoke))
            }
        }
    }

    // MARK: - Bounds

    @Test func whatAProgramAsksTakesNoRoomFromTheEngineer() async throws {
        try await Self.with { world in
            let support = Fixture.supportRequest()
            let (now, entropy) = (world.clock.now(), SeededEntropy(seed: 9))
            try await world.audited.write(by: .person(Self.robot)) { change in
                for _ in 0..<Limits.requestsAtTenantPerDay {
                    var (request, events) = try AccessRequest.submit(
                        id: entropy.id(),
                        terms: AccessRequest.Terms(
                            tenant: Fixture.contoso.id,
                            supportRequest: support.number,
                            engineer: Fixture.eve.id,
                            reason: "Look why mail does not arrive.",
                            duration: .hours(2),
                            scope: Fixture.scope,
                            notBefore: nil,
                            askedBy: Self.robot.id
                        ),
                        engineer: Fixture.eve,
                        by: Self.robot,
                        tenant: Fixture.contoso,
                        approvers: [Fixture.adam],
                        now: now
                    )
                    try change.save(request, events)
                    events = try request.withdraw(comment: nil, by: Self.robot, now: now)
                    try change.save(request, events)
                }
            }
            let refusal = try await Self.refusal(for: Fixture.eve.email.text, world)
            #expect(refusal == .dailyLimitReached(.requestsAtTenant, wait: .days(1)))
            #expect(
                try await Self.refusal(for: nil, world)
                    == .dailyLimitReached(.requestsAtTenant, wait: .days(1))
            )
            _ = try await world.submitted()
        }
    }

    @Test func openRequestsCountAgainstWhoAsked() async throws {
        try await Self.with { world in
            for _ in 0..<3 { _ = try await Self.asked(for: Fixture.eve.email.text, world) }
            let open = try await world.store.read { tx in
                (
                    try tx.openRequests(askedBy: Self.robot.id).count,
                    try tx.openRequests(of: nil, engineer: Fixture.eve.id).count {
                        $0.terms.askedBy == nil
                    }
                )
            }
            #expect(open == (3, 0))
        }
    }

    @Test func denialHoldsOffEngineerAndProgramAlike() async throws {
        try await Self.with { world in
            var request = try await Self.asked(for: Fixture.eve.email.text, world)
            request = try await world.decide(TestWorld.yes, on: request, by: Fixture.mark)
            _ = try await world.decide(TestWorld.no, on: request, by: Fixture.adam)
            for engineer in [nil, Fixture.eve.email.text, Fixture.max.email.text] {
                let refusal = try await Self.refusal(for: engineer, world)
                #expect(refusal == .limitReached(.deniedJustNow))
            }
            let refusal = try await Self.refusal(for: nil, by: Fixture.eve, world)
            #expect(refusal == .limitReached(.deniedJustNow))
            world.clock.advance(by: Limits.waitAfterDenial)
            _ = try await Self.asked(for: nil, world)
        }
    }

    // MARK: - Tenants that let none ask

    @Test func tenantThatRefusesProgramsKeepsNothingOfThem() async throws {
        try await Self.with { world in
            let waiting = try await Self.asked(for: nil, world)
            var open = try await Self.asked(for: Fixture.eve.email.text, world)
            open = try await world.decide(TestWorld.yes, on: open, by: Fixture.mark)
            open = try await world.decide(TestWorld.yes, on: open, by: Fixture.adam)
            let hers = try await world.submitted()
            try await Self.refusePrograms(world)
            let taken = try await world.stored(waiting.id)
            #expect(taken.state.name == .withdrawn)
            #expect(try await world.stored(open.id).state.ending?.reason == .policyChanged)
            #expect(try await world.stored(hers.id).state.name == .awaitingManager)
            for engineer in [nil, Fixture.eve.email.text] {
                #expect(try await Self.refusal(for: engineer, world) == .programsRefused)
            }
            _ = try await world.submitted()
        }
    }

    @Test func policyThatSaysNothingOfProgramsLeavesThatAsItIs() async throws {
        try await Self.with { world in
            try await Self.refusePrograms(world)
            let kept = try await world.lockbox.changePolicy(
                of: "contoso",
                to: Fixture.policy(maxAccess: .hours(3)),
                matching: .exactly(2),
                completing: { wanted, present in
                    var policy = wanted
                    policy.allowsPrograms = present.allowsPrograms
                    return policy
                },
                by: Fixture.gita
            ).tenant
            #expect(!kept.policy.allowsPrograms && kept.policy.maxAccess == .hours(3))
        }
    }

    // MARK: - Who is a program

    @Test func programThatIsSwitchedOffLeavesNothingWaiting() async throws {
        try await Self.with { world in
            let own = try await Self.asked(for: nil, world)
            let hers = try await Self.asked(for: Fixture.eve.email.text, world)
            let file = OwnPeopleTests.file(
                [],
                provider: [OwnPeopleTests.human(Self.robot, disabled: true, program: true)]
            )
            _ = try await world.lockbox.apply(file)
            for id in [own.id, hers.id] {
                #expect(try await world.stored(id).state.name == .withdrawn)
            }
        }
    }

    @Test func fileAddsAProgram() async throws {
        try await TestWorld.with { world async throws in
            let entry = OwnPeopleTests.human(Self.robot, program: true)
            let report = try await world.lockbox.apply(
                OwnPeopleTests.file([], provider: [entry])
            )
            #expect(
                report.changes == ["program backup-bot@example-cloud.test added: engineer"]
            )
            let stored = try await world.store.read {
                try $0.person(identifiedBy: Identity(local: Self.robot.email))
            }
            #expect(stored?.isProgram == true)
            #expect(
                try await world.lockbox.apply(OwnPeopleTests.file([], provider: [entry])).changes
                    == []
            )
            try await world.expectConsistentLogs()
        }
    }

    @Test func whatIsAProgramBecomesNoPersonAndNoPersonAProgram() async throws {
        try await Self.with { world in
            for (entry, words) in [
                (OwnPeopleTests.human(Self.robot), "is a program, and becomes no person"),
                (OwnPeopleTests.human(Fixture.eve, program: true), "is a person, and becomes no"),
            ] {
                let file = OwnPeopleTests.file([], provider: [entry])
                await #expect {
                    _ = try await world.lockbox.apply(file)
                } throws: {
                    ($0 as? DirectoryProblem)?.sentence.contains(words) == true
                }
            }
        }
    }

    @Test func fileGivesAProgramNoRoleThatDecidesAndNoTenantOne() async throws {
        try await Self.with { world in
            let manager = OwnPeopleTests.human(
                Self.robot,
                roles: [.engineer, .manager],
                program: true
            )
            let theirs = OwnPeopleTests.human(Fixture.tom, email: "bot@contoso.test", program: true)
            for file in [
                OwnPeopleTests.file([], provider: [manager]), OwnPeopleTests.file([theirs]),
            ] {
                await #expect(throws: DirectoryProblem.self) {
                    _ = try await world.lockbox.apply(file)
                }
            }
        }
    }
}
