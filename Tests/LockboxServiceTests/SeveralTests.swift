import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Several requests that one person denies or stops at once.
struct SeveralTests {
    private static func read(_ requests: AccessRequest...) -> [ReadRequest] {
        requests.map { ReadRequest(id: $0.id.text, version: $0.version) }
    }

    private static let key = CommandKey(
        key: "form-1",
        payloadHash: [UInt8](repeating: 1, count: 32)
    )

    private static func refusal(of one: OneOfSeveral) -> Refusal? {
        guard case .failure(let error) = one.result else { return nil }
        return error as? Refusal
    }

    @Test func eachIsDeniedOnItsOwnAndWhatWasSettledMeanwhileStays() async throws {
        try await TestWorld.with { world async throws in
            let (first, second, third) = (
                try await world.reviewed(), try await world.reviewed(), try await world.reviewed()
            )
            try await world.decide(TestWorld.no, on: second, by: Fixture.gita)
            let done = try await world.lockbox.deny(
                each: Self.read(first, second, third),
                comment: "Not today.",
                by: Fixture.adam,
                key: nil
            )
            #expect(done.map(\.id) == [first.id.text, second.id.text, third.id.text])
            #expect(done.map { Self.refusal(of: $0) } == [nil, .alreadyDecided(.denied), nil])
            for request in [first, third] {
                let stored = try await world.stored(request.id)
                #expect(stored.state.name == .denied)
                #expect(stored.decisions.last?.person == Fixture.adam.id)
                #expect(stored.decisions.last?.comment == "Not today.")
            }
            #expect(try await world.stored(second.id).decisions.last?.person == Fixture.gita.id)
            try await world.expectConsistentLogs()
        }
    }

    @Test func versionThatWasNotReadIsNotDenied() async throws {
        var policy = Policy.standard
        policy.approvalsNeeded = 2
        try await TestWorld.with(contoso: Fixture.tenant(policy: policy)) { world async throws in
            let request = try await world.reviewed()
            try await world.decide(TestWorld.yes, on: request, by: Fixture.gita)
            let done = try await world.lockbox.deny(
                each: Self.read(request),
                comment: "No.",
                by: Fixture.adam,
                key: nil
            )
            #expect(done.map { Self.refusal(of: $0) } == [.stale(current: request.version + 1)])
            #expect(try await world.stored(request.id).state.name == .awaitingCustomer)
        }
    }

    @Test func sendingTheSameFormTwiceDeniesOnce() async throws {
        try await TestWorld.with { world async throws in
            let (first, second) = (try await world.reviewed(), try await world.reviewed())
            for _ in 1...2 {
                let done = try await world.lockbox.deny(
                    each: Self.read(first, second),
                    comment: "No.",
                    by: Fixture.adam,
                    key: Self.key
                )
                let refusals = done.compactMap { Self.refusal(of: $0) }
                #expect(refusals == [])
            }
            let denials = try await world.activities(about: first.id).filter {
                $0 == "request.denied"
            }
            #expect(denials.count == 1)
        }
    }

    @Test func nothingIsDeniedWithoutAReasonOrWithSomebodyElsesAmongThem() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.reviewed()
            let reason = try await world.refusal {
                _ = try await world.lockbox.deny(
                    each: Self.read(request),
                    comment: nil,
                    by: Fixture.adam,
                    key: nil
                )
            }
            #expect(reason == .invalid(field: "comment", problem: .missing))
            let unknown: AccessRequestID = Fixture.id(99)
            let refusal = try await world.refusal {
                _ = try await world.lockbox.deny(
                    each: Self.read(request) + [ReadRequest(id: unknown.text, version: 1)],
                    comment: "No.",
                    by: Fixture.adam,
                    key: nil
                )
            }
            #expect(refusal == .notFound(.accessRequest))
            let theirs = try await world.refusal {
                _ = try await world.lockbox.deny(
                    each: Self.read(request),
                    comment: "No.",
                    by: Fixture.finn,
                    key: nil
                )
            }
            #expect(theirs == .notFound(.accessRequest))
            let none = try await world.refusal {
                _ = try await world.lockbox.deny(
                    each: [],
                    comment: "No.",
                    by: Fixture.adam,
                    key: nil
                )
            }
            #expect(none == .invalid(field: "requests", problem: .outOfRange("1 to 100")))
            #expect(try await world.stored(request.id).state.name == .awaitingCustomer)
        }
    }

    @Test func whoMayNotDecideDeniesAndStopsNothing() async throws {
        try await TestWorld.with { world async throws in
            let (waiting, open) = (try await world.reviewed(), try await world.approved())
            let denied = try await world.lockbox.deny(
                each: Self.read(waiting),
                comment: "No.",
                by: Fixture.uma,
                key: nil
            )
            #expect(denied.map { Self.refusal(of: $0) } == [.notPermitted(.decideAsApprover)])
            let stopped = try await world.lockbox.stop(
                each: [open.id.text],
                comment: nil,
                by: Fixture.uma,
                key: nil
            )
            #expect(stopped.map { Self.refusal(of: $0) } == [.notPermitted(.revoke)])
            #expect(try await world.stored(open.id).state.name == .active)
        }
    }

    @Test func allAccessStopsAndASecondSendingStopsNothing() async throws {
        try await TestWorld.with { world async throws in
            let (first, second, over) = (
                try await world.approved(), try await world.approved(), try await world.approved()
            )
            let credential = try await world.credential(for: first)
            _ = try await world.lockbox.finish(
                over.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            for _ in 1...2 {
                let done = try await world.lockbox.stop(
                    each: [first, second, over].map(\.id.text),
                    comment: "Enough.",
                    by: Fixture.adam,
                    key: Self.key
                )
                #expect(
                    done.map { Self.refusal(of: $0) } == [nil, nil, .wrongState(.ended)]
                )
            }
            for request in [first, second] {
                let stored = try await world.stored(request.id)
                #expect(stored.state.ending?.reason == .revoked)
                #expect(stored.state.ending?.by == Fixture.adam.id)
                #expect(world.index.ended(stored.state.grant!.id) == nil, "it is written down")
            }
            #expect(try await world.stored(over.id).state.ending?.reason == .finished)
            _ = credential
            try await world.expectConsistentLogs()
        }
    }
}
