import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// The manager's and the customer's yes and no, by whom and when.
struct DecideTests {
    @Test func wholeWayIsRecordedStepByStep() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            #expect(request.state.name == .active)
            #expect(request.state.grant?.basis == .approval)
            #expect(request.state.grant?.end == Fixture.now + .hours(2))
            _ = try await world.credential(for: request)
            let ended = try await world.lockbox.finish(
                request.id.text,
                comment: "Done.",
                by: Fixture.eve,
                key: nil
            )
            #expect(ended.request.state.ending?.reason == .finished)
            #expect(
                try await world.activities(about: request.id) == [
                    "request.submitted", "request.approvedByManager", "request.customerAsked",
                    "request.approved",
                    "access.granted", "access.started", "access.credentialIssued", "access.ended",
                ]
            )
            try await world.expectConsistentLogs()
        }
    }

    @Test func eachStepByTheWrongPersonIsRefused() async throws {
        try await TestWorld.with { world async throws in
            let submitted = try await world.submitted()
            func refused(_ request: AccessRequest, _ person: Person) async throws -> Refusal {
                try await world.refusal {
                    try await world.decide(TestWorld.yes, on: request, by: person)
                }
            }
            #expect(try await refused(submitted, Fixture.eve) == .notPermitted(.decideAsManager))
            #expect(try await refused(submitted, Fixture.olga) == .notPermitted(.decideAsManager))
            #expect(try await refused(submitted, Fixture.adam) == .notAwaitingYou(.awaitingManager))
            #expect(try await refused(submitted, Fixture.sue) == .notPermitted(.decideAsApprover))
            let reviewed = try await world.decide(TestWorld.yes, on: submitted, by: Fixture.mark)
            #expect(try await refused(reviewed, Fixture.mark) == .notAwaitingYou(.awaitingCustomer))
            #expect(try await refused(reviewed, Fixture.max) == .notAwaitingYou(.awaitingCustomer))
            #expect(try await refused(reviewed, Fixture.eve) == .notPermitted(.decideAsManager))
            #expect(try await refused(reviewed, Fixture.uma) == .notPermitted(.decideAsApprover))
            #expect(try await refused(reviewed, Fixture.frida) == .notFound(.accessRequest))
        }
    }

    @Test func managerWhoIsAnEngineerCannotReviewHerOwn() async throws {
        try await TestWorld.with { world async throws in
            let own = try await world.lockbox.submit(TestWorld.draft(), by: Fixture.max, key: nil)
                .request
            let refusal = try await world.refusal {
                try await world.decide(TestWorld.yes, on: own, by: Fixture.max)
            }
            #expect(refusal == .ownRequest)
            let denied = try await world.refusal {
                try await world.decide(TestWorld.no, on: own, by: Fixture.max)
            }
            #expect(denied == .ownRequest)
        }
    }

    @Test func approverRemovedMeanwhileDecidesNothing() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.reviewed()
            _ = try await world.lockbox.changeRoles(
                of: Fixture.adam.id.text,
                in: "contoso",
                to: ["member"],
                by: Fixture.gita
            )
            // What the caller brings along is as it was; what counts is what is stored. She may no
            // longer even see it.
            let refusal = try await world.refusal {
                try await world.decide(TestWorld.yes, on: request, by: Fixture.adam)
            }
            #expect(refusal == .notFound(.accessRequest))
            try await world.expectConsistentLogs()
        }
    }

    @Test func approvalsOfPeopleWhoLostTheRoleDoNotCount() async throws {
        let two = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        let abe = Fixture.person(21, "Abe Lund", "abe@contoso.test", .approver)
        try await TestWorld.with(contoso: two, people: [abe]) { world async throws in
            var request = try await world.approved()
            #expect(request.state.name == .awaitingCustomer)
            _ = try await world.lockbox.changeRoles(
                of: Fixture.adam.id.text,
                in: "contoso",
                to: ["member"],
                by: Fixture.gita
            )
            request = try await world.decide(TestWorld.yes, on: request, by: abe)
            #expect(request.state.name == .awaitingCustomer)
            request = try await world.decide(TestWorld.yes, on: request, by: Fixture.gita)
            #expect(request.state.name == .active)
            try await world.expectConsistentLogs()
        }
    }

    @Test func decisionNeedsTheVersionThatWasRead() async throws {
        try await TestWorld.with { world async throws in
            let submitted = try await world.submitted()
            let reviewed = try await world.decide(TestWorld.yes, on: submitted, by: Fixture.mark)
            let unsaid = try await world.refusal {
                _ = try await world.lockbox.decide(
                    TestWorld.yes,
                    on: reviewed.id.text,
                    version: nil,
                    by: Fixture.adam,
                    key: nil
                )
            }
            #expect(unsaid == .versionRequired)
            let stale = try await world.refusal {
                _ = try await world.lockbox.decide(
                    TestWorld.yes,
                    on: reviewed.id.text,
                    version: submitted.version,
                    by: Fixture.adam,
                    key: nil
                )
            }
            #expect(stale == .stale(current: reviewed.version))
        }
    }

    @Test func approvalGivesLessAndNeverMore() async throws {
        try await TestWorld.with { world async throws in
            func line(_ id: String, _ actions: [String]) -> RequestDraft.Line {
                .init(service: "mail", id: id, actions: actions)
            }
            let request = try await world.reviewed {
                $0.resources = [
                    line("sue@contoso.test", ["write"]), line("adam@contoso.test", ["read"]),
                ]
            }
            func refused(_ duration: TimeSpan?, _ resources: [RequestDraft.Line]?) async throws
                -> Refusal
            {
                let draft = DecisionDraft(
                    approves: true,
                    comment: nil,
                    duration: duration,
                    resources: resources
                )
                return try await world.refusal {
                    try await world.decide(draft, on: request, by: Fixture.adam)
                }
            }
            #expect(try await refused(.hours(3), nil) == .exceedsRequest(field: "duration"))
            #expect(
                try await refused(.zero, nil)
                    == .invalid(field: "duration", problem: .outOfRange("PT1S or longer"))
            )
            #expect(
                try await refused(nil, [line("adam@contoso.test", ["write"])])
                    == .exceedsRequest(field: "resources")
            )
            // Not in the request, of another tenant, or not at all: one answer.
            for id in ["tom@contoso.test", "frida@fabrikam.test", "nobody@contoso.test"] {
                #expect(try await refused(nil, [line(id, ["read"])]).code == "exceedsRequest")
            }
            #expect(try await refused(nil, []) == .invalid(field: "resources", problem: .missing))
            let less = DecisionDraft(
                approves: true,
                comment: nil,
                duration: .minutes(30),
                resources: [line("sue@contoso.test", ["read"])]
            )
            let approved = try await world.decide(less, on: request, by: Fixture.adam)
            let grant = try #require(approved.state.grant)
            #expect(grant.end == Fixture.now + .minutes(30))
            #expect(grant.scope == Fixture.scope)
            #expect(approved.terms == request.terms)
        }
    }

    @Test func lateOrForeignDecisionIsRefusedAsSuchAndNotForItsDetails() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.reviewed()
            let bad = DecisionDraft(
                approves: true,
                comment: nil,
                duration: nil,
                resources: [.init(service: "files", id: "x", actions: ["fly"])]
            )
            let odd = DecisionDraft(
                approves: false,
                comment: nil,
                duration: .hours(1),
                resources: nil
            )
            for draft in [bad, odd] {
                let foreign = try await world.refusal {
                    try await world.decide(draft, on: request, by: Fixture.sue)
                }
                #expect(foreign == .notPermitted(.decideAsApprover))
            }
            world.clock.advance(by: .hours(12))
            for draft in [bad, odd] {
                let late = try await world.refusal {
                    try await world.decide(draft, on: request, by: Fixture.adam)
                }
                #expect(late == .alreadyDecided(.expired))
            }
        }
    }

    @Test func denialGivesNothingAndNeedsAReason() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.reviewed()
            var draft = DecisionDraft(approves: false, comment: nil, duration: nil, resources: nil)
            let silent = try await world.refusal {
                try await world.decide(draft, on: request, by: Fixture.adam)
            }
            #expect(silent == .invalid(field: "comment", problem: .missing))
            draft = DecisionDraft(
                approves: false,
                comment: "No.",
                duration: .hours(1),
                resources: nil
            )
            let odd = try await world.refusal {
                try await world.decide(draft, on: request, by: Fixture.adam)
            }
            #expect(odd.field == "duration")
        }
    }

    // MARK: - Time

    @Test func lateDecisionIsRefusedThoughNothingHasSwept() async throws {
        try await TestWorld.with { world async throws in
            let submitted = try await world.submitted()
            let reviewed = try await world.reviewed()
            world.clock.advance(by: TimeSpan(milliseconds: TimeSpan.hours(12).milliseconds - 1))
            // One millisecond before, a decision is in time; at the instant, it is not.
            let other = try await world.stored(reviewed.id)
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            for (request, person) in [(submitted, Fixture.mark), (other, Fixture.adam)] {
                for draft in [TestWorld.yes, TestWorld.no] {
                    let refusal = try await world.refusal {
                        try await world.decide(draft, on: request, by: person)
                    }
                    #expect(refusal == .alreadyDecided(.expired))
                }
                let withdrawn = try await world.refusal {
                    _ = try await world.lockbox.withdraw(
                        request.id.text,
                        comment: nil,
                        by: Fixture.eve,
                        key: nil
                    )
                }
                #expect(withdrawn == .wrongState(.expired))
                // A reader sees what is, though it is not recorded yet.
                #expect(
                    try await world.lockbox.request(request.id.text, by: Fixture.mark).request.state
                        .name == .expired
                )
            }
        }
    }

    @Test func decisionOneMillisecondBeforeTheDeadlineIsInTime() async throws {
        try await TestWorld.with { world async throws in
            let reviewed = try await world.reviewed()
            world.clock.advance(by: TimeSpan(milliseconds: TimeSpan.hours(12).milliseconds - 1))
            let approved = try await world.decide(TestWorld.yes, on: reviewed, by: Fixture.adam)
            #expect(approved.state.name == .active)
            // The window begins with the decision, and is as long as was asked for.
            #expect(approved.state.grant?.end == world.clock.now() + .hours(2))
        }
    }

    @Test func timePassesAtTheInstantAndNotBefore() async throws {
        try await TestWorld.with { world async throws in
            let pending = try await world.submitted()
            let scheduled = try await world.approved { $0.notBefore = Fixture.now + .hours(1) }
            #expect(scheduled.state.name == .scheduled)
            func at(_ instant: Timestamp) async throws -> [AccessRequest.StateName] {
                world.clock.move(to: instant)
                _ = try await world.lockbox.expireDue()
                return [
                    try await world.stored(pending.id).state.name,
                    try await world.stored(scheduled.id).state.name,
                ]
            }
            let (start, end) = (Fixture.now + .hours(1), Fixture.now + .hours(3))
            let deadline = Fixture.now + .hours(12)
            let before = TimeSpan(milliseconds: -1)
            #expect(try await world.lockbox.expireDue() == start)
            #expect(try await at(start + before) == [.awaitingManager, .scheduled])
            #expect(try await at(start) == [.awaitingManager, .active])
            #expect(try await world.lockbox.expireDue() == end)
            #expect(try await at(end + before) == [.awaitingManager, .active])
            #expect(try await at(end) == [.awaitingManager, .ended])
            #expect(try await at(deadline + before) == [.awaitingManager, .ended])
            #expect(try await at(deadline) == [.expired, .ended])
            #expect(try await world.lockbox.expireDue() == nil)
            let ended = try await world.stored(scheduled.id).state.ending
            #expect(ended?.reason == .expired)
            #expect(ended?.at == end)
            #expect(ended?.by == nil)
            try await world.expectConsistentLogs()
        }
    }

    @Test func longSleepMakesUpForEveryStepAndDoesNothingTwice() async throws {
        try await TestWorld.with { world async throws in
            var ids: [AccessRequestID] = []
            for hour in 1...3 {
                ids.append(
                    try await world.approved { $0.notBefore = Fixture.now + .hours(Int64(hour)) }.id
                )
            }
            world.clock.advance(by: .days(2))
            #expect(try await world.lockbox.expireDue() == nil)
            let size = try await world.entries().count
            #expect(try await world.lockbox.expireDue() == nil)
            #expect(try await world.entries().count == size)
            for id in ids {
                #expect(
                    try await world.activities(about: id).suffix(2) == [
                        "access.started", "access.ended",
                    ]
                )
                #expect(try await world.stored(id).state.ending?.at != world.clock.now())
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func backlogLargerThanOneWriteIsWorkedOff() async throws {
        try await TestWorld.with { world async throws in
            for _ in 0..<120 { try await world.submittedBeyondBounds() }
            world.clock.advance(by: .hours(12))
            #expect(try await world.lockbox.expireDue() == nil)
            let open = try await world.store.read { tx in
                try tx.openRequests(of: nil, engineer: nil)
            }
            #expect(open.isEmpty)
            try await world.expectConsistentLogs()
        }
    }

    @Test func overlappingGrantsEndEachForItself() async throws {
        try await TestWorld.with { world async throws in
            let (first, second) = (try await world.approved(), try await world.approved())
            let (one, two) = (
                try await world.credential(for: first), try await world.credential(for: second)
            )
            #expect(one.credential.username != two.credential.username)
            _ = try await world.lockbox.revoke(
                first.id.text,
                comment: "One is enough.",
                by: Fixture.adam,
                key: nil
            )
            let now = world.clock.now()
            #expect(try await world.index.active(one.secret, now: now) == nil)
            #expect(try await world.index.active(two.secret, now: now) == two.credential)
            let removals = try await world.store.read { tx in try tx.openRemovals() }
            #expect(removals.map(\.usernames) == [[one.credential.username]])
        }
    }
}
