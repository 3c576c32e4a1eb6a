import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What is looser in a tenant's rules waits, unless as many agree as must approve a request.
@Suite struct LooserRulesTests {
    private static let id = Fixture.contoso.id

    /// Two approvals are needed; Gita and Amy administer, Adam approves.
    private static let amy = Fixture.person(21, "Amy Wu", "amy@contoso.test", [.admin])
    private static let two = Fixture.policy(maxAccess: .hours(2), approvalsNeeded: 2)

    private static func with(
        _ policy: Policy = two,
        _ body: (TestWorld) async throws -> Void
    ) async throws {
        try await TestWorld.with(contoso: Fixture.tenant(policy: policy), people: [amy]) {
            try await body($0)
            try await $0.expectConsistentLogs()
        }
    }

    @discardableResult
    private static func change(
        _ world: TestWorld,
        by person: Person = Fixture.gita,
        with token: TokenScopes? = nil,
        _ make: (inout Policy) -> Void
    ) async throws -> ChangedPolicy {
        let before = try await tenant(world)
        var policy = before.policy
        make(&policy)
        return try await world.lockbox.changePolicy(
            of: id.text,
            to: policy,
            matching: .exactly(before.version),
            with: token,
            by: person
        )
    }

    private static func tenant(_ world: TestWorld) async throws -> Tenant {
        try #require(try await world.store.read { try $0.tenant(id) })
    }

    private static func waiting(_ world: TestWorld) async throws -> PolicyChange? {
        try await world.store.read { try $0.policyChange(of: id) }
    }

    private static func looser(_ policy: inout Policy) { policy.maxAccess = .hours(8) }

    @discardableResult
    private static func agree(_ change: PolicyChange?, by person: Person, _ world: TestWorld)
        async throws -> ChangedPolicy
    {
        try await world.lockbox.agreeToPolicyChange(
            try #require(change).id.text,
            of: id.text,
            by: person
        )
    }

    private static func stop(_ change: PolicyChange?, by person: Person, _ world: TestWorld)
        async throws
    {
        try await world.lockbox.stopPolicyChange(
            try #require(change).id.text,
            of: id.text,
            by: person
        )
    }

    @Test func stricterRulesHoldAtOnce() async throws {
        try await Self.with { world in
            let changed = try await Self.change(world) {
                $0.maxAccess = .hours(1)
                $0.approvalsNeeded = 3
                $0.coolingOff = .days(2)
            }
            #expect(changed.waiting == nil)
            #expect(changed.tenant.policy.approvalsNeeded == 3)
            #expect(changed.tenant.version == 2)
        }
    }

    @Test func whereOneApprovalIsEnoughOneAdministratorIs() async throws {
        try await Self.with(.standard) { world in
            let changed = try await Self.change(world) { $0.requireApproval = false }
            #expect(changed.waiting == nil)
            #expect(try await Self.tenant(world).policy.requireApproval == false)
        }
    }

    @Test func whoAsksForTheSameAgreesToIt() async throws {
        try await Self.with { world in
            let first = try await Self.change(world, Self.looser)
            let again = try await Self.change(world, Self.looser)
            #expect(again.waiting == first.waiting, "her own twice")
            let second = try await Self.change(world, by: Self.amy, Self.looser)
            #expect(second.waiting == nil && second.tenant.policy.maxAccess == .hours(8))
        }
    }

    @Test func looserRulesHoldWhenTheCoolingOffIsOverAndNotBefore() async throws {
        try await Self.with { world in
            let changed = try await Self.change(world, Self.looser)
            let asked = try #require(changed.waiting)
            #expect(asked.takesEffectAt == world.clock.now() + .hours(24))
            #expect(asked.agreed == [Fixture.gita.id])
            #expect(try await Self.tenant(world).version == 1)
            world.clock.advance(by: TimeSpan(milliseconds: 24 * 3_600_000 - 1))
            #expect(try await world.lockbox.expireDue() == asked.takesEffectAt)
            #expect(try await Self.tenant(world).policy == Self.two)
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            #expect(try await world.lockbox.expireDue() == nil)
            #expect(try await Self.tenant(world).policy == asked.policy)
            #expect(try await Self.waiting(world) == nil)
        }
    }

