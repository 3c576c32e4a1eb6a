import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// Who decides reads in the letter that a program asks, and an engineer hears what one asks on her
/// behalf.
struct ProgramLettersTests {
    private static let robot = Fixture.robot

    private static func with(_ body: (Stage) async throws -> Void) async throws {
        try await Stage.with { stage in
            try await stage.save(robot)
            try await body(stage)
        }
    }

    private static func content(
        _ stage: Stage,
        _ id: AccessRequestID,
        _ kind: Notice.Kind,
        to person: Person
    ) async throws -> LetterContent {
        LetterContent(try await stage.notice(id, kind, to: person))
    }

    @Test func subjectAndFirstLineSayThatAProgramAsks() async throws {
        try await Self.with { stage in
            let id = try await stage.submit(by: Self.robot)
            let manager = try await Self.content(stage, id, .managerAsked, to: Fixture.mark)
            #expect(manager.subject.hasPrefix("Request of a program to change 2 mailboxes"))
            #expect(manager.lead.hasPrefix("Backup checker (a program) asks for access"))
            try await stage.approve(id, Fixture.mark)
            let approver = try await Self.content(stage, id, .customerAsked, to: Fixture.adam)
            #expect(approver.subject.hasPrefix("A program of Example Cloud asks to change"))
            #expect(approver.heading == "A program of Example Cloud asks for access to your data")
            #expect(approver.lead.hasPrefix("Backup checker (a program) of Example Cloud asks for"))
            #expect(approver.rows[0].values == ["Backup checker (a program), Example Cloud"])
            #expect(try await stage.waiting(id, .askedOnBehalf) == [])
        }
    }

    @Test func letterNamesForWhomAProgramAsks() async throws {
        try await Self.with { stage in
            let id = try await stage.submit(by: Self.robot, for: Fixture.eve)
            try await stage.approve(id, Fixture.mark)
            let letter = try await Self.content(stage, id, .customerAsked, to: Fixture.adam)
            #expect(
                letter.lead.hasPrefix(
                    "Backup checker (a program) of Example Cloud asks on behalf of Eve Park for access"
                )
            )
            #expect(
                letter.rows[0].values
                    == ["Eve Park, Example Cloud", "asked for by Backup checker (a program)"]
            )
            try await stage.approve(id, Fixture.adam)
            let began = try await Self.content(stage, id, .accessBegan, to: Fixture.adam)
            #expect(began.rows[0].values.last == "asked for by Backup checker (a program)")
            let approved = try await Self.content(stage, id, .approved, to: Fixture.eve)
            #expect(approved.why.contains("a program made this request on your behalf"))
            #expect(try await stage.notices(id).allSatisfy { $0.recipient != Self.robot.id })
        }
    }

    @Test func longNameLosesItsEndAndNotItsMark() async throws {
        try await Stage.with { stage in
            let program = Person(
                id: Self.robot.id,
                side: .provider,
                name: String(repeating: "n", count: Limits.nameLength.upperBound),
                email: Self.robot.email,
                roles: .engineer,
                isProgram: true
            )
            try await stage.save(program)
            let id = try await stage.submit(by: program, for: Fixture.eve)
            let letter = try await Self.content(stage, id, .managerAsked, to: Fixture.mark)
            #expect(letter.lead.contains("n… (a program) asks on behalf of Eve Park"))
        }
    }

    @Test func engineerHearsOfItAndOfItsWithdrawal() async throws {
        try await Self.with { stage in
            let id = try await stage.submit(by: Self.robot, for: Fixture.eve)
            let notice = try await stage.notice(id, .askedOnBehalf, to: Fixture.eve)
            let told = LetterContent(notice)
            #expect(told.subject == "A program asks for access on your behalf: \(id)")
            #expect(told.advice.contains { $0.contains("withdraw it") })
            try await stage.deliver(id)
            try await stage.withdraw(id, by: Self.robot)
            let taken = try await stage.notice(id, .takenBack, to: Fixture.eve)
            guard case .right = try await stage.standing(of: taken) else {
                Issue.record("it does not leave")
                return
            }
            #expect(try await stage.standing(of: notice) == .over)
        }
    }

    @Test func withdrawalThatFollowsNoLetterIsNotTold() async throws {
        try await Self.with { stage in
            let id = try await stage.submit(by: Self.robot, for: Fixture.eve)
            for notice in try await stage.notices(id) where notice.kind == .askedOnBehalf {
                try await stage.store.write { tx in
                    var copy = notice
                    copy.cancel()
                    try tx.update(copy)
                }
            }
            try await stage.withdraw(id, by: Self.robot)
            let taken = try await stage.notice(id, .takenBack, to: Fixture.eve)
            #expect(try await stage.standing(of: taken) == .over)
        }
    }

    @Test func whoWithdrawsHerselfGetsNoLetterOfIt() async throws {
        try await Self.with { stage in
            let id = try await stage.submit(by: Self.robot, for: Fixture.eve)
            try await stage.deliver(id)
            try await stage.withdraw(id, by: Fixture.eve)
            #expect(try await stage.waiting(id, .takenBack) == [])
        }
    }
}
