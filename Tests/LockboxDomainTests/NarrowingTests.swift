import LockboxDomain
import Testing

@Suite("An approval gives less than what is asked for, never more")
struct NarrowingTests {
    /// Waits for the customer; asked for are two hours of writing to Sue's mailbox and reading the
    /// shared one.
    private func asked(needed: Int = 1, _ tenant: Tenant? = nil) throws -> Scene {
        var scene = try Scene.submitted(
            to: tenant ?? LockboxDomainTests.tenant(needed: needed),
            approvers: [approver(1), approver(2), approver(3)]
        )
        try scene.approve(by: Cast.manager.person())
        return scene
    }

    private func approve(
        _ scene: inout Scene,
        _ number: UInt8 = 1,
        _ duration: TimeSpan? = nil,
        _ scope: Scope? = nil
    ) throws {
        try scene.decide(.approve(.init(duration: duration, scope: scope)), by: approver(number))
    }

    @Test func shorterTimeIsGiven() throws {
        var scene = try asked()
        try approve(&scene, 1, .minutes(20))
        let grant = try required(scene.request.state.grant)
        #expect(grant.end - grant.start == .minutes(20))
        #expect(grant.scope == (try wholeScope()))
        #expect(scene.request.terms.duration == .hours(2), "what was asked for stays on record")
    }

