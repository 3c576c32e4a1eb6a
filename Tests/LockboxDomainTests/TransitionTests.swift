import LockboxDomain
import Testing

@Suite("Moves between states")
struct TransitionTests {
    private struct Move: Hashable, CustomStringConvertible {
        let from: AccessRequest.StateName?
        let to: AccessRequest.StateName
        var description: String { "\(from.map(\.rawValue) ?? "nothing") → \(to)" }
    }

    private let declared = Set(
        AccessRequest.legalTransitions.map { Move(from: $0.from, to: $0.to) }
    )

    @Test func theDeclaredMovesAreTheseFifteen() {
        let written = """
            nothing → awaitingManager
            awaitingManager → awaitingCustomer
            awaitingManager → rejected
            awaitingManager → withdrawn
            awaitingManager → expired
            awaitingManager → scheduled
            awaitingManager → active
            awaitingCustomer → denied
            awaitingCustomer → withdrawn
            awaitingCustomer → expired
            awaitingCustomer → scheduled
            awaitingCustomer → active
            scheduled → active
            scheduled → ended
            active → ended
            """
        #expect(
            Set(written.split(separator: "\n").map(String.init)) == Set(declared.map(\.description))
        )
        #expect(AccessRequest.legalTransitions.count == 15)
    }

    @Test func terminalStatesAreTheOnesWithNoWayOut() {
        for state in AccessRequest.StateName.allCases {
            #expect(state.isTerminal == !declared.contains { $0.from == state })
        }
    }

    /// Does everything that anybody can do in every state, again in every state that this leads to,
    /// under each kind of tenant, and collects the moves.
    @Test func theMovesThatHappenAreTheDeclaredOnes() throws {
        let tenants = [
            try tenant(), try tenant(needed: 2), try tenant(approval: false),
            try tenant(licensed: false),
        ]
        var observed: Set<Move> = []
        var seen: Set<AccessRequest> = []
        var waiting: [Scene] = []
        for tenant in tenants {
            for start in [nil, morning + .hours(1)] {
                let scene = try Scene.submitted(to: tenant, notBefore: start)
                observed.insert(Move(from: nil, to: scene.request.state.name))
                waiting.append(scene)
            }
        }
        while let scene = waiting.popLast() {
            for next in try followers(of: scene, under: tenants) {
                if next.request.state.name != scene.request.state.name {
                    observed.insert(
                        Move(from: scene.request.state.name, to: next.request.state.name)
                    )
                } else if scene.request.state.name.isTerminal {
                    #expect(next.request == scene.request)
                }
                if seen.insert(next.request).inserted { waiting.append(next) }
            }
        }
        #expect(observed == declared)
        #expect(seen.count > 100)
    }

    /// What one more step can make of `scene`.
    private func followers(of scene: Scene, under tenants: [Tenant]) throws -> [Scene] {
        var found: [Scene] = []
        for cast in Cast.allCases {
            let person = try cast.person()
            for attempt in Attempt.allCases {
                var next = scene
                let outcome = Result { () throws(Refusal) in
                    try attempt.carryOut(by: person, in: &next)
                }
                if case .success = outcome {
                    if attempt == .approve || attempt == .deny { next.deciders.append(person) }
                    found.append(next)
                }
            }
        }
        for tenant in tenants {
            for licenceWithdrawn in [false, true] {
                var next = scene
                next.tenant = tenant
                _ = try next.request.applyRules(
                    of: tenant,
                    licenceWithdrawn: licenceWithdrawn,
                    by: nil,
                    now: next.now
                )
                found.append(next)
            }
        }
        var left = scene
        _ = try left.request.engineerLeft(now: left.now)
        found.append(left)
        if let deadline = scene.request.state.nextDeadline {
            for instant in [deadline - millisecond, deadline, deadline + .days(1)] {
                var later = scene
                later.now = max(later.now, instant)
                later.passTime()
                found.append(later)
            }
        }
        return found
    }
}
