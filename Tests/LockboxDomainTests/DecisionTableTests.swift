import LockboxDomain
import Testing

@Suite("Every state, every command, every kind of person")
struct DecisionTableTests {
    @Test func theTableLeavesNothingOut() {
        let cells = Cell.all(in: decisionTable)
        let present = Set(cells.map { "\($0.table) \($0.row) \($0.column)" })
        for attempt in Attempt.allCases {
            for person in Cast.allCases {
                for state in AccessRequest.StateName.allCases {
                    #expect(present.contains("\(attempt) \(person.rawValue) \(state)"))
                }
            }
        }
        #expect(cells.count == 6 * 15 * 9)
        #expect(present.count == cells.count)
    }

    @Test(arguments: Cell.all(in: decisionTable))
    func cell(_ cell: Cell) throws {
        let attempt = try required(Attempt(rawValue: cell.table))
        let cast = try required(Cast(rawValue: cell.row))
        var scene = try Scene.inState(cell.column)
        let person = try cast.person()
        if cast.madeTheRequest { scene.engineer = person }
        // Both records that share an address with the engineer's are among those who may approve,
        // as a careless directory has it.
        scene.approvers.append(try Cast.aliasApprover.person())
        let before = scene.request
        #expect(before.state.name == cell.column)
        let outcome = Result { () throws(Refusal) in try attempt.carryOut(by: person, in: &scene) }
        switch cell.expected {
        case "yes":
            #expect(try outcome.get().isEmpty)
            #expect(scene.request == before)
        case let done where done.hasPrefix("→"):
            let events = try outcome.get()
            #expect(events.map(\.kind) == attempt.events(from: cell.column))
            #expect(scene.request.state.name.rawValue == String(done.dropFirst()))
            #expect(scene.request.version == before.version + 1)
            #expect(scene.request.terms == before.terms)
            checkDecisions(of: scene.request, since: before, attempt, by: person, at: scene.now)
        case let refused:
            #expect(outcome == .failure(try attempt.refusal(refused, of: person, in: cell.column)))
            #expect(scene.request == before, "a refusal changes nothing")
        }
    }

    @Test(arguments: Attempt.allCases, Cast.allCases)
    func nothingIsDoneAfterTheLastDeadlineEvenIfNobodyRecordedIt(_ attempt: Attempt, _ cast: Cast)
        throws
    {
        for state in AccessRequest.StateName.allCases {
            var scene = try Scene.inState(state)
            let person = try cast.person()
            if cast.madeTheRequest { scene.engineer = person }
            scene.now = morning + .days(40)
            let stored = scene.request
            let passed = stored.seen(at: scene.now)
            #expect(passed.state.name.isTerminal)
            let outcome = Result { () throws(Refusal) in
                try attempt.carryOut(by: person, in: &scene)
            }
            // A use only looks. Every command but that refuses to act on what time has overtaken.
            if attempt != .mayUse && passed != stored {
                #expect(outcome == .failure(.stale(current: passed.version)))
            }
            #expect(throws: Refusal.self) { try outcome.get() }
            #expect(scene.request == stored)
            scene.passTime()
            #expect(throws: Refusal.self) { try attempt.carryOut(by: person, in: &scene) }
            #expect(scene.request == passed)
        }
    }

    private func checkDecisions(
        of request: AccessRequest,
        since before: AccessRequest,
        _ attempt: Attempt,
        by person: Person,
        at now: Timestamp
    ) {
        guard attempt == .approve || attempt == .deny else {
            #expect(request.decisions == before.decisions)
            return
        }
        #expect(request.decisions.dropLast() == before.decisions[...])
        #expect(request.decisions.last?.person == person.id)
        #expect(request.decisions.last?.isApproval == (attempt == .approve))
        #expect(request.decisions.last?.stage == (person.side == .provider ? .manager : .customer))
        #expect(request.decisions.last?.at == now)
    }
}

@Suite("Every state, every circumstance")
struct CircumstanceTableTests {
    @Test(arguments: Cell.all(in: circumstanceTable))
    func cell(_ cell: Cell) throws { try check(cell, basis: .approval) }

    @Test(arguments: Cell.all(in: circumstanceTableOfPolicyAccess))
    func cellOfPolicyAccess(_ cell: Cell) throws { try check(cell, basis: .policy) }

    private func check(_ cell: Cell, basis: Grant.Basis) throws {
        var scene = try Scene.inState(cell.column, basis: basis)
        let before = scene.request
        let events = try happen(cell.row, to: &scene)
        guard cell.expected != "same" else {
            #expect(scene.request == before)
            #expect(events.isEmpty)
            return
        }
        #expect("→" + scene.request.state.name.rawValue == cell.expected)
        // Each step of time is a version of its own; so is each command.
        #expect(scene.request.version == before.version + events.count)
        #expect(scene.request.decisions == before.decisions)
        #expect(!events.isEmpty)
        // What the last event shows of the request is what is stored.
        #expect(events.last?.request == scene.request)
    }