    @Test func fewerResourcesAreGiven() throws {
        var scene = try asked()
        try approve(&scene, 1, nil, scope(("shared", .read)))
        #expect(
            try scene.request.mayUse(mailbox("shared"), by: scene.engineer, now: scene.now).actions
                == .read
        )
        #expect(throws: Refusal.unknownReference(field: "resource", noun: .resource)) {
            try scene.request.mayUse(mailbox("sue"), by: scene.engineer, now: scene.now)
        }
    }

    @Test func fewerActionsAreGiven() throws {
        var scene = try asked()
        try approve(&scene, 1, nil, scope(("sue", .read), ("shared", .read)))
        #expect(
            try scene.request.mayUse(mailbox("sue"), by: scene.engineer, now: scene.now).actions
                == .read
        )
    }

    @Test func allThreeAtOnce() throws {
        var scene = try asked()
        try approve(&scene, 1, .seconds(1), scope(("sue", .read)))
        let grant = try required(scene.request.state.grant)
        #expect(grant.end - grant.start == .seconds(1))
        #expect(grant.scope == (try scope(("sue", .read))))
    }

    @Test func whatEachApproverTookAwayStaysAway() throws {
        var scene = try asked(needed: 3)
        try approve(&scene, 1, .hours(1))
        try approve(&scene, 2, nil, scope(("sue", .read), ("shared", .read)))
        try approve(&scene, 3, .minutes(30), scope(("sue", .read)))
        let grant = try required(scene.request.state.grant)
        #expect(grant.end - grant.start == .minutes(30))
        #expect(grant.scope == (try scope(("sue", .read))))
    }

    @Test func aLaterApproverCannotGiveBackWhatAnEarlierOneTook() throws {
        var scene = try asked(needed: 2)
        try approve(&scene, 1, .hours(1), scope(("sue", .read)))
        let before = scene.request
        #expect(throws: Refusal.exceedsRequest(field: "duration")) {
            try approve(&scene, 2, .hours(2))
        }
        #expect(throws: Refusal.exceedsRequest(field: "duration")) {
            try approve(&scene, 2, .hours(1) + millisecond)
        }
        #expect(throws: Refusal.exceedsRequest(field: "resources")) {
            try approve(&scene, 2, nil, wholeScope())
        }
        #expect(throws: Refusal.exceedsRequest(field: "resources")) {
            try approve(&scene, 2, nil, scope(("shared", .read)))
        }
        #expect(scene.request == before)
        try approve(&scene, 2)
        #expect(scene.request.state.grant?.scope == (try scope(("sue", .read))))
    }

    @Test func moreThanAskedForIsRefused() throws {
        var scene = try asked()
        let before = scene.request
        let more = [
            try scope(("sue", [.read, .write]), ("shared", [.read, .write])),
            try scope(("sue", .read), ("adam", .read)),
            try scope(("adam", .read)),
            try Scope([Access(mailbox("sue", service: "archive"), .read)]),
        ]
        for scope in more {
            #expect(throws: Refusal.exceedsRequest(field: "resources")) {
                try approve(&scene, 1, nil, scope)
            }
        }
        for longer in [TimeSpan.hours(2) + millisecond, TimeSpan(milliseconds: .max)] {
            #expect(throws: Refusal.exceedsRequest(field: "duration")) {
                try approve(&scene, 1, longer)
            }
        }
        for nothing in [TimeSpan.zero, TimeSpan(milliseconds: -1), .seconds(1) - millisecond] {
            #expect(
                throws: Refusal.invalid(field: "duration", problem: .outOfRange("PT1S or longer"))
            ) {
                try approve(&scene, 1, nothing)
            }
        }
        #expect(scene.request == before)
    }

    @Test func aManagersNarrowingBindsTheCustomersApproversToo() throws {
        var scene = try Scene.submitted(to: tenant(), approvers: [approver(1)])
        try scene.decide(
            .approve(.init(duration: .hours(1), scope: scope(("sue", .read)))),
            by: Cast.manager.person()
        )
        #expect(throws: Refusal.exceedsRequest(field: "duration")) {
            try approve(&scene, 1, .hours(2))
        }
        try approve(&scene)
        let grant = try required(scene.request.state.grant)
        #expect(grant.end - grant.start == .hours(1))
        #expect(grant.scope == (try scope(("sue", .read))))
    }

    @Test func aCapThatWasLoweredMeanwhileCutsTheGrant() throws {
        var scene = try asked()
        scene.tenant = try tenant(maxAccess: .minutes(10))
        try approve(&scene)
        let grant = try required(scene.request.state.grant)
        #expect(grant.end - grant.start == .minutes(10))
        scene = try asked()
        scene.tenant = try tenant(maxAccess: .minutes(10))
        try approve(&scene, 1, .minutes(5))
        #expect(try required(scene.request.state.grant).end == scene.now + .minutes(5))
        // A higher cap gives no more than what was asked for.
        scene = try asked()
        scene.tenant = try tenant(maxAccess: .hours(24))
        try approve(&scene)
        #expect(try required(scene.request.state.grant).end == scene.now + .hours(2))
    }

    @Test func aCapLoweredBeforeTheManagersYesCutsPolicyAccess() throws {
        var scene = try Scene.submitted(to: tenant(approval: false))
        scene.tenant = try tenant(approval: false, maxAccess: .minutes(10))
        try scene.approve(by: Cast.manager.person())
        let grant = try required(scene.request.state.grant)
        #expect(grant.basis == .policy)
        #expect(grant.end - grant.start == .minutes(10))
    }

    @Test func aDenialNeedsAReasonAndAnApprovalDoesNot() throws {
        var scene = try asked()
        let before = scene.request
        for comment in [nil, "", "  \n "] {
            #expect(throws: Refusal.invalid(field: "comment", problem: .missing)) {
                try scene.request.decide(
                    .deny,
                    comment: comment,
                    by: approver(1),
                    version: scene.request.version,
                    in: scene.context,
                    now: scene.now
                )
            }
        }
        #expect(throws: Refusal.invalid(field: "comment", problem: .tooLong(maximum: 2000))) {
            try scene.decide(
                .approve(.none),
                by: approver(1),
                comment: String(repeating: "x", count: 2001)
            )
        }
        #expect(throws: Refusal.invalid(field: "comment", problem: .controlCharacters)) {
            try scene.decide(.approve(.none), by: approver(1), comment: "fine\u{1B}[2J")
        }
        #expect(scene.request == before)
        try scene.decide(.approve(.none), by: approver(1), comment: "  ")
        #expect(scene.request.decisions.last?.comment == nil)
    }
}
