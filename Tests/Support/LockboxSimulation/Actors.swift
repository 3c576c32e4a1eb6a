import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import Synchronization

/// The people of both sides: each does what she may, again and again, at whichever process she
/// reaches, and tries again under the same key where she does not learn what became of it.
final class Actors: Sendable {
    private let scheduler: Scheduler
    private let truth: Truth
    private let mailbox: SimulatedMailbox
    private let faults: @Sendable () -> Faults
    /// Those that somebody can reach now.
    private let nodes: @Sendable () -> [Node]
    private let isOver: @Sendable () -> Bool
    /// Decisions that somebody was told are made.
    private let acknowledged = Mutex<[(request: String, person: String)]>([])
    private let keys = Mutex(0)
    /// How long people wait for an answer, in milliseconds.
    private static let patience: Int64 = 3000

    init(
        _ scheduler: Scheduler,
        _ truth: Truth,
        _ mailbox: SimulatedMailbox,
        faults: @escaping @Sendable () -> Faults,
        nodes: @escaping @Sendable () -> [Node],
        isOver: @escaping @Sendable () -> Bool
    ) {
        (self.scheduler, self.truth, self.mailbox) = (scheduler, truth, mailbox)
        (self.faults, self.nodes, self.isOver) = (faults, nodes, isOver)
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<2 { group.addTask { await self.again(600) { await self.engineer() } } }
            group.addTask { await self.again(400) { await self.decides(Fixture.mark) } }
            group.addTask { await self.again(500) { await self.decides(Fixture.adam) } }
            group.addTask { await self.again(700) { await self.decides(Fixture.gita) } }
            group.addTask { await self.again(900) { await self.revokes() } }
            group.addTask { await self.again(4000) { await self.changesRules() } }
        }
    }

    /// What was said to be made is there.
    func checkAcknowledged() {
        for (request, person) in acknowledged.withLock({ $0 })
        where !truth.decisions(on: request).contains(where: { $0.person == person }) {
            truth.violated("a decision of \(person) on \(request) was acknowledged and is lost")
        }
    }

    private func again(_ thought: Int64, _ act: () async -> Void) async {
        while !isOver() {
            await scheduler.sleep(scheduler.draw { Int64.random(in: 1...thought * 2, using: &$0) })
            await act()
        }
    }

    private func one<Value>(of values: [Value]) -> Value? {
        scheduler.draw { values.randomElement(using: &$0) }
    }

    /// Does `act` at some process, and at others where the store did not take it or nobody knows.
    private func attempt<Value: Sendable>(
        _ act: @escaping @Sendable (Lockbox, CommandKey) async throws -> Value
    ) async -> Value? {
        let number = keys.withLock { keys in
            keys += 1
            return keys
        }
        let key = CommandKey(key: "key-\(number)", payloadHash: Array(repeating: 1, count: 32))
        for _ in 0..<4 {
            guard let node = one(of: nodes()) else { return nil }
            let answer = await node.answer(within: Self.patience) { node in
                do {
                    return Result<Value, any Error>.success(try await act(node.lockbox, key))
                } catch {
                    return .failure(error)
                }
            }
            switch answer {
            case .success(let value): return value
            case .failure(let error) where !(error is StoreError): return nil
            case .failure, nil: await scheduler.sleep(100)
            }
        }
        return nil
    }

    private func engineer() async {
        let open = truth.requests.filter { $0.state == "active" }
        let (asks, seconds, support, mailbox) = scheduler.draw { chance in
            (
                chance.happens(open.isEmpty ? 90 : 30), Int64.random(in: 1...6, using: &chance),
                Int.random(in: 1001...1006, using: &chance), chance.happens(50)
            )
        }
        guard !asks, let request = one(of: open) else {
            let name = mailbox ? "mailbox:sue@contoso.test" : "mailbox:adam@contoso.test"
            let draft = RequestDraft(
                tenant: "contoso",
                supportRequest: "SR-\(support)",
                reason: "Look why mail does not arrive.",
                duration: .seconds(seconds),
                resources: [.init(service: "mail", id: name, actions: ["read"])],
                notBefore: nil
            )
            _ = await attempt { lockbox, key in
                try await lockbox.submit(draft, by: Fixture.eve, key: key)
            }
            return
        }
        if scheduler.draw({ $0.happens(15) }) {
            _ = await attempt { lockbox, key in
                try await lockbox.finish(request.id, comment: nil, by: Fixture.eve, key: key)
            }
            return
        }
        guard
            let issued = await attempt({ lockbox, key in
                try await lockbox.issueCredential(
                    for: request.id,
                    service: nil,
                    resource: nil,
                    by: Fixture.eve,
                    key: nil
                )
            })
        else { return }
        // She signs in, and again later, when her access may be over.
        for _ in 0..<3 {
            await signIn(issued.secret)
            await scheduler.sleep(scheduler.draw { Int64.random(in: 1...3000, using: &$0) })
        }
    }

    /// As a service does: it asks some process, and takes an answer for so long and no longer.
    private func signIn(_ secret: String) async {
        guard let node = one(of: nodes()) else { return }
        let asked = scheduler.now
        let (there, back, isLost) = scheduler.draw { chance in
            (
                Int64.random(in: 0...10, using: &chance), Int64.random(in: 0...10, using: &chance),
                chance.happens(faults().network)
            )
        }
        await scheduler.sleep(there)
        let answer = await node.answer(within: Rules.answerPatience) { await $0.admits(secret) }
        guard !isLost, let credential = answer.flatMap({ $0 }) else { return }
        await scheduler.sleep(back)
        let now = scheduler.now
        guard now - asked <= Rules.answerPatience else { return }
        Rules.letIn(credential, at: now, truth)
        mailbox.open(credential)
    }

    private func decides(_ person: Person) async {
        let state = person == Fixture.mark ? "awaitingManager" : "awaitingCustomer"
        guard let request = one(of: truth.requests.filter({ $0.state == state })) else { return }
        let approves = scheduler.draw { $0.happens(85) }
        let draft = DecisionDraft(
            approves: approves,
            comment: approves ? nil : "Not today.",
            duration: nil,
            resources: nil
        )
        let view = await attempt { lockbox, key in
            try await lockbox.decide(
                draft,
                on: request.id,
                version: request.version,
                by: person,
                key: key
            )
        }
        if view != nil {
            acknowledged.withLock { $0.append((request.id, person.id.text)) }
        }
    }

    private func revokes() async {
        let open = truth.requests.filter { $0.state == "active" }
        guard let request = one(of: open), scheduler.draw({ $0.happens(40) }) else { return }
        _ = await attempt { lockbox, key in
            try await lockbox.revoke(request.id, comment: nil, by: Fixture.adam, key: key)
        }
    }

    /// Two people must say yes, or one again: what is looser waits.
    private func changesRules() async {
        let needed = scheduler.draw { Int.random(in: 1...2, using: &$0) }
        _ = await attempt { lockbox, _ in
            let tenant = try await lockbox.tenant("contoso", by: Fixture.gita)
            return try await lockbox.changePolicy(
                of: "contoso",
                to: Fixture.policy(approvalsNeeded: needed),
                version: tenant.version,
                by: Fixture.gita
            )
        }
    }
}