    private func happen(_ circumstance: String, to scene: inout Scene) throws -> [Event] {
        let approval = scene.tenant.policy.requireApproval
        let deadline = scene.request.state.nextDeadline ?? scene.now + .days(1)
        var licenceWithdrawn = false
        switch circumstance {
        case "timeBeforeTheDeadline":
            scene.now = deadline - millisecond
            return scene.passTime()
        case "timeAtTheDeadline":
            scene.now = deadline
            return scene.passTime()
        case "timeLongAfter":
            scene.now = deadline + .days(1)
            return scene.passTime()
        case "engineerLeft": return try scene.request.engineerLeft(now: scene.now)
        case "rulesUnchanged": break
        case "moreApprovalsNeeded": scene.tenant = try tenant(approval: approval, needed: 2)
        case "capBelowTheGrant":
            scene.tenant = try tenant(approval: approval, maxAccess: .hours(2) - millisecond)
        case "capAtTheGrant": scene.tenant = try tenant(approval: approval, maxAccess: .hours(2))
        case "decisionWindowShortened":
            scene.tenant = try tenant(approval: approval, decisionWindow: .minutes(15))
        case "approvalSwitchedOff": scene.tenant = try tenant(approval: false)
        case "approvalSwitchedOn": scene.tenant = try tenant(approval: true)
        case "licenceWithdrawn":
            scene.tenant = try tenant(approval: approval, licensed: false)
            licenceWithdrawn = true
        default: throw Missing()
        }
        return try scene.request.applyRules(
            of: scene.tenant,
            licenceWithdrawn: licenceWithdrawn,
            by: identifier(5),
            now: scene.now
        )
    }
}

extension TimeSpan {
    static func - (longer: TimeSpan, shorter: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: longer.milliseconds - shorter.milliseconds)
    }
}

extension Event {
    /// The request that it shows, where it shows one.
    var request: AccessRequest? {
        switch self {
        case .request(.submitted(let request)), .request(.decisionMade(let request, _, _)),
            .request(.customerAsked(let request)),
            .request(.withdrawn(let request)), .request(.expired(let request)),
            .access(.grantOpened(let request, _)),
            .access(.grantStarted(let request, _)), .access(.grantEnded(let request, _, _, _)):
            request
        default: nil
        }
    }
}

extension Attempt {
    func carryOut(by person: Person, in scene: inout Scene) throws(Refusal) -> [Event] {
        let (now, context, version) = (scene.now, scene.context, scene.request.version)
        switch self {
        case .approve:
            return try scene.request.decide(
                .approve(.none),
                comment: nil,
                by: person,
                version: version,
                in: context,
                now: now
            )
        case .deny:
            return try scene.request.decide(
                .deny,
                comment: "Not today, please.",
                by: person,
                version: version,
                in: context,
                now: now
            )
        case .withdraw: return try scene.request.withdraw(comment: nil, by: person, now: now)
        case .finish: return try scene.request.finish(comment: nil, by: person, now: now)
        case .revoke: return try scene.request.revoke(comment: nil, by: person, now: now)
        case .mayUse:
            _ = try scene.request.mayUse(
                scene.request.terms.scope.accesses[0].resource,
                by: person,
                now: now
            )
            return []
        }
    }

    /// The events of a success.
    func events(from state: AccessRequest.StateName) -> [String] {
        switch self {
        case .approve where state == .awaitingManager: ["decisionMade", "customerAsked"]
        case .approve: ["decisionMade", "grantOpened", "grantStarted"]
        case .deny: ["decisionMade"]
        case .withdraw: ["withdrawn"]
        case .finish, .revoke: ["grantEnded"]
        case .mayUse: []
        }
    }

    /// The refusal that a cell's word stands for.
    func refusal(_ word: String, of person: Person, in state: AccessRequest.StateName) throws
        -> Refusal
    {
        switch word {
        case "role": .notPermitted(permission(of: person))
        case "none": .notFound(.accessRequest)
        case "own": .ownRequest
        case "turn": .notAwaitingYou(state)
        case "late": .alreadyDecided(state)
        case "state": .wrongState(state)
        case "shut": .accessNotActive(state)
        default: throw Missing()
        }
    }

    private func permission(of person: Person) -> Refusal.Permission {
        switch self {
        case .approve, .deny: person.side == .provider ? .decideAsManager : .decideAsApprover
        case .withdraw: .withdraw
        case .finish: .finish
        case .revoke: .revoke
        case .mayUse: .obtainCredential
        }
    }
}
