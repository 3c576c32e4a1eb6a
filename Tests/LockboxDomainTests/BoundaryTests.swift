import LockboxDomain
import Testing

@Suite("One millisecond before, at and after each instant")
struct BoundaryTests {
    /// Deadlines exclude: at the instant itself it is too late.
    @Test(arguments: [AccessRequest.StateName.awaitingManager, .awaitingCustomer])
    func aDecisionCountsOneMillisecondBeforeTheDeadlineAndNotAtIt(_ state: AccessRequest.StateName)
        throws
    {
        let person = try (state == .awaitingManager ? Cast.manager : Cast.approver).person()
        let scene = try Scene.inState(state)
        let deadline = try required(scene.request.state.decideBy)
        for verdict in [Decision.Verdict.approve(.none), .deny] {
            var inTime = scene
            inTime.now = deadline - millisecond
            try inTime.decide(verdict, by: person)
            for late in [deadline, deadline + millisecond, deadline + .days(400)] {
                var tooLate = scene
                tooLate.now = late
                #expect(throws: Refusal.stale(current: scene.request.version + 1)) {
                    try tooLate.decide(verdict, by: person)
                }
                #expect(tooLate.request == scene.request)
                tooLate.passTime()
                #expect(throws: Refusal.alreadyDecided(.expired)) {
                    try tooLate.decide(verdict, by: person)
                }
                #expect(tooLate.request.state == .expired(at: deadline, stage: state))
                #expect(tooLate.request.decisions == scene.request.decisions)
            }
        }
    }

    @Test func withdrawingIsPossibleUntilTheDeadline() throws {
        for state in [AccessRequest.StateName.awaitingManager, .awaitingCustomer] {
            let scene = try Scene.inState(state)
            let deadline = try required(scene.request.state.decideBy)
            var request = scene.request
            _ = try request.withdraw(comment: nil, by: scene.engineer, now: deadline - millisecond)
            var late = scene
            late.now = deadline
            late.passTime()
            #expect(throws: Refusal.wrongState(.expired)) {
                try late.request.withdraw(comment: nil, by: scene.engineer, now: deadline)
            }
        }
    }

    @Test func theManagersDeadlineIsTwelveHoursAndTheCustomersIsThePolicys() throws {
        var scene = try Scene.submitted(to: tenant(decisionWindow: .minutes(15)))
        #expect(scene.request.state == .awaitingManager(decideBy: morning + .hours(12)))
        scene.now = morning + .hours(12) - millisecond
        try scene.decide(.approve(.none), by: Cast.manager.person())
        // Counted from when the customer is asked, not from when the request was made.
        #expect(
            scene.request.state
                == .awaitingCustomer(
                    askedAt: scene.now,
                    decideBy: scene.now + .minutes(15),
                    approvalsNeeded: 1
                )
        )
    }

    /// Windows include their start and exclude their end.
    @Test func accessIsUsableFromTheStartUntilOneMillisecondBeforeTheEnd() throws {
        let scene = try Scene.inState(.scheduled)
        let grant = try required(scene.request.state.grant)
        let resource = try mailbox("sue")
        #expect(grant.start == morning + .hours(1))
        #expect(grant.end == grant.start + .hours(2))
        func use(at now: Timestamp) throws -> GrantID {
            try scene.request.mayUse(resource, by: scene.engineer, now: now).grant.id
        }
        #expect(throws: Refusal.accessNotActive(.scheduled)) {
            try use(at: grant.start - millisecond)
        }
        #expect(try use(at: grant.start) == grant.id)
        #expect(try use(at: grant.start + millisecond) == grant.id)
        #expect(try use(at: grant.end - millisecond) == grant.id)
        #expect(throws: Refusal.accessNotActive(.ended)) { try use(at: grant.end) }
        #expect(throws: Refusal.accessNotActive(.ended)) { try use(at: grant.end + millisecond) }
    }

    @Test func aWindowCoversItsStartAndNotItsEnd() throws {
        let grant = try required(Scene.inState(.active).request.state.grant)
        #expect(!grant.covers(grant.start - millisecond))
        #expect(grant.covers(grant.start))
        #expect(grant.covers(grant.end - millisecond))
        #expect(!grant.covers(grant.end))
    }

    @Test func aClockThatWentBackGivesNoAccess() throws {
        let scene = try Scene.inState(.active)
        let grant = try required(scene.request.state.grant)
        #expect(throws: Refusal.self) {
            try scene.request.mayUse(
                mailbox("sue"),
                by: scene.engineer,
                now: grant.start - millisecond
            )
        }
    }

    @Test func accessIsEndedByHandUntilTheEndAndByTimeFromThenOn() throws {
        let scene = try Scene.inState(.active)
        let grant = try required(scene.request.state.grant)
        var request = scene.request
        _ = try request.finish(comment: nil, by: scene.engineer, now: grant.end - millisecond)
        #expect(request.state.ending?.reason == .finished)
        var late = scene
        late.now = grant.end
        late.passTime()
        #expect(throws: Refusal.wrongState(.ended)) {
            try late.request.finish(comment: nil, by: scene.engineer, now: grant.end)
        }
        #expect(
            late.request.state.ending
                == Ending(reason: .expired, at: grant.end, by: nil, comment: nil)
        )
    }

    @Test func aLateLookEndsAccessAtItsEndAndNotAtTheTimeOfTheLook() throws {
        var scene = try Scene.inState(.scheduled)
        let grant = try required(scene.request.state.grant)
        let version = scene.request.version
        scene.now = grant.end + .days(3)
        let events = scene.passTime()
        #expect(events.map(\.kind) == ["grantStarted", "grantEnded"])
        #expect(scene.request.state.ending?.at == grant.end)
        // One step, one version: the store takes only the one after the present.
        #expect(scene.request.version == version + 2)
        #expect(events.map(\.request?.version) == [version + 1, version + 2])
        #expect(scene.request.advance(to: grant.end + .days(4)) == nil)
    }

    @Test func noCommandActsOnAccessWhoseStartNobodyRecorded() throws {
        let scene = try Scene.inState(.scheduled)
        let start = try required(scene.request.state.grant).start
        let (engineer, tenant) = (scene.engineer, scene.tenant)
        let manager = try Cast.manager.person()
        let commands: [(inout AccessRequest) throws -> [Event]] = [
            { try $0.finish(comment: nil, by: engineer, now: start) },
            { try $0.revoke(comment: nil, by: manager, now: start) },
            { try $0.engineerLeft(now: start) },
            { try $0.applyRules(of: tenant, licenceWithdrawn: true, by: nil, now: start) },
        ]
        for command in commands {
            var late = scene
            #expect(throws: Refusal.stale(current: scene.request.version + 1)) {
                try command(&late.request)
            }
            #expect(late.request == scene.request)
            late.now = start
            #expect(late.passTime().map(\.kind) == ["grantStarted"])
            #expect(try command(&late.request).map(\.kind) == ["grantEnded"])
            #expect(late.request.version == scene.request.version + 2)
        }
    }

    @Test func aStartMayBeOneMillisecondAheadAndThirtyDaysButNotNowAndNoFurther() throws {
        for start in [morning + millisecond, morning + .days(30)] {
            #expect(
                try Scene.submitted(to: tenant(), notBefore: start).request.terms.notBefore == start
            )
        }
        for start in [
            morning - millisecond, morning, morning + .days(30) + millisecond, .latest, .earliest,
        ] {
            #expect(throws: Refusal.self) { try Scene.submitted(to: tenant(), notBefore: start) }
        }
    }

    @Test func anApprovalBeforeTheWantedStartSchedulesAndOneAtItOpens() throws {
        let start = morning + .hours(1)
        for (instant, state) in [
            (start - millisecond, "scheduled"), (start, "active"), (start + millisecond, "active"),
        ] {
            var scene = try Scene.submitted(to: tenant(), notBefore: start)
            try scene.approve(by: Cast.manager.person())
            scene.now = instant
            let events = try scene.decide(.approve(.none), by: Cast.approver.person())
            #expect(scene.request.state.name.rawValue == state)
            let grant = try required(scene.request.state.grant)
            // The window never begins in the past, and its length is what was asked for.
            #expect(grant.start == max(instant, start))
            #expect(grant.end - grant.start == .hours(2))
            #expect(events.contains { $0.kind == "grantStarted" } == (state == "active"))
        }
    }

    @Test func durationsAtTheBoundsAreTakenAndBeyondThemRefused() throws {
        let longest = try tenant(maxAccess: .hours(24))
        for duration in [TimeSpan.seconds(1), .hours(24)] {
            _ = try Scene.submitted(to: longest, duration: duration)
        }
        #expect(throws: Refusal.exceedsCap(.hours(24))) {
            try Scene.submitted(to: longest, duration: .hours(24) + millisecond)
        }
        for span in [
            TimeSpan.seconds(1) - millisecond, .zero, TimeSpan(milliseconds: -1),
            TimeSpan(milliseconds: .min),
        ] {
            #expect(
                throws: Refusal.invalid(field: "duration", problem: .outOfRange("PT1S or longer"))
            ) { try Scene.submitted(to: longest, duration: span) }
        }
        #expect(throws: Refusal.exceedsCap(.hours(24))) {
            try Scene.submitted(to: longest, duration: TimeSpan(milliseconds: .max))
        }
    }

    @Test func aPolicyAtItsBoundsIsTakenAndBeyondThemRefused() throws {
        func policy(_ window: TimeSpan = .hours(12), _ cap: TimeSpan = .hours(4), _ needed: Int = 1)
            throws -> Policy
        {
            try Policy(
                requireApproval: true,
                decisionWindow: window,
                maxAccess: cap,
                approvalsNeeded: needed,
                withheldFromTokens: [],
                coolingOff: .hours(24)
            )
        }
        for window in [TimeSpan.minutes(15), .days(14)] { _ = try policy(window) }
        for window in [TimeSpan.minutes(15) - millisecond, .days(14) + millisecond, .zero] {
            #expect(throws: Refusal.self) { try policy(window) }
        }
        for cap in [TimeSpan.seconds(1), .hours(24)] { _ = try policy(.hours(12), cap) }
        for cap in [TimeSpan.seconds(1) - millisecond, .hours(24) + millisecond, .zero] {
            #expect(throws: Refusal.self) { try policy(.hours(12), cap) }
        }
        for needed in [1, 10] { _ = try policy(.hours(12), .hours(4), needed) }
        for needed in [0, -1, 11, .max] {
            #expect(throws: Refusal.self) { try policy(.hours(12), .hours(4), needed) }
        }
    }
}

extension TimeSpan {
    static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: left.milliseconds + right.milliseconds)
    }
}
