import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Everybody at once on one request: one outcome, and a log that tells it.
struct RaceTests {
    private static let abe = Fixture.person(21, "Abe Lund", "abe@contoso.test", .approver)
    private static let amy = Fixture.person(22, "Amy Stone", "amy@contoso.test", .approver)
    private static let approvers = [Fixture.adam, Fixture.gita, abe, amy]

    private typealias Step = @Sendable () async throws -> Void

    /// How many of `steps`, started together, were not refused. Anything but a refusal is an error.
    private static func race(_ steps: [Step]) async throws -> Int {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for step in steps {
                group.addTask {
                    do {
                        try await step()
                        return true
                    } catch is Refusal {
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
    }

    @Test func everybodyAtOnceLeavesExactlyOneOutcome() async throws {
        try await TestWorld.with(people: [Self.abe, Self.amy]) { world async throws in
            for round in 0..<200 {
                // Nobody may ask so often in so short a time.
                world.clock.advance(by: .hours(3))
                let request = try await world.reviewed()
                let id = request.id.text
                let approve: [Step] = Self.approvers.map { person in
                    { try await world.decide(TestWorld.yes, on: request, by: person) }
                }
                let deny: Step = {
                    try await world.decide(TestWorld.no, on: request, by: Fixture.gita)
                }
                let withdraw: Step = {
                    _ = try await world.lockbox.withdraw(
                        id,
                        comment: nil,
                        by: Fixture.eve,
                        key: nil
                    )
                }
                let end: [Step] = [
                    {
                        _ = try await world.lockbox.revoke(
                            id,
                            comment: nil,
                            by: Fixture.adam,
                            key: nil
                        )
                    },
                    {
                        _ = try await world.lockbox.finish(
                            id,
                            comment: nil,
                            by: Fixture.eve,
                            key: nil
                        )
                    },
                ]
                let timePasses: Step = {
                    world.clock.advance(by: .hours(13))
                    _ = try await world.lockbox.expireDue()
                }
                let mixes = [
                    approve + [deny, withdraw] + end + [timePasses], approve + [deny, withdraw],
                    [deny, withdraw, timePasses], approve + end + [timePasses],
                ]
                let steps = mixes[round % mixes.count]
                // Another one is first each time.
                let first = round / mixes.count % steps.count
                _ = try await Self.race(Array(steps[first...] + steps[..<first]))
                let state = try await world.stored(request.id).state.name
                let told = try await world.activities(about: request.id)
                let answers = [
                    "access.granted", "request.denied", "request.withdrawn", "request.expired",
                ]
                #expect(told.filter(answers.contains).count == 1, "\(told)")
                #expect(
                    told.filter { $0 == "access.started" }.count
                        == told.filter { $0 == "access.granted" }.count
                )
                #expect(
                    told.filter { $0 == "access.ended" }.count == (state == .ended ? 1 : 0),
                    "\(told)"
                )
                #expect(state.isTerminal || state == .active)
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func quorumIsReachedOnceAndNotOvershot() async throws {
        let two = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        try await TestWorld.with(contoso: two, people: [Self.abe, Self.amy]) { world async throws in
            for _ in 0..<50 {
                world.clock.advance(by: .hours(3))
                let request = try await world.reviewed()
                // Everybody tries until it is decided, reading the newest version each time.
                _ = try await Self.race(
                    Self.approvers.map { person in
                        {
                            while true {
                                do {
                                    let now = try await world.stored(request.id)
                                    try await world.decide(TestWorld.yes, on: now, by: person)
                                    return
                                } catch Refusal.stale {
                                    continue
                                }
                            }
                        }
                    }
                )
                let done = try await world.stored(request.id)
                #expect(done.state.name == .active)
                #expect(done.decisions.filter { $0.stage == .customer }.count == 2)
                #expect(
                    try await world.activities(about: request.id).filter { $0 == "access.granted" }
                        .count == 1
                )
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func onePersonsDoubleClickCountsOnce() async throws {
        let two = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        try await TestWorld.with(contoso: two) { world async throws in
            let request = try await world.reviewed()
            let done = try await Self.race(
                Array(
                    repeating: {
                        try await world.decide(TestWorld.yes, on: request, by: Fixture.adam)
                    },
                    count: 10
                )
            )
            #expect(done == 1)
            let after = try await world.stored(request.id)
            #expect(after.state.name == .awaitingCustomer)
            let again = try await world.refusal {
                try await world.decide(TestWorld.yes, on: after, by: Fixture.adam)
            }
            #expect(again == .alreadyDecidedByYou)
        }
    }

    @Test func manySweepersRecordOneEnd() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            world.clock.advance(by: .hours(2))
            let sweeps = try await Self.race(
                Array(repeating: { _ = try await world.lockbox.expireDue() }, count: 20)
            )
            #expect(sweeps == 20)
            #expect(
                try await world.activities(about: request.id).filter { $0 == "access.ended" }.count
                    == 1
            )
            try await world.expectConsistentLogs()
        }
    }

    @Test func revokeAgainstIssuingNeverLeavesALiveCredential() async throws {
        try await TestWorld.with { world async throws in
            for round in 0..<50 {
                let request = try await world.approved()
                var steps: [Step] = (0..<4).map { _ in
                    { _ = try await world.credential(for: request) }
                }
                steps.insert(
                    {
                        _ = try await world.lockbox.revoke(
                            request.id.text,
                            comment: nil,
                            by: Fixture.adam,
                            key: nil
                        )
                    },
                    at: round % 5
                )
                _ = try await Self.race(steps)
                let live = try await world.store.read { tx in
                    try tx.liveCredentials(at: Fixture.now)
                }
                #expect(live.isEmpty)
                #expect(world.index.count == 0)
            }
            try await world.expectConsistentLogs()
        }
    }
}
