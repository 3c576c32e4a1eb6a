import AsyncHTTPClient
import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import NIOCore
import Synchronization
import Testing

/// Against a server on a free port that speaks doveadm's JSON as Dovecot 2.3 does, well or badly.
struct DovecotEnforcerTests {
    private static let names = ["lbx-abc-1", "lbx-abc-2"]
    private static let key = "a key that nobody may see"

    private static func removal(_ usernames: [String] = names) throws -> Removal {
        let ended = try #require(try Fixture.history(to: .ended).last)
        var removal = Fixture.removal(of: ended)
        removal = Removal(
            tenant: removal.tenant,
            request: removal.request,
            grant: removal.grant,
            service: removal.service,
            usernames: usernames,
            nextAttempt: Fixture.now
        )
        return removal
    }

    private static func rows(_ usernames: [String]) -> DoveadmStub.Answer {
        let rows = usernames.map { #"{"username":"\#($0)","connections":"1","service":"imap"}"# }
            .joined(separator: ",")
        return .answer(#"["doveadmResponse",[\#(rows)],TAG]"#)
    }

    private static func exit(_ code: Int) -> DoveadmStub.Answer {
        .answer(#"["error",{"type":"exitCode","exitCode":\#(code)},TAG]"#)
    }

    /// As good as never in these tests, whatever else the machine has to do.
    private static let never = TimeAmount.minutes(2)

    private static func enforcer(_ url: String, timeout: TimeAmount = never) -> DovecotEnforcer {
        DovecotEnforcer(
            client: HTTPClient.shared,
            url: url,
            apiKey: key,
            settling: [.milliseconds(1), .milliseconds(1), .milliseconds(1)],
            timeout: timeout
        )
    }

    /// What the enforcer says of a server that answers like `script`; nil if it is content.
    private static func problem(
        _ usernames: [String] = names,
        timeout: TimeAmount = never,
        _ script: @escaping @Sendable (DoveadmStub.Asked) -> DoveadmStub.Answer
    ) async throws -> (problem: String?, asked: [DoveadmStub.Asked]) {
        try await DoveadmStub.with(script) { stub in
            do {
                try await enforcer(stub.url, timeout: timeout).close(try removal(usernames))
                return (nil, stub.asked)
            } catch let error as EnforcerError {
                #expect(!error.problem.contains(key) && !error.problem.contains("127.0.0.1"))
                return (error.problem, stub.asked)
            }
        }
    }

    @Test func everyLoginIsKickedAndThenNobodyIsLeft() async throws {
        let (problem, asked) = try await Self.problem {
            $0.command == "kick" ? Self.rows([]) : Self.rows([])
        }
        #expect(problem == nil)
        #expect(asked.prefix(4).map(\.command) == ["kick", "kick", "who", "who"])
        #expect(
            asked.prefix(4).map(\.mask) == [
                ["lbx-abc-1"], ["lbx-abc-2"], ["lbx-abc-1"], ["lbx-abc-2"],
            ]
        )
        let expected = "X-Dovecot-API \(Data(Self.key.utf8).base64EncodedString())"
        #expect(asked.allSatisfy { $0.authorization == expected })
    }

    @Test func nobodyToKickIsAsGoodAsDone() async throws {
        let (problem, _) = try await Self.problem { _ in Self.exit(68) }
        #expect(problem == nil)
    }

    @Test func sessionThatIsStillThereIsKickedAgain() async throws {
        let looks = Mutex(0)
        let (problem, asked) = try await Self.problem(["lbx-abc-1"]) { asked in
            guard asked.command == "who" else { return Self.rows([]) }
            let isFirst = looks.withLock { looks in
                looks += 1
                return looks == 1
            }
            return Self.rows(isFirst ? ["lbx-abc-1"] : [])
        }
        #expect(problem == nil)
        #expect(asked.prefix(4).map(\.command) == ["kick", "who", "kick", "who"])
    }

    @Test func sessionThatComesUpAfterTheFirstLookIsCutToo() async throws {
        // A sign-in that was answered just before the end becomes a session only after the first
        // kick.
        let isThere = Mutex(false)
        let looks = Mutex(0)
        let (problem, asked) = try await Self.problem(["lbx-abc-1"]) { asked in
            guard asked.command == "who" else {
                isThere.withLock { $0 = false }
                return Self.rows([])
            }
            let found = isThere.withLock { $0 }
            let look = looks.withLock { looks in
                looks += 1
                return looks
            }
            if look == 3 { isThere.withLock { $0 = true } }
            return Self.rows(found ? ["lbx-abc-1"] : [])
        }
        #expect(problem == nil)
        #expect(isThere.withLock { $0 } == false)
        #expect(asked.count > 6)
    }

    @Test func sessionThatNeverGoesIsAFailure() async throws {
        let (problem, asked) = try await Self.problem(["lbx-abc-1"]) { Self.rows($0.mask) }
        #expect(problem == "the mail server still shows open sessions")
        #expect(asked.filter { $0.command == "kick" }.count == 5)
    }

    @Test func rowsBesideTheListCountToo() async throws {
        // Dovecot 2.3.19 puts the first row into the list and the others after it.
        let (problem, _) = try await Self.problem(["lbx-abc-1"]) { asked in
            guard asked.command == "who" else { return Self.rows([]) }
            return .answer(
                #"["doveadmResponse",[{"username":"sue@contoso.test"}],{"username":"lbx-abc-1"},TAG]"#
            )
        }
        #expect(problem == "the mail server still shows open sessions")
    }

    @Test func sessionsOfOthersAreNotTakenForOurs() async throws {
        let (problem, _) = try await Self.problem(["lbx-abc-1"]) { asked in
            asked.command == "who" ? Self.rows(["lbx-abc-10", "sue@contoso.test"]) : Self.rows([])
        }
        #expect(problem == nil)
    }

    /// What the server answers to everything, and what is said of it.
    private static let bad: [(String, DoveadmStub.Answer, String)] = [
        ("exit code", exit(75), "the mail server refused to close sessions (code 75)"),
        ("wrong key", .status(401), "the mail server answered with HTTP status 401"),
        ("broken", .status(500), "the mail server answered with HTTP status 500"),
        ("moved", .status(302), "the mail server answered with HTTP status 302"),
        ("no JSON", .json("<html>"), "the mail server's answer is not JSON"),
        ("empty", .json(""), "the mail server's answer is not JSON"),
        ("other JSON", .json(#"{"ok":true}"#), "the mail server's answer has an unknown form"),
        ("no answers", .json("[]"), "the mail server's answer has an unknown form"),
        (
            "short answer", .answer(#"["doveadmResponse"]"#),
            "the mail server's answer has an unknown form"
        ),
        (
            "odd kind", .answer(#"["surprise",[],TAG]"#),
            "the mail server's answer has an unknown form"
        ),
        (
            "rows that are none", .answer(#"["doveadmResponse",[1],TAG]"#),
            "the mail server's answer has an unknown form"
        ),
        (
            "another's tag", .answer(#"["doveadmResponse",[],"other"]"#),
            "the mail server's answer has an unknown form"
        ),
        (
            "more rows that are none", .answer(#"["doveadmResponse",[],1,TAG]"#),
            "the mail server's answer has an unknown form"
        ),
        (
            "an answer too few", .json(#"[["doveadmResponse",[],"lockbox-0"]]"#),
            "the mail server's answer has an unknown form"
        ),
        (
            "an answer too many",
            .answer(#"["doveadmResponse",[],TAG],["doveadmResponse",[],TAG]"#),
            "the mail server's answer has an unknown form"
        ),
        (
            "no code", .answer(#"["error",{},TAG]"#),
            "the mail server refused to close sessions (code -1)"
        ),
        (
            "endless", .json(String(repeating: " ", count: 2 << 20)),
            "the mail server could not be reached"
        ),
        ("hangs up", .hangUp, "the mail server could not be reached"),
    ]

    @Test(arguments: bad.indices) func badAnswerIsAFailureInWordsFitForTheTenant(_ index: Int)
        async throws
    {
        let (name, answer, expected) = Self.bad[index]
        let (problem, _) = try await Self.problem { _ in answer }
        #expect(problem == expected, "\(name)")
    }

    @Test func whoThatFailsIsNotTakenForNobody() async throws {
        let (problem, _) = try await Self.problem {
            $0.command == "kick" ? Self.rows([]) : Self.exit(77)
        }
        #expect(problem == "the mail server did not say who is connected (code 77)")
    }

    /// A server may write a login name otherwise than it was given out.
    @Test(arguments: [
        "LBX-ABC-1", "lbx-abc-1@contoso.test", "lbx-abc-1*master", "master*lbx-abc-1",
        "lbx-abc-1%contoso",
    ])
    func sessionUnderAnotherSpellingIsNotTakenForNobody(_ name: String) async throws {
        let (problem, _) = try await Self.problem(["lbx-abc-1"]) {
            $0.command == "kick" ? Self.rows([]) : Self.rows([name])
        }
        #expect(problem == "the mail server still shows open sessions")
    }

    @Test func whyAServerWasNotReachedIsToldTheOperatorWithoutItsAddress() async throws {
        let gone = try await DoveadmStub.with({ _ in .silence }, { $0.url })
        let enforcer = Self.enforcer(gone, timeout: .milliseconds(500))
        let error = await #expect(throws: EnforcerError.self) {
            try await enforcer.close(try Self.removal())
        }
        let text = try #require(error?.operatorText)
        #expect(text.hasPrefix("the mail server could not be reached: "))
        #expect(!text.contains("127.0.0.1") && !text.contains(Self.key))
    }

    /// Rows of `who` that do not say in the known way whose session it is.
    @Test(arguments: [
        "{}", #"{"username":""}"#, #"{"username":["lbx-abc-1"]}"#, #"{"user":"lbx-abc-1"}"#,
        #"{"username":7}"#, #"{"username":null}"#,
    ])
    func rowThatIsNotUnderstoodIsNotTakenForNobody(_ row: String) async throws {
        let (problem, _) = try await Self.problem {
            $0.command == "kick"
                ? Self.rows([]) : .answer(#"["doveadmResponse",[\#(row)],TAG]"#)
        }
        #expect(problem == "the mail server's answer has an unknown form")
    }

    @Test func firstCutOfManyOrdersIsOneRequest() async throws {
        let orders = try (0..<40).map { try Self.removal(["lbx-abc-\($0)"]) }
        let (asked, requests) = try await DoveadmStub.with({ _ in Self.rows([]) }) { stub in
            try await Self.enforcer(stub.url).cut(orders)
            return (stub.asked, stub.requests)
        }
        #expect(requests == 1)
        #expect(asked.map(\.command) == Array(repeating: "kick", count: 40))
        #expect(asked.map(\.mask) == orders.map(\.usernames))
    }

    @Test func firstCutTriesEveryOrderWhateverBecomesOfTheFirstOnes() async throws {
        let orders = try (0..<250).map { try Self.removal(["lbx-abc-\($0)"]) }
        let (asked, requests) = try await DoveadmStub.with(
            { $0.mask == ["lbx-abc-0"] ? .status(500) : Self.rows([]) }
        ) { stub in
            await #expect(throws: EnforcerError("the mail server answered with HTTP status 500")) {
                try await Self.enforcer(stub.url).cut(orders)
            }
            return (stub.asked, stub.requests)
        }
        #expect(asked.count == 250)
        #expect(requests == 3)
    }

    @Test func listTellsEveryGrantsSessionsAndNobodyElses() async throws {
        let names = ["lbx-0123456789-2", "sue@contoso.test", "lbx-0123456789-2", "lbx-x-1"]
        let open = try await DoveadmStub.with({ _ in Self.rows(names) }) { stub in
            let open = try await Self.enforcer(stub.url).list()
            #expect(stub.asked.map(\.mask) == [["lbx-*"]])
            return open
        }
        #expect(open.map(\.username) == ["lbx-0123456789-2", "lbx-x-1"])
        #expect(open.map(\.grant) == [GrantID("GRT-0123456789"), nil])
    }

    @Test(arguments: [
        "LBX-0123456789-2", "lbx-0123456789-2@mail.contoso.test", "master*lbx-0123456789-2",
    ])
    func listKnowsALoginHoweverTheServerWritesIt(_ row: String) async throws {
        let open = try await DoveadmStub.with({ _ in Self.rows([row]) }) { stub in
            try await Self.enforcer(stub.url).list()
        }
        #expect(open.map(\.username) == ["lbx-0123456789-2"])
    }

    @Test(.timeLimit(.minutes(5))) func serverThatDoesNotAnswerIsGivenUp() async throws {
        let (problem, _) = try await Self.problem(timeout: .milliseconds(100)) { _ in .silence }
        #expect(problem == "the mail server could not be reached")
    }

    /// The client's own time limit ends with the head of an answer.
    @Test(.timeLimit(.minutes(5))) func answerThatDoesNotEndIsGivenUp() async throws {
        let (problem, _) = try await Self.problem(timeout: .milliseconds(100)) { _ in .endless }
        #expect(problem == "the mail server could not be reached")
    }

    @Test func serverThatIsNotThereIsAFailure() async throws {
        let gone = try await DoveadmStub.with({ _ in .silence }, { $0.url })
        let enforcer = Self.enforcer(gone, timeout: .milliseconds(500))
        await #expect(throws: EnforcerError("the mail server could not be reached")) {
            try await enforcer.close(try Self.removal())
        }
    }
}
