import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Access without a customer's yes, and what happens to it when the rules change.
struct PolicySwitchTests {
    private static let off = Fixture.tenant(policy: Fixture.policy(requireApproval: false))
    private static let unlicensed = Fixture.tenant(isLicensed: false)

    @Test(arguments: [off, unlicensed]) func managersYesOpensAccessByPolicyAndTheLogSaysSo(
        _ tenant: Tenant
    )
        async throws
    {
        try await TestWorld.with(contoso: tenant) { world async throws in
            let request = try await world.reviewed()
            #expect(request.state.name == .active)
            #expect(request.state.grant?.basis == .policy)
            #expect(
                try await world.activities(about: request.id) == [
                    "request.submitted", "request.approvedByManager", "access.granted",
                    "access.started",
                ]
            )
            let opened = try #require(
                try await world.entries().first { $0.activity == "access.granted" }
            )
            #expect(String(decoding: opened.bytes, as: UTF8.self).contains(#""basis":"policy""#))
            try await world.expectConsistentLogs()
        }
    }

    @Test func switchingApprovalOnEndsAccessThatRestsOnNone() async throws {
        try await TestWorld.with(contoso: Self.off) { world async throws in
            let request = try await world.reviewed()
            let issued = try await world.credential(for: request)
            let after = try await world.lockbox.changePolicy(
                of: "contoso",
                to: .standard,
                version: 1,
                by: Fixture.gita
            )
            #expect(after.tenant.version == 2)
            let ending = try await world.stored(request.id).state.ending
            #expect(ending?.reason == .policyChanged)
            #expect(ending?.by == Fixture.gita.id)
            #expect(try await world.index.active(issued.secret, now: world.clock.now()) == nil)
            try await world.expectConsistentLogs()
        }
    }

    @Test func rulesThatTheAccessMeetsLeaveItAlone() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let same = Fixture.policy(decisionWindow: .hours(6), maxAccess: .hours(2))
            _ = try await world.lockbox.changePolicy(
                of: "contoso",
                to: same,
                version: 1,
                by: Fixture.gita
            )
            #expect(try await world.stored(request.id).state.name == .active)
            let shorter = Fixture.policy(maxAccess: .hours(1))
            _ = try await world.lockbox.changePolicy(
                of: "contoso",
                to: shorter,
                version: 2,
                by: Fixture.gita
            )
            #expect(try await world.stored(request.id).state.ending?.reason == .policyChanged)
            try await world.expectConsistentLogs()
        }
    }

    @Test func moreApprovalsEndAccessThatHasTooFew() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let two = Fixture.policy(approvalsNeeded: 2)
            _ = try await world.lockbox.changePolicy(
                of: "contoso",
                to: two,
                version: 1,
                by: Fixture.gita
            )
            #expect(try await world.stored(request.id).state.ending?.reason == .policyChanged)
        }
    }

    @Test func policyIsChangedByAnAdministratorOnItsPresentVersion() async throws {
        try await TestWorld.with { world async throws in
            let wanted = Fixture.policy(maxAccess: .hours(1))
            func refused(_ version: Int?, _ person: Person, _ policy: Policy) async throws
                -> Refusal
            {
                try await world.refusal {
                    _ = try await world.lockbox.changePolicy(
                        of: "contoso",
                        to: policy,
                        version: version,
                        by: person
                    )
                }
            }
            for person in [
                Fixture.adam, Fixture.sue, Fixture.uma, Fixture.eve, Fixture.mark, Fixture.olga,
            ] {
                #expect(try await refused(1, person, wanted) == .notPermitted(.changePolicy))
            }
            #expect(try await refused(nil, Fixture.gita, wanted) == .versionRequired)
            #expect(try await refused(2, Fixture.gita, wanted) == .stale(current: 1))
            let many = Fixture.policy(approvalsNeeded: 3)
            #expect(
                try await refused(1, Fixture.gita, many)
                    == .nobodyCanApprove(needed: 3, eligible: 2)
            )
            let same = try await world.lockbox.changePolicy(
                of: "contoso",
                to: .standard,
                version: 1,
                by: Fixture.gita
            )
            #expect(same.tenant.version == 1)
        }
    }

    @Test func unlicensedTenantCannotRequireApproval() async throws {
        var policy = Policy.standard
        policy.requireApproval = false
        try await TestWorld.with(contoso: Fixture.tenant(isLicensed: false, policy: policy)) {
            world async throws in
            let refusal = try await world.refusal {
                _ = try await world.lockbox.changePolicy(
                    of: "contoso",
                    to: .standard,
                    version: 1,
                    by: Fixture.gita
                )
            }
            #expect(refusal == .notLicensed)
        }
    }

    @Test func policyOfTheAskingIsNotLoosenedByALaterOne() async throws {
        let two = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        try await TestWorld.with(contoso: two) { world async throws in
            let request = try await world.reviewed()
            _ = try await world.lockbox.changePolicy(
                of: "contoso",
                to: .standard,
                version: 1,
                by: Fixture.gita
            )
            // The customer was asked for two approvals; one does not open it now either.
            let once = try await world.decide(TestWorld.yes, on: request, by: Fixture.adam)
            #expect(once.state.name == .awaitingCustomer)
            let twice = try await world.decide(TestWorld.yes, on: once, by: Fixture.gita)
            #expect(twice.state.name == .active)
        }
    }

    @Test func policyThatBecameStricterMeanwhileCounts() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.reviewed()
            let strict = Fixture.policy(maxAccess: .minutes(30), approvalsNeeded: 2)
            _ = try await world.lockbox.changePolicy(
                of: "contoso",
                to: strict,
                version: 1,
                by: Fixture.gita
            )
            let once = try await world.decide(TestWorld.yes, on: request, by: Fixture.adam)
            #expect(once.state.name == .awaitingCustomer)
            let twice = try await world.decide(TestWorld.yes, on: once, by: Fixture.gita)
            #expect(twice.state.grant?.end == Fixture.now + .minutes(30))
        }
    }

    // MARK: - Roles

    @Test func rolesAreChangedByAnAdministratorAndRecorded() async throws {
        try await TestWorld.with { world async throws in
            func change(_ names: [String], _ caller: Person) async throws {
                _ = try await world.lockbox.changeRoles(
                    of: Fixture.sue.id.text,
                    in: "contoso",
                    to: names,
                    by: caller
                )
            }
            for caller in [Fixture.adam, Fixture.sue, Fixture.uma, Fixture.mark, Fixture.olga] {
                let refusal = try await world.refusal { try await change(["admin"], caller) }
                #expect(refusal == .notPermitted(.changePeople))
            }
            for names in [["engineer"], ["manager"], ["root"], ["member", ""]] {
                let refusal = try await world.refusal { try await change(names, Fixture.gita) }
                #expect(refusal.field == "roles")
            }
            try await change(["member", "approver"], Fixture.gita)
            try await change(["approver", "member"], Fixture.gita)
            let records = try await world.entries().filter { $0.activity == "person.changed" }
            #expect(records.count == 1)
            #expect(records.first?.actor == Fixture.gita.id.text)
            try await world.expectConsistentLogs()
        }
    }

    @Test func lastAdministratorCannotGo() async throws {
        try await TestWorld.with { world async throws in
            let refusal = try await world.refusal {
                _ = try await world.lockbox.changeRoles(
                    of: Fixture.gita.id.text,
                    in: "contoso",
                    to: ["member"],
                    by: Fixture.gita
                )
            }
            #expect(refusal == .lastAdministrator)
        }
    }
}
