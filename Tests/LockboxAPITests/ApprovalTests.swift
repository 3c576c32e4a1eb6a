import Foundation
import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// What becomes of a task, and what an approval is good for afterwards (AuthZEN, Access Request and
/// Approval Profile).
struct ApprovalTests {
    private typealias Program = RequesterProgram

    private static let status = "GET /access/v1/access-request/{id}"
    private static let cancellation = "POST /access/v1/access-request/{id}/cancel"

    // MARK: - The task

    @Test func taskGoesOnFromStepToStepUntilItIsApproved() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let task = try await eve.asked()
            api.world.clock.advance(by: .hours(1))
            try await eve.decided(task, by: Fixture.mark)
            let waiting = try await eve.look(task)
            #expect(waiting.headers[.retryAfter] == "5")
            let second = try waiting.json(200)["task"]
            #expect(second["status"] == "pending")
            #expect(
                second["progress"] == [
                    "current_step": 2, "total_steps": 2, "step_name": "customer_approval",
                ]
            )
            #expect(second["expires_at"] == instant(.hours(13)))
            // Nobody's name is in it.
            for person in [Fixture.mark, Fixture.adam, Fixture.gita] {
                #expect(!waiting.text.contains(person.id.text))
                #expect(!waiting.text.contains(person.name))
            }
            try await eve.decided(task, by: Fixture.adam)
            let over = try await eve.look(task)
            #expect(over.headers[.retryAfter] == nil)
            let answer = try over.json(200)
            #expect(answer["task"]["status"] == "approved")
            #expect(answer["task"]["progress"] == .missing)
            #expect(answer["task"]["links"]["cancel"] == .missing)
            #expect(answer["result"]["mode"] == "reevaluate")
            #expect(
                answer["result"]["approval"] == [
                    "id": task["id"], "approved_at": instant(.hours(1)),
                    "approved_until": instant(.hours(3)),
                ]
            )
        }
    }

    @Test func providersYesIsTheOnlyStepWhereThePolicyWantsNoOther() async throws {
        let free = Fixture.tenant("contoso", name: "Contoso Ltd", isLicensed: false)
        try await APIWorld.with(contoso: free) { api async throws in
            let eve = Program(api: api)
            let task = try await eve.asked()
            #expect(task["progress"]["total_steps"] == 1)
            try await eve.decided(task, by: Fixture.mark)
            let approval = try await eve.approval(task)
            #expect(try await eve.evaluate(approval: approval)["decision"] == true)
        }
    }

    @Test func taskThatIsNotApprovedSaysHow() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let no: JSONValue = ["decision": "deny", "comment": "Not today."]
            let rejected = try await eve.asked()
            try await eve.decided(rejected, no, by: Fixture.mark)
            let cancelled = try await eve.asked()
            #expect(try await eve.cancel(cancelled).status == 200)
            let expired = try await eve.asked()
            let denied = try await eve.asked()
            try await eve.decided(denied, by: Fixture.mark)
            try await eve.decided(denied, no, by: Fixture.adam)
            api.world.clock.advance(by: .hours(12))
            for (task, status) in [
                (rejected, "denied"), (denied, "denied"), (cancelled, "cancelled"),
                (expired, "expired"),
            ] as [(JSONValue, JSONValue)] {
                let answer = try await eve.look(task).json(200)
                #expect(answer["task"]["status"] == status)
                #expect(answer.members == ["task"])
                try await eve.cancel(task).expectFault(409, "invalid_task_state")
            }
            // They can be looked at for days more, and then no longer.
            #expect(
                try await eve.look(expired).json(200)["task"]["expires_at"]
                    == instant(.hours(12 + 7 * 24))
            )
            api.world.clock.advance(by: TimeSpan(milliseconds: 7 * 86_400_000 - 1))
            #expect(try await eve.look(expired).status == 200)
            api.world.clock.advance(by: TimeSpan(milliseconds: 1))
            try await eve.look(expired).expectFault(410, "task_expired")
            try await eve.cancel(expired).expectFault(410, "task_expired")
        }
    }

    @Test func taskOfSomebodyElseIsNoneForWhoeverAsks() async throws {
        try await APIWorld.with { api async throws in
            let task = try await Program(api: api).asked()
            let unknown = try await api.ask(
                Self.status,
                ["id": "LBX-ZZZZZZZZZZ"],
                as: Fixture.max
            )
            try unknown.expectFault(404, "unknown_task")
            let id = try #require(task["id"].text)
            for person in [Fixture.max, Fixture.mark, Fixture.adam, Fixture.sue, Fixture.frida] {
                for operation in [Self.status, Self.cancellation] {
                    let answer = try await api.ask(operation, ["id": id], as: person)
                    try answer.expectFault(404, "unknown_task")
                    #expect(answer.text == unknown.text)
                }
            }
            for id in ["x", "..", String(repeating: "9", count: 999)] {
                let answer = try await api.ask(Self.cancellation, ["id": id], as: Fixture.eve)
                #expect(answer.status == 404)
            }
            #expect(try await Program(api: api).look(task).json(200)["task"]["status"] == "pending")
        }
    }

    // MARK: - Cancelling

    @Test func cancellingTakesTheRequestBack() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let task = try await eve.asked()
            for odd in [["comment": 1], ["reason": []], [1]] as [JSONValue] {
                try await eve.cancel(task, .json(odd)).expectProblem(
                    400,
                    "malformedBody",
                    field: odd.members.first
                )
            }
            let long = JSONValue.string(String(repeating: "x", count: 2001))
            let refused = try await eve.cancel(task, .json(["comment": long]))
            try refused.expectProblem(422, "invalidField", field: "comment")
            let answer = try await eve.cancel(
                task,
                .json(["reason": "obsolete", "comment": "It works again.", "more": 1])
            ).json(200)
            #expect(answer["task"]["status"] == "cancelled")
            #expect(answer["task"]["id"] == task["id"])
            #expect(answer["result"] == .missing)
            try await eve.cancel(task).expectFault(409, "invalid_task_state")
            let records = try await api.world.activities(
                about: try #require(task["id"].text.flatMap(AccessRequestID.init))
            )
            #expect(records.last == "request.withdrawn")
        }
    }

    @Test func approvedTaskCannotBeCancelled() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let task = try await eve.asked()
            try await eve.decided(task, by: Fixture.mark, Fixture.adam)
            try await eve.cancel(task).expectFault(409, "invalid_task_state")
            let approval = try await eve.approval(task)
            #expect(try await eve.evaluate(approval: approval)["decision"] == true)
        }
    }

    // MARK: - Evaluating again

    /// Eve with an approval for Sue's mailbox, to read.
    private static func approved(
        _ body: (APIWorld, Program, JSONValue, JSONValue) async throws -> Void
    ) async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let task = try await eve.asked()
            try await eve.decided(task, by: Fixture.mark, Fixture.adam)
            try await body(api, eve, task, try await eve.approval(task))
        }
    }

    private static func expect(
        _ answer: JSONValue,
        _ reason: JSONValue,
        _ next: JSONValue,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(answer["decision"] == false, sourceLocation: sourceLocation)
        #expect(answer["context"]["reason"] == reason, sourceLocation: sourceLocation)
        #expect(answer["context"]["next_action"] == next, sourceLocation: sourceLocation)
        let isOffered = answer["context"]["access_request"]["binding_token"].text != nil
        #expect(isOffered == (next == "request"), sourceLocation: sourceLocation)
    }

    @Test func approvalIsGoodForWhatItGivesWhileItDoes() async throws {
        try await Self.approved { api, eve, _, approval in
            let yes: JSONValue = [
                "decision": true,
                "context": [
                    "approval": [
                        "id": approval["id"], "approved_until": approval["approved_until"],
                    ]
                ],
            ]
            #expect(try await eve.evaluate(approval: approval) == yes)
            #expect(try await eve.evaluate() == ["decision": true])
            let service = try await api.ask(
                Program.evaluation,
                [:],
                .json(Program.question().with("context", ["approval": approval])),
                headers: APIWorld.client("dovecot")
            )
            #expect(try service.json(200) == yes)
            let several = Program.question().with(
                "evaluations",
                [["context": ["approval": approval]], ["action": ["name": "write"]], [:]]
            )
            let many = try await api.ask(Program.evaluations, as: Fixture.eve, .json(several))
            let decisions = try many.json(200)["evaluations"].items
            #expect(decisions.map { $0["decision"] } == [true, false, true])
            #expect(decisions[0] == yes)
            api.world.clock.move(to: Fixture.now + TimeSpan(milliseconds: 7_199_999))
            #expect(try await eve.evaluate(approval: approval) == yes)
            api.world.clock.move(to: Fixture.now + .hours(2))
            Self.expect(try await eve.evaluate(approval: approval), "approval_expired", "request")
        }
    }

    @Test func approvalThatWasTakenBackIsOverAtOnce() async throws {
        try await Self.approved { api, eve, task, approval in
            api.world.clock.advance(by: .minutes(10))
            _ = try await api.world.lockbox.revoke(
                try #require(task["id"].text),
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            let answer = try await eve.evaluate(approval: approval)
            Self.expect(answer, "approval_expired", "request")
            // With the new denial she may ask again.
            let again = Program.filled(Program.question(), answer["context"])
            #expect(try await eve.submit(again).status == 202)
            let over = try await eve.look(task).json(200)
            #expect(over["task"]["status"] == "approved")
            #expect(over["result"]["approval"]["approved_until"] == instant(.minutes(10)))
        }
    }

    @Test func approvalOpensNothingElse() async throws {
        try await Self.approved { api, eve, _, approval in
            let other = Program.question("read", "adam@contoso.test")
            Self.expect(
                try await eve.evaluate(other, approval: approval),
                "out_of_scope",
                "request"
            )
            let writing = Program.question("write")
            Self.expect(
                try await eve.evaluate(writing, approval: approval),
                "out_of_scope",
                "request"
            )
            // An approval of one thing is no approval of another that she has too.
            let second = try await eve.asked(other)
            try await eve.decided(second, by: Fixture.mark, Fixture.adam)
            #expect(try await eve.evaluate(other)["decision"] == true)
            Self.expect(
                try await eve.evaluate(other, approval: approval),
                "out_of_scope",
                "request"
            )
            // A colleague's is none of hers, and hers none of a colleague's.
            let max = Program(api: api, person: Fixture.max)
            let mine = Program.question(of: Fixture.max)
            Self.expect(
                try await max.evaluate(mine, approval: approval),
                "approval_unverifiable",
                "none"
            )
            #expect(try await max.evaluate(approval: approval) == ["decision": false])
        }
    }

    @Test func approvalThatIsNoneOpensNothing() async throws {
        try await Self.approved { api, eve, _, approval in
            let id = try #require(approval["id"].text)
            let waiting = try await eve.asked(Program.question("read", "adam@contoso.test"))
            for odd in [
                [:], nil, [], "x", 1, ["id": 1], ["id": "x"], ["id": "LBX-ZZZZZZZZZZ"],
                ["id": .string(id.lowercased())], ["id": .string(id + " ")],
                ["id": waiting["id"]], approval.with("state", "x"), approval.with("state", nil),
            ] as [JSONValue] {
                let answer = try await eve.evaluate(approval: odd)
                Self.expect(answer, "approval_unverifiable", "none")
            }
            // What she says of its time has no say.
            let longer = approval.with("approved_until", "2099-01-01T00:00:00Z")
            #expect(try await eve.evaluate(approval: longer)["decision"] == true)
            api.world.clock.move(to: Fixture.now + .hours(2))
            let late = try await eve.evaluate(approval: longer)
            Self.expect(late, "approval_expired", "request")
        }
    }

    @Test func approvalThatBeginsLaterIsTriedAgain() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let request = try await api.world.approved {
                $0.notBefore = Fixture.now + TimeSpan(milliseconds: 90_500)
            }
            let approval: JSONValue = ["id": .string(request.id.text)]
            let early = try await eve.evaluate(approval: approval)
            Self.expect(early, "grant_pending", "retry")
            #expect(early["context"]["retry_after"] == 91)
            api.world.clock.advance(by: .seconds(91))
            #expect(try await eve.evaluate(approval: approval)["decision"] == true)
        }
    }

    @Test func serviceHearsOfApprovalsForItselfAlone() async throws {
        try await APIWorld.withWiki { api, request, secret async throws in
            let plans: JSONValue = ["type": "folder", "id": "plans"]
            func ask(_ context: JSONValue, _ client: String, _ resource: JSONValue) async throws
                -> JSONValue
            {
                let question = Program.question().with("resource", resource)
                    .with("context", context)
                return try await api.ask(
                    Program.evaluation,
                    [:],
                    .json(question),
                    headers: APIWorld.client(client)
                ).json(200)
            }
            let approval: JSONValue = ["id": .string(request.id.text)]
            let both: JSONValue = ["approval": approval, "credential": .string(secret)]
            #expect(try await ask(both, "wiki", plans)["decision"] == true)
            let mailbox: JSONValue = ["type": "mailbox", "id": "sue@contoso.test"]
            let foreign = try await ask(["approval": approval], "dovecot", mailbox)
            Self.expect(foreign, "approval_unverifiable", "none")
            // A credential of one access does not stand for an approval of another.
            let other = try await api.world.approved {
                $0.resources = [.init(service: "wiki", id: "folder:plans", actions: ["read"])]
            }
            let mixed: JSONValue = [
                "approval": ["id": .string(other.id.text)], "credential": .string(secret),
            ]
            #expect(try await ask(mixed, "wiki", plans)["decision"] == false)
        }
    }
}
