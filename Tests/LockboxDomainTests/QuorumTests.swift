import LockboxDomain
import Testing

@Suite("As many human beings as the tenant requires")
struct QuorumTests {
    /// A request that waits for two of three approvers.
    private func twoOfThree(approvers: [Person]? = nil, needed: Int = 2) throws -> Scene {
        var scene = try Scene.submitted(
            to: tenant(needed: needed),
            approvers: approvers ?? [approver(1), approver(2), approver(3)]
        )
        try scene.approve(by: Cast.manager.person())
        return scene
    }

    @Test func twoOfThreeOpenAndOneDoesNot() throws {
        var scene = try twoOfThree()
        let events = try scene.decide(.approve(.none), by: approver(3))
        #expect(events.map(\.kind) == ["decisionMade"])
        #expect(scene.request.state.name == .awaitingCustomer)
        try scene.approve(by: approver(1))
        #expect(scene.request.state.name == .active)
        #expect(scene.request.decisions.map(\.stage) == [.manager, .customer, .customer])
    }

    @Test func eachApprovalIsANewVersionSoThatTheNextApproverReadsWhatIsLeft() throws {
        var scene = try twoOfThree()
        let read = scene.request.version
        try scene.approve(by: approver(1))
        #expect(scene.request.version == read + 1)
        #expect(throws: Refusal.stale(current: read + 1)) {
            try scene.request.decide(
                .approve(.none),
                comment: nil,
                by: approver(2),
                version: read,
                in: scene.context,
                now: scene.now
            )
        }
        #expect(throws: Refusal.stale(current: read + 1)) {
            try scene.request.decide(
                .approve(.none),
                comment: nil,
                by: approver(2),
                version: read + 2,
                in: scene.context,
                now: scene.now
            )
        }
    }

    @Test func oneNoIsEnoughWhateverTheQuorum() throws {
        var scene = try twoOfThree(needed: 3)
        try scene.approve(by: approver(1), approver(2))
        try scene.decide(.deny, by: approver(3))
        #expect(scene.request.state.name == .denied)
    }

    @Test func theSamePersonTwiceIsRefused() throws {
        var scene = try twoOfThree()
        try scene.approve(by: approver(1))
        let before = scene.request
        for verdict in [Decision.Verdict.approve(.none), .deny] {
            #expect(throws: Refusal.alreadyDecidedByYou) {
                try scene.decide(verdict, by: approver(1))
            }
        }
        #expect(scene.request == before)
    }

    @Test(arguments: ["APPROVER1@contoso.test", "approver1+second@Contoso.Test"])
    func anotherRecordOfTheSamePersonIsRefused(_ spelling: String) throws {
        let twin = approver(2, spelling)
        var scene = try twoOfThree(approvers: [approver(1), twin, approver(3)])
        try scene.approve(by: approver(1))
        #expect(throws: Refusal.alreadyDecidedByYou) { try scene.approve(by: twin) }
        // The same where the first record is no approver any more, but is known to have decided.
        scene.approvers = [twin, approver(3)]
        #expect(throws: Refusal.alreadyDecidedByYou) { try scene.approve(by: twin) }
    }

    @Test func aManagerCannotApproveForTheCustomerToo() throws {
        let manager = try Cast.manager.person()
        let twin = approver(4, "\(manager.email)")
        var scene = try Scene.submitted(to: tenant(), approvers: [twin, approver(1)])
        try scene.approve(by: manager)
        #expect(throws: Refusal.alreadyDecidedByYou) { try scene.approve(by: twin) }
    }

    @Test func recordsThatTurnOutToBeOnePersonCountOnce() throws {
        var scene = try twoOfThree(needed: 3)
        try scene.approve(by: approver(1), approver(2))
        // Since then an alias has shown that the two are one. The third is the second human being,
        // not the third.
        scene.approvers = [
            approver(1, aliases: ["approver2@contoso.test"]), approver(2), approver(3),
        ]
        try scene.approve(by: approver(3))
        #expect(scene.request.state.name == .awaitingCustomer)
    }

    @Test func samenessCarriesOnOverAThirdRecord() throws {
        let four = (1...4).map { approver($0) }
        var scene = try twoOfThree(approvers: four, needed: 3)
        // Three said yes while five were required, which is three again by the time the fourth
        // does.
        scene.tenant = try tenant(needed: 5)
        try scene.approve(by: four[0], four[1], four[2])
        scene.tenant = try tenant(needed: 3)
        let bridge = approver(2, aliases: ["approver1@contoso.test", "approver3@contoso.test"])
        for order in [
            [four[0], bridge, four[2]], [bridge, four[0], four[2]], [four[0], four[2], bridge],
        ] {
            var attempt = scene
            attempt.approvers = order + [four[3]]
            try attempt.approve(by: four[3])
            #expect(attempt.request.state.name == .awaitingCustomer)
        }
        try scene.approve(by: four[3])
        #expect(scene.request.state.name == .active)
    }

    @Test func anApprovalOfSomeoneWhoMayNoLongerApproveDoesNotCount() throws {
        var scene = try twoOfThree(approvers: [approver(1), approver(2), approver(3)])
        try scene.approve(by: approver(1))
        var disabled = approver(1)
        disabled.isDisabled = true
        var member = approver(1)
        member.roles = .member
        for gone in [[], [disabled], [member]] {
            var attempt = scene
            attempt.approvers = gone + [approver(2), approver(3)]
            try attempt.approve(by: approver(2))
            #expect(attempt.request.state.name == .awaitingCustomer)
            try attempt.approve(by: approver(3))
            #expect(attempt.request.state.name == .active)
        }
    }

    @Test func whoIsNotAmongTheApproversNowIsRefused() throws {
        var scene = try twoOfThree()
        let before = scene.request
        #expect(throws: Refusal.notPermitted(.decideAsApprover)) {
            try scene.approve(by: approver(9))
        }
        #expect(scene.request == before)
    }

    @Test func theStricterOfTheRuleThenAndTheRuleNowApplies() throws {
        // Raised while pending: two are needed now.
        var raised = try twoOfThree(needed: 1)
        raised.tenant = try tenant(needed: 2)
        try raised.approve(by: approver(1))
        #expect(raised.request.state.name == .awaitingCustomer)
        try raised.approve(by: approver(2))
        #expect(raised.request.state.name == .active)
        // Lowered while pending: the two that were asked for stay.
        var lowered = try twoOfThree(needed: 2)
        lowered.tenant = try tenant(needed: 1)
        try lowered.approve(by: approver(1))
        #expect(lowered.request.state.name == .awaitingCustomer)
        // Approval switched off, or the licence gone: who was asked decides.
        for change in [
            try tenant(approval: false, needed: 2), try tenant(licensed: false, needed: 2),
        ] {
            var switched = try twoOfThree(needed: 2)
            switched.tenant = change
            #expect(throws: Refusal.notAwaitingYou(.awaitingCustomer)) {
                try switched.decide(.approve(.none), by: Cast.manager.person())
            }
            try switched.approve(by: approver(1))
            #expect(switched.request.state.name == .awaitingCustomer)
            try switched.approve(by: approver(2))
            #expect(switched.request.state.grant?.basis == .approval)
        }
    }

    @Test func theCustomersDeadlineStaysWhatItWasWhenAsked() throws {
        var scene = try twoOfThree()
        let deadline = try required(scene.request.state.decideBy)
        scene.tenant = try tenant(needed: 2, decisionWindow: .days(14))
        try scene.approve(by: approver(1))
        #expect(scene.request.state.decideBy == deadline)
    }

    @Test func aRequestThatNobodyCouldApproveIsRefusedBeforeAnybodyIsAsked() throws {
        let engineerTwin = try Cast.aliasApprover.person()
        var disabled = approver(1)
        disabled.isDisabled = true
        let twins = [approver(1), approver(2, "Approver1@contoso.test")]
        let cases: [(needed: Int, approvers: [Person], eligible: Int)] = [
            (1, [], 0), (1, [engineerTwin], 0), (1, [disabled], 0),
            (2, [approver(1), engineerTwin], 1),
            (2, twins, 1), (1, [try Cast.foreignApprover.person(), try Cast.member.person()], 0),
        ]
        for (needed, approvers, eligible) in cases {
            let refusal = Refusal.nobodyCanApprove(needed: needed, eligible: eligible)
            #expect(throws: refusal) {
                try Scene.submitted(to: tenant(needed: needed), approvers: approvers)
            }
            // The same when they are gone by the time the manager reviews it.
            var scene = try Scene.submitted(
                to: tenant(needed: needed),
                approvers: [approver(11), approver(12), approver(13)]
            )
            scene.approvers = approvers
            let before = scene.request
            #expect(throws: refusal) { try scene.approve(by: Cast.manager.person()) }
            #expect(scene.request == before)
        }
        // Where no approval is required, nobody need be there.
        _ = try Scene.submitted(to: tenant(approval: false), approvers: [])
        _ = try Scene.submitted(to: tenant(licensed: false), approvers: [])
    }

    @Test func anEngineerWhoLostTheRoleGetsNothingApproved() throws {
        for state in [AccessRequest.StateName.awaitingManager, .awaitingCustomer] {
            let reviewer = try (state == .awaitingManager ? Cast.manager : Cast.approver).person()
            for change in [0, 1] {
                var scene = try Scene.inState(state)
                if change == 0 {
                    scene.engineer.roles = [.manager]
                } else {
                    scene.engineer.isDisabled = true
                }
                let before = scene.request
                #expect(throws: Refusal.notPermitted(.requestAccess)) {
                    try scene.approve(by: reviewer)
                }
                #expect(scene.request == before)
                try scene.decide(.deny, by: reviewer)
            }
        }
    }

    @Test func decisionsOfBothSidesInEveryOrderGiveOneOutcome() throws {
        let manager = try Cast.manager.person()
        let people = [manager, approver(1), approver(2), approver(3)]
        for first in people {
            for second in people {
                for third in people {
                    var scene = try Scene.submitted(
                        to: tenant(needed: 2),
                        approvers: [approver(1), approver(2), approver(3)]
                    )
                    for person in [first, second, third] {
                        _ = try? scene.decide(.approve(.none), by: person)
                    }
                    let opened =
                        first.id == manager.id && Set([first, second, third].map(\.id)).count == 3
                    #expect((scene.request.state.name == .active) == opened)
                }
            }
        }
    }
}
