import LockboxDomain
import Testing

@Suite("When a tenant's licence or rules change")
struct TenantSwitchTests {
    @Test func whereNoApprovalIsRequiredTheManagersYesOpensAccessByPolicy() throws {
        for tenant in [
            try tenant(approval: false), try tenant(licensed: false),
            try tenant(approval: false, licensed: false),
        ] {
            #expect(!tenant.requiresApproval)
            var scene = try Scene.submitted(to: tenant, approvers: [])
            let events = try scene.decide(.approve(.none), by: Cast.manager.person())
            #expect(events.map(\.kind) == ["decisionMade", "grantOpened", "grantStarted"])
            #expect(scene.request.state.grant?.basis == .policy)
        }
        #expect(try tenant().requiresApproval)
    }

    @Test func switchedOnBetweenTheRequestAndTheManagersYesAsksTheCustomer() throws {
        var scene = try Scene.submitted(to: tenant(approval: false))
        scene.tenant = try tenant(approval: true)
        try scene.approve(by: Cast.manager.person())
        #expect(scene.request.state.name == .awaitingCustomer)
    }

    @Test func switchedOffBetweenTheRequestAndTheManagersYesOpensByPolicy() throws {
        var scene = try Scene.submitted(to: tenant(approval: true))
        scene.tenant = try tenant(approval: false)
        try scene.approve(by: Cast.manager.person())
        #expect(scene.request.state.grant?.basis == .policy)
    }

    @Test func whatTheCustomerWasAskedAboutStaysTheCustomers() throws {
        for change in [try tenant(approval: false), try tenant(licensed: false)] {
            for licenceWithdrawn in [false, true] {
                var scene = try Scene.inState(.awaitingCustomer)
                scene.tenant = change
                let events = try scene.request.applyRules(
                    of: change,
                    licenceWithdrawn: licenceWithdrawn,
                    by: nil,
                    now: scene.now
                )
                #expect(events.isEmpty)
                #expect(throws: Refusal.notAwaitingYou(.awaitingCustomer)) {
                    try scene.approve(by: Cast.manager.person())
                }
                try scene.decide(.deny, by: Cast.approver.person())
                #expect(scene.request.state.name == .denied)
            }
        }
    }

    @Test func theEndSaysThatTheTenantsRulesDidItAndWhoChangedThem() throws {
        var scene = try Scene.inState(.active)
        let grant = try required(scene.request.state.grant)
        let admin = try Cast.admin.person()
        let events = try scene.request.applyRules(
            of: try tenant(needed: 2),
            licenceWithdrawn: false,
            by: admin.id,
            now: scene.now
        )
        let ending = Ending(reason: .policyChanged, at: scene.now, by: admin.id, comment: nil)
        #expect(scene.request.state == .ended(grant, ending))
        #expect(events == [.access(.grantEnded(scene.request, grant, ending))])
    }

    @Test func accessThatEndedByTimeIsNotEndedAgainByARule() throws {
        var scene = try Scene.inState(.active)
        let grant = try required(scene.request.state.grant)
        scene.now = grant.end
        scene.passTime()
        let events = try scene.request.applyRules(
            of: scene.tenant,
            licenceWithdrawn: true,
            by: nil,
            now: scene.now
        )
        #expect(events.isEmpty)
        #expect(scene.request.state.ending?.reason == .expired)
    }

    @Test func enoughApprovalsKeepAccessWhenMoreAreRequired() throws {
        let approvers = [approver(1), approver(2)]
        var scene = try Scene.submitted(to: tenant(needed: 2), approvers: approvers)
        try scene.approve(by: Cast.manager.person(), approvers[0], approvers[1])
        #expect(
            try scene.request.applyRules(
                of: scene.tenant,
                licenceWithdrawn: false,
                by: nil,
                now: scene.now
            ).isEmpty
        )
        let events = try scene.request.applyRules(
            of: try tenant(needed: 3),
            licenceWithdrawn: false,
            by: nil,
            now: scene.now
        )
        #expect(events.map(\.kind) == ["grantEnded"])
    }

    @Test func anEngineerWhoLeftKeepsNothing() throws {
        var pending = try Scene.inState(.awaitingCustomer)
        _ = try pending.request.engineerLeft(now: pending.now)
        #expect(pending.request.state.name == .withdrawn)
        var live = try Scene.inState(.active)
        _ = try live.request.engineerLeft(now: live.now)
        #expect(live.request.state.ending?.reason == .revoked)
        #expect(live.request.state.ending?.by == nil)
    }
}
