import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// An administrator asks for another way to sign in.
@Suite struct SignInChangeTests {
    /// A second administrator beside Gita, and a domain of the tenant's own.
    private static func with(_ body: @escaping (TestWorld, Person) async throws -> Void)
        async throws
    {
        try await TestWorld.with { world async throws in
            var amy = Fixture.adam
            amy.roles.insert(.admin)
            try await world.audited.write(by: .console) { [amy] change in
                try change.update(Fixture.adam, to: amy)
                try change.tx.save(Fixture.ownsItsDomain)
                change.emit(.directory(.domainsChanged(Fixture.ownsItsDomain)))
            }
            try await body(world, amy)
        }
    }

    private static func settings(_ world: TestWorld) async throws -> SignInSettings? {
        try await world.store.read { try $0.signInSettings(of: .tenant(Fixture.contoso.id)) }
    }

    private static let wanted = Fixture.signsInElsewhere

    @Test func itBecomesSoAfterADayAndNotBefore() async throws {
        try await Self.with { world, _ in
            let asked = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            #expect(asked.takesEffectAt == world.clock.now() + .hours(24))
            world.clock.advance(by: .seconds(24 * 3600 - 1))
            let next = try await world.lockbox.expireDue()
            #expect(next == asked.takesEffectAt)
            #expect(try await Self.settings(world) == nil)
            world.clock.advance(by: .seconds(1))
            #expect(try await world.lockbox.expireDue() == nil)
            #expect(try await Self.settings(world) == Self.wanted)
            #expect(try await world.lockbox.signIn(by: Fixture.gita).waiting == nil)
            try await world.expectConsistentLogs()
        }
    }

    @Test func anotherAdministratorMakesItSoAtOnceAndItsMakerDoesNot() async throws {
        try await Self.with { world, amy in
            let asked = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            let id = asked.id.text
            await #expect(throws: Refusal.ownRequest) {
                try await world.lockbox.confirmSignInChange(id, by: Fixture.gita)
            }
            for stranger in [Fixture.sue, Fixture.frida, Fixture.eve] {
                await #expect(throws: Refusal.self) {
                    try await world.lockbox.confirmSignInChange(id, by: stranger)
                }
                await #expect(throws: Refusal.self) {
                    try await world.lockbox.stopSignInChange(id, by: stranger)
                }
            }
            #expect(try await Self.settings(world) == nil)
            try await world.lockbox.confirmSignInChange(id, by: amy)
            #expect(try await Self.settings(world) == Self.wanted)
            await #expect(throws: Refusal.notFound(.page)) {
                try await world.lockbox.confirmSignInChange(id, by: amy)
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func administratorWhoseYesDoesNotCountYetMakesItNotSo() async throws {
        try await Self.with { world, amy in
            let asked = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            let first = world.clock.now() + .hours(1)
            try await world.audited.write(by: .console) { change in
                var later = amy
                later.decisionDelay = DecisionDelay(endsAt: first, confirmedBy: [])
                try change.update(amy, to: later)
            }
            await #expect(throws: Refusal.notPermitted(.agree)) {
                try await world.lockbox.confirmSignInChange(asked.id.text, by: amy)
            }
            world.clock.advance(by: .hours(1))
            try await world.lockbox.confirmSignInChange(asked.id.text, by: amy)
            #expect(try await Self.settings(world) == Self.wanted)
            try await world.expectConsistentLogs()
        }
    }

    @Test func itWaitsForALongerCoolingOffAndForNobodyWhereTwoAreTooFew() async throws {
        try await Self.with { world, amy in
            var tenant = Fixture.ownsItsDomain
            tenant.policy.coolingOff = .days(3)
            tenant.policy.approvalsNeeded = 3
            try await world.audited.write(by: .console) { [tenant] change in
                try change.tx.save(tenant)
                change.emit(
                    .directory(.policyChanged(before: Fixture.ownsItsDomain, after: tenant))
                )
            }
            let asked = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            #expect(asked.takesEffectAt == world.clock.now() + .days(3))
            #expect(try await world.lockbox.signIn(by: amy).waiting?.isConfirmable == false)
            await #expect(throws: Refusal.notPermitted(.agree)) {
                try await world.lockbox.confirmSignInChange(asked.id.text, by: amy)
            }
            world.clock.advance(by: .days(3))
            _ = try await world.lockbox.expireDue()
            #expect(try await Self.settings(world) == Self.wanted)
            try await world.expectConsistentLogs()
        }
    }

    @Test func anyAdministratorStopsIt() async throws {
        try await Self.with { world, amy in
            let asked = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            try await world.lockbox.stopSignInChange(asked.id.text, by: amy)
            world.clock.advance(by: .days(2))
            _ = try await world.lockbox.expireDue()
            #expect(try await Self.settings(world) == nil)
            // What was stopped is not what is asked for next.
            let again = try await world.lockbox.changeSignIn(to: Self.wanted, by: amy)
            await #expect(throws: Refusal.notFound(.page)) {
                try await world.lockbox.confirmSignInChange(asked.id.text, by: Fixture.gita)
            }
            try await world.lockbox.stopSignInChange(again.id.text, by: amy)
            try await world.expectConsistentLogs()
        }
    }

    @Test func oneWaitsAtATimeAndWhatIsSoIsNoChange() async throws {
        try await Self.with { world, amy in
            await #expect(throws: Refusal.self) {
                _ = try await world.lockbox.changeSignIn(to: .passwords, by: Fixture.gita)
            }
            _ = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            await #expect(throws: Refusal.self) {
                _ = try await world.lockbox.changeSignIn(to: Self.wanted, by: amy)
            }
        }
    }

    @Test func nobodyElseAsks() async throws {
        try await Self.with { world, _ in
            for person in [Fixture.sue, Fixture.eve, Fixture.mark] {
                await #expect(throws: Refusal.self) {
                    _ = try await world.lockbox.changeSignIn(to: Self.wanted, by: person)
                }
                await #expect(throws: Refusal.self) {
                    _ = try await world.lockbox.signIn(by: person)
                }
            }
        }
    }

    @Test func aWayInMustBeLeft() async throws {
        try await Self.with { world, _ in
            await #expect(throws: Refusal.self) {
                _ = try await world.lockbox.changeSignIn(
                    to: SignInSettings(provider: nil, allowsPasswords: false),
                    by: Fixture.gita
                )
            }
        }
        try await TestWorld.with { world async throws in
            await #expect(throws: Refusal.self) {
                _ = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            }
        }
    }

    @Test func operatorsWordLeavesItWaiting() async throws {
        try await Self.with { world, amy in
            let asked = try await world.lockbox.changeSignIn(to: Self.wanted, by: Fixture.gita)
            try await world.lockbox.confirmSignInChange(asked.id.text, by: amy)
            var other = Self.wanted
            other.allowsPasswords = true
            _ = try await world.lockbox.changeSignIn(to: other, by: Fixture.gita)
            let until = try await world.lockbox.setRecovery(
                of: Fixture.contoso.id,
                for: .hours(1)
            )
            #expect(until == world.clock.now() + .hours(1))
            try await world.expectConsistentLogs()
            world.clock.advance(by: .hours(24))
            _ = try await world.lockbox.expireDue()
            #expect(try await Self.settings(world) == other)
            try await world.expectConsistentLogs()
            await #expect(throws: Refusal.self) {
                _ = try await world.lockbox.setRecovery(of: Fixture.contoso.id, for: .hours(1))
            }
        }
    }
}
