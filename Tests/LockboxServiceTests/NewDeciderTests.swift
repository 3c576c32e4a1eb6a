import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// The yes of who decides since just now counts later, or once as many confirm it as must approve.
@Suite struct NewDeciderTests {
    private static let id = Fixture.contoso.id
    private static let amy = Fixture.person(21, "Amy Wu", "amy@contoso.test", [.admin])

    /// Gita has signed in; `needed` approvals are needed.
    private static func with(
        needed: Int = 2,
        _ body: (TestWorld) async throws -> Void
    ) async throws {
        var tenant = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: needed))
        let isFirst = tenant.noteSignIn(of: Fixture.gita, at: Fixture.now)
        try #require(isFirst)
        try await TestWorld.with(contoso: tenant, people: [amy]) { world in
            try await world.audited.write(by: .person(Fixture.gita)) { [tenant] change in
                change.emit(.directory(.tenantAdministered(tenant)))
            }
            try await body(world)
            try await world.expectConsistentLogs()
        }
    }

    @discardableResult
    private static func promote(
        _ world: TestWorld,
        _ person: Person = Fixture.tom,
        with token: TokenScopes? = nil,
        by admin: Person = Fixture.gita
    ) async throws -> Person {
        try await world.lockbox.changeRoles(
            of: person.id.text,
            in: id.text,
            to: ["member", "approver"],
            with: token,
            by: admin
        )
    }

    private static func confirm(
        _ person: Person,
        by caller: Person,
        _ world: TestWorld
    ) async throws -> Person {
        try await world.lockbox.confirmDecider(person.id.text, of: id.text, by: caller)
    }

    private static func stored(_ person: Person, _ world: TestWorld) async throws -> Person {
        try #require(try await world.store.read { try $0.person(person.id) })
    }

    @Test func newApproversYesCountsAfterTheCoolingOffAndHerNoAtOnce() async throws {
        try await Self.with { world in
            let tom = try await Self.promote(world)
            let first = world.clock.now() + .hours(24)
            #expect(
                tom.decisionDelay
                    == DecisionDelay(endsAt: first, confirmedBy: [Fixture.gita.id])
            )
            world.clock.advance(by: TimeSpan(milliseconds: 24 * 3_600_000 - 1))
            let request = try await world.reviewed()
            let refusal = try await world.refusal {
                try await world.decide(TestWorld.yes, on: request, by: tom)
            }
            #expect(refusal == .decidesLater(first))
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            let once = try await world.decide(TestWorld.yes, on: request, by: tom)
            #expect(once.decisions.count == 2)
            let twice = try await world.decide(TestWorld.yes, on: once, by: Fixture.adam)
            #expect(twice.state.name == .active)
        }
        try await Self.with { world in
            let tom = try await Self.promote(world)
            let request = try await world.reviewed()
            let denied = try await world.decide(TestWorld.no, on: request, by: tom)
            #expect(denied.state.name == .denied)
        }
    }

    @Test func whoStopsAccessNeedNotWait() async throws {
        try await Self.with(needed: 1) { world in
            let request = try await world.approved()
            let tom = try await Self.promote(world, with: .administer)
            #expect(tom.decisionDelay?.confirmedBy == [])
            let view = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: tom,
                key: nil
            )
            #expect(view.request.state.name == .ended)
        }
    }

    @Test func whereOneApprovalIsEnoughOneAdministratorsWordIs() async throws {
        try await Self.with(needed: 1) { world in
            let tom = try await Self.promote(world)
            #expect(tom.decisionDelay == nil)
            let request = try await world.reviewed()
            let decided = try await world.decide(TestWorld.yes, on: request, by: tom)
            #expect(decided.state.name == .active)
        }
    }

    @Test func othersConfirmHerAndSheDoesNot() async throws {
        try await Self.with(needed: 3) { world in
            let tom = try await Self.promote(world)
            for other in [tom, Fixture.sue, Fixture.uma, Fixture.mark, Fixture.finn] {
                await #expect(throws: Refusal.self) {
                    _ = try await Self.confirm(tom, by: other, world)
                }
            }
            // Twice is once.
            let again = try await Self.confirm(tom, by: Fixture.gita, world)
            #expect(again.decisionDelay?.confirmedBy == [Fixture.gita.id])
            let more = try await Self.confirm(tom, by: Fixture.adam, world)
            #expect(more.decisionDelay?.confirmedBy == [Fixture.gita.id, Fixture.adam.id])
            let enough = try await Self.confirm(tom, by: Self.amy, world)
            #expect(enough.decisionDelay == nil)
            #expect(try await Self.confirm(tom, by: Self.amy, world) == enough)
        }
    }

    @Test func oneNewDeciderConfirmsNoOther() async throws {
        try await Self.with { world in
            let tom = try await Self.promote(world)
            let sue = try await Self.promote(world, Fixture.sue)
            let refusal = try await world.refusal {
                _ = try await Self.confirm(sue, by: tom, world)
            }
            #expect(refusal == .notPermitted(.agree))
            // Nor does a new administrator's word count, who gives the role.
            let zoe = try await world.lockbox.changeRoles(
                of: Fixture.uma.id.text,
                in: Self.id.text,
                to: ["admin"],
                by: Fixture.gita
            )
            _ = try await world.lockbox.changeRoles(
                of: Fixture.tom.id.text,
                in: Self.id.text,
                to: ["member"],
                by: zoe
            )
            let anew = try await Self.promote(world, Fixture.tom, by: zoe)
            #expect(anew.decisionDelay?.confirmedBy == [])
        }
    }

    @Test func whatMakesHerReachableElsewhereDelaysHerAnew() async throws {
        let changes: [(String, (inout Person) -> Void, isDelayed: Bool)] = [
            ("address", { $0.email = EmailAddress("adam.new@contoso.test")! }, true),
            ("alias", { $0.aliases = [EmailAddress("a@contoso.test")!] }, true),
            ("name", { $0.name = "Adam C." }, false),
            ("another role", { $0.roles = [.approver, .admin] }, false),
            ("letters", { $0.mutedLetters = .reminders }, false),
            ("role taken", { $0.roles = .member }, false),
        ]
        for (name, change, isDelayed) in changes {
            try await Self.with { world in
                var adam = Fixture.adam
                change(&adam)
                let after = try await world.audited.write(by: .system) { [adam] write in
                    try write.update(Fixture.adam, to: adam)
                }
                #expect((after.decisionDelay != nil) == isDelayed, "\(name)")
            }
        }
    }

    @Test func whoIsSwitchedOnAgainIsNew() async throws {
        try await Self.with { world in
            let adam = Fixture.adam.id.text
            try await world.lockbox.switchOff(adam, of: Self.id.text, by: Fixture.gita)
            try await world.lockbox.switchOn(adam, of: Self.id.text, by: Fixture.gita)
            let after = try await Self.stored(Fixture.adam, world)
            #expect(after.decisionDelay?.confirmedBy == [Fixture.gita.id])
        }
    }

    @Test func firstPeopleOfATenantNeedNotWait() async throws {
        try await TestWorld.with(
            contoso: Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        ) { world async throws in
            let tom = try await Self.promote(world)
            #expect(tom.decisionDelay == nil)
        }
    }

    @Test func askedInVainIsNobodyAndWhoCanInTimeIs() async throws {
        try await Self.with(needed: 4) { world in
            // Gita, Amy and Adam could; the fourth can too late for what is asked now.
            var policy = Fixture.policy(approvalsNeeded: 4)
            policy.decisionWindow = .minutes(15)
            _ = try await Self.promote(world)
            _ = try await world.lockbox.changePolicy(
                of: Self.id.text,
                to: policy,
                version: 1,
                by: Fixture.gita
            )
            let refusal = try await world.refusal { _ = try await world.submitted() }
            #expect(refusal == .nobodyCanApprove(needed: 4, eligible: 3))
            world.clock.advance(by: .hours(12))
            let request = try await world.submitted()
            let late = try await world.refusal {
                try await world.decide(TestWorld.yes, on: request, by: Fixture.mark)
            }
            #expect(late == .nobodyCanApprove(needed: 4, eligible: 3))
            world.clock.advance(by: .minutes(11 * 60 + 50))
            let asked = try await world.decide(
                TestWorld.yes,
                on: request,
                by: Fixture.mark
            )
            #expect(asked.state.name == .awaitingCustomer)
        }
    }

    @Test func herEarlierYesGoesOnCounting() async throws {
        try await Self.with { world in
            let request = try await world.reviewed()
            let once = try await world.decide(TestWorld.yes, on: request, by: Fixture.adam)
            var adam = Fixture.adam
            adam.email = EmailAddress("adam.new@contoso.test")!
            _ = try await world.audited.write(by: .system) { [adam] write in
                try write.update(Fixture.adam, to: adam)
            }
            let twice = try await world.decide(TestWorld.yes, on: once, by: Self.amy)
            #expect(twice.state.name == .active)
        }
    }
}