    @Test func tenantsOwnCoolingOffCountsAndNotTheOneThatIsAskedFor() async throws {
        var policy = Self.two
        policy.coolingOff = .days(3)
        try await Self.with(policy) { world in
            let changed = try await Self.change(world) { $0.coolingOff = .hours(1) }
            #expect(changed.waiting?.takesEffectAt == world.clock.now() + .days(3))
            #expect(changed.tenant.policy.coolingOff == .days(3))
        }
    }

    @Test func secondPersonsYesMakesItSoAtOnce() async throws {
        for other in [Self.amy, Fixture.adam] {
            try await Self.with { world in
                let asked = try await Self.change(world, Self.looser).waiting
                try await Self.agree(asked, by: Fixture.gita, world)
                #expect(try await Self.waiting(world)?.agreed == [Fixture.gita.id])
                let changed = try await Self.agree(asked, by: other, world)
                #expect(changed.waiting == nil)
                #expect(changed.tenant.policy.maxAccess == .hours(8))
                await #expect(throws: Refusal.notFound(.page)) {
                    try await Self.agree(asked, by: other, world)
                }
            }
        }
    }

    @Test func twoRecordsOfOneHumanAreOneYes() async throws {
        let again = Fixture.person(
            22,
            "Gita Rao",
            "gita2@contoso.test",
            .approver,
            aliases: ["gita@contoso.test"]
        )
        let two = Fixture.policy(approvalsNeeded: 2)
        var gita = Fixture.gita
        gita.aliases = [EmailAddress("g@contoso.test")!]
        var other = again
        other.aliases = [EmailAddress("g2@contoso.test")!]
        #expect(
            Fixture.tenant(policy: two).isQuorum(
                [gita.id, other.id],
                of: [gita, other],
                at: Fixture.now
            )
        )
        #expect(
            !Fixture.tenant(policy: two).isQuorum(
                [gita.id, again.id],
                of: [gita, again],
                at: Fixture.now
            )
        )
    }

    @Test func yesOfWhoIsSwitchedOffMeanwhileCountsNoMore() async throws {
        try await Self.with(Fixture.policy(maxAccess: .hours(2), approvalsNeeded: 3)) { world in
            let asked = try await Self.change(world, Self.looser).waiting
            try await Self.agree(asked, by: Fixture.adam, world)
            try await world.lockbox.switchOff(
                Fixture.adam.id.text,
                of: Self.id.text,
                by: Fixture.gita
            )
            let changed = try await Self.agree(asked, by: Self.amy, world)
            #expect(changed.waiting?.agreed.count == 3)
            #expect(changed.tenant.policy.maxAccess == .hours(2))
        }
    }

    @Test func anyAdministratorStopsItAndNobodyElse() async throws {
        try await Self.with { world in
            let asked = try await Self.change(world, Self.looser).waiting
            for other in [Fixture.adam, Fixture.sue, Fixture.uma, Fixture.mark, Fixture.finn] {
                await #expect(throws: Refusal.self) {
                    try await Self.stop(asked, by: other, world)
                }
            }
            for other in [Fixture.sue, Fixture.uma, Fixture.mark, Fixture.finn] {
                await #expect(throws: Refusal.self) {
                    try await Self.agree(asked, by: other, world)
                }
            }
            try await Self.stop(asked, by: Self.amy, world)
            world.clock.advance(by: .days(2))
            _ = try await world.lockbox.expireDue()
            #expect(try await Self.tenant(world).policy == Self.two)
        }
    }

    @Test func anotherWishTakesItsPlaceAndTheSameOneDoesNot() async throws {
        try await Self.with { world in
            let first = try await Self.change(world, Self.looser).waiting
            world.clock.advance(by: .hours(23))
            #expect(try await Self.change(world, Self.looser).waiting == first)
            let second = try await Self.change(world) { $0.maxAccess = .hours(3) }.waiting
            #expect(second?.id != first?.id)
            await #expect(throws: Refusal.notFound(.page)) {
                try await Self.agree(first, by: Self.amy, world)
            }
            world.clock.advance(by: .hours(2))
            _ = try await world.lockbox.expireDue()
            #expect(try await Self.tenant(world).policy == Self.two)
            world.clock.advance(by: .hours(22))
            _ = try await world.lockbox.expireDue()
            #expect(try await Self.tenant(world).policy.maxAccess == .hours(3))
        }
    }

    @Test func whatIsStricterInItHoldsAtOnce() async throws {
        try await Self.with { world in
            let changed = try await Self.change(world) {
                $0.maxAccess = .hours(8)
                $0.decisionWindow = .hours(1)
            }
            #expect(changed.tenant.policy.decisionWindow == .hours(1))
            #expect(changed.tenant.policy.maxAccess == .hours(2))
            #expect(changed.tenant.version == 2)
            let asked = try #require(changed.waiting)
            #expect(asked.version == 2)
            try await Self.agree(asked, by: Fixture.adam, world)
            #expect(try await Self.tenant(world).policy == asked.policy)
        }
    }

    @Test func whatCannotStandAloneWaitsWithTheRest() async throws {
        // Three are needed, and with approval on nobody could give them.
        let off = Fixture.policy(requireApproval: false, approvalsNeeded: 5)
        try await Self.with(off) { world in
            let changed = try await Self.change(world) {
                $0.requireApproval = true
                $0.approvalsNeeded = 2
            }
            #expect(changed.tenant.policy == off)
            #expect(changed.waiting?.policy.requireApproval == true)
            world.clock.advance(by: .hours(24))
            _ = try await world.lockbox.expireDue()
            #expect(try await Self.tenant(world).policy.requireApproval)
        }
    }

    @Test func stricterRulesMeanwhileEndWhatWaits() async throws {
        for isFile in [false, true] {
            try await Self.with { world in
                _ = try await Self.change(world, Self.looser)
                if isFile {
                    var file = OwnPeopleTests.file([])
                    var policy = Self.two
                    policy.maxAccess = .hours(1)
                    file.tenants[0].policy = policy
                    _ = try await world.lockbox.apply(file)
                } else {
                    try await Self.change(world, by: Self.amy) { $0.maxAccess = .hours(1) }
                }
                #expect(try await Self.waiting(world) == nil)
                world.clock.advance(by: .days(2))
                _ = try await world.lockbox.expireDue()
                #expect(try await Self.tenant(world).policy.maxAccess == .hours(1))
            }
        }
    }

    /// Past the one door: the row is older than the rules.
    @Test func ruleThatWaitsForOtherRulesThanThoseOfNowNeverHolds() async throws {
        try await Self.with { world in
            let asked = try #require(try await Self.change(world, Self.looser).waiting)
            try await world.audited.write(by: .person(Self.amy)) { change in
                let before = try #require(try change.tx.tenant(Self.id))
                var after = before
                after.policy.maxAccess = .hours(1)
                after.version += 1
                try change.tx.save(after)
                change.emit(.directory(.policyChanged(before: before, after: after)))
            }
            let changed = try await Self.agree(asked, by: Fixture.adam, world)
            #expect(changed.tenant.policy.maxAccess == .hours(1))
            #expect(try await Self.waiting(world) == nil)
        }
    }

    @Test func itGoesWithTheAdministratorWhoAskedForIt() async throws {
        try await Self.with { world in
            _ = try await Self.change(world, Self.looser)
            try await world.lockbox.switchOff(
                Fixture.gita.id.text,
                of: Self.id.text,
                by: Self.amy
            )
            #expect(try await Self.waiting(world) == nil)
        }
    }

    @Test func tokenThatDoesNotDecideIsNobodysYes() async throws {
        try await Self.with(.standard) { world in
            for scopes in [TokenScopes.administer, [.read, .ask, .administer]] {
                let changed = try await Self.change(world, with: scopes) {
                    $0.requireApproval = false
                }
                #expect(changed.waiting?.agreed == [])
                #expect(changed.tenant.policy.requireApproval)
            }
            let changed = try await Self.change(world, with: [.administer, .decide]) {
                $0.requireApproval = false
            }
            #expect(changed.waiting == nil && !changed.tenant.policy.requireApproval)
        }
        var withheld = Policy.standard
        withheld.withheldFromTokens = .decide
        try await Self.with(withheld) { world in
            let changed = try await Self.change(world, with: .every) { $0.maxAccess = .hours(9) }
            #expect(changed.waiting?.agreed == [])
        }
    }

    @Test func openAccessGoesOnByTheOldRulesUntilTheNewOnesHold() async throws {
        try await Self.with(Fixture.policy(maxAccess: .hours(4), approvalsNeeded: 2)) { world in
            let request = try await world.reviewed()
            _ = try await Self.change(world) { $0.approvalsNeeded = 1 }
            let once = try await world.decide(TestWorld.yes, on: request, by: Fixture.adam)
            #expect(once.state.name == .awaitingCustomer)
            let twice = try await world.decide(TestWorld.yes, on: once, by: Self.amy)
            #expect(twice.state.name == .active)
        }
    }
}
