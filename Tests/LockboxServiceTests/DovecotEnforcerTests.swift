import AsyncHTTPClient
import Foundation
import LockboxDomain
import LockboxEnforcement
import LockboxFixtures
import LockboxPorts
import NIOCore
import NIOHTTP1
import NIOPosix
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

    private static func rows(_ usernames: [String]) -> Stub.Answer {
        let rows = usernames.map { #"{"username":"\#($0)","connections":"1","service":"imap"}"# }
            .joined(separator: ",")
        return .answer(#"["doveadmResponse",[\#(rows)],TAG]"#)
    }

    private static func exit(_ code: Int) -> Stub.Answer {
        .answer(#"["error",{"type":"exitCode","exitCode":\#(code)},TAG]"#)
    }

    private static func enforcer(_ url: String) -> DovecotEnforcer {
        DovecotEnforcer(
            client: HTTPClient.shared,
            url: url,
            apiKey: key,
            settling: [.milliseconds(1), .milliseconds(1), .milliseconds(1)]
        )
    }

    /// What the enforcer says of a server that answers like `script`; nil if it is content.
    private static func problem(
        _ usernames: [String] = names,
        _ script: @escaping @Sendable (Stub.Asked) -> Stub.Answer
    ) async throws -> (problem: String?, asked: [Stub.Asked]) {
        try await Stub.with(script) { stub in
            do {
                try await enforcer(stub.url).close(try removal(usernames))
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
    private static let bad: [(String, Stub.Answer, String)] = [
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

    /// Rows of `who` that do not say in the known way whose session it is.
    @Test(arguments: ["{}", #"{"user":"lbx-abc-1"}"#, #"{"username":7}"#, #"{"username":null}"#])
    func rowThatIsNotUnderstoodIsNotTakenForNobody(_ row: String) async throws {
        let (problem, _) = try await Self.problem {
            $0.command == "kick"
                ? Self.rows([]) : .answer(#"["doveadmResponse",[\#(row)],TAG]"#)
        }
        #expect(problem == "the mail server's answer has an unknown form")
    }

    @Test func firstCutOfManyOrdersIsOneRequest() async throws {
        let orders = try (0..<40).map { try Self.removal(["lbx-abc-\($0)"]) }
        let (asked, requests) = try await Stub.with({ _ in Self.rows([]) }) { stub in
            try await Self.enforcer(stub.url).cut(orders)
            return (stub.asked, stub.requests)
        }
        #expect(requests == 1)
        #expect(asked.map(\.command) == Array(repeating: "kick", count: 40))
        #expect(asked.map(\.mask) == orders.map(\.usernames))
    }

    @Test func firstCutTriesEveryOrderWhateverBecomesOfTheFirstOnes() async throws {
        let orders = try (0..<250).map { try Self.removal(["lbx-abc-\($0)"]) }
        let (asked, requests) = try await Stub.with(
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
        let open = try await Stub.with({ _ in Self.rows(names) }) { stub in
            let open = try await Self.enforcer(stub.url).list()
            #expect(stub.asked.map(\.mask) == [["lbx-*"]])
            return open
        }
        #expect(open.map(\.username) == ["lbx-0123456789-2", "lbx-x-1"])
        #expect(open.map(\.grant) == [GrantID("GRT-0123456789"), nil])
    }

    @Test(.timeLimit(.minutes(5))) func serverThatDoesNotAnswerIsGivenUp() async throws {
        let (problem, _) = try await Self.problem { _ in .silence }
        #expect(problem == "the mail server could not be reached")
    }

    @Test func serverThatIsNotThereIsAFailure() async throws {
        let gone = try await Stub.with({ _ in .silence }, { $0.url })
        let enforcer = Self.enforcer(gone)
        await #expect(throws: EnforcerError("the mail server could not be reached")) {
            try await enforcer.close(try Self.removal())
        }
    }
}

/// A small HTTP server that keeps what it was asked.
private final class Stub: Sendable {
    struct Asked: Sendable {
        let command: String
        let mask: [String]
        let authorization: String?
    }

    enum Answer: Sendable {
        /// The answer to one command, with `TAG` for its tag.
        case answer(String)
        /// The answer to all commands of a request.
        case json(String)
        case status(UInt)
        case silence, hangUp
    }

    private let script: @Sendable (Asked) -> Answer
    private let heard = Mutex<[Asked]>([])
    private let counted = Mutex(0)
    private let port = Mutex(0)

    var asked: [Asked] { heard.withLock { $0 } }
    var requests: Int { counted.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port.withLock { $0 })/doveadm/v1" }

    private init(_ script: @escaping @Sendable (Asked) -> Answer) { self.script = script }

    static func with<Value: Sendable>(
        _ script: @escaping @Sendable (Asked) -> Answer,
        _ body: (Stub) async throws -> Value
    ) async throws -> Value {
        let stub = Stub(script)
        let children = Mutex<[any Channel]>([])
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                children.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(StubHandler(stub))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        stub.port.withLock { $0 = channel.localAddress?.port ?? 0 }
        func close() async throws {
            try await channel.close()
            for child in children.withLock({ $0 }) where child.isActive {
                child.close(promise: nil)
            }
        }
        do {
            let value = try await body(stub)
            try await close()
            return value
        } catch {
            try await close()
            throw error
        }
    }

    fileprivate func answer(_ body: Data, authorization: String?) throws -> Answer {
        let commands = try #require(
            try JSONSerialization.jsonObject(with: body) as? [[Any]]
        )
        counted.withLock { $0 += 1 }
        var answers: [String] = []
        var other: Answer?
        for command in commands {
            let asked = Asked(
                command: command[0] as? String ?? "",
                mask: (command[1] as? [String: [String]])?["mask"] ?? [],
                authorization: authorization
            )
            heard.withLock { $0.append(asked) }
            switch script(asked) {
            case .answer(let text):
                let tag = try #require(command[2] as? String)
                answers.append(text.replacingOccurrences(of: "TAG", with: "\"\(tag)\""))
            case let answer: other = other ?? answer
            }
        }
        return other ?? .json("[\(answers.joined(separator: ","))]")
    }
}

private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let stub: Stub
    private var head: HTTPRequestHead?
    private var body = Data()

    init(_ stub: Stub) { self.stub = stub }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, Data())
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            do {
                respond(
                    try stub.answer(
                        body,
                        authorization: head?.headers.first(name: "Authorization")
                    ),
                    context
                )
            } catch {
                Issue.record(error, "the enforcer asked for something unreadable")
                context.close(promise: nil)
            }
        }
    }

    private func respond(_ answer: Stub.Answer, _ context: ChannelHandlerContext) {
        let (status, text): (UInt, String)
        switch answer {
        case .silence: return
        case .hangUp: return context.close(promise: nil)
        case .answer(let json): (status, text) = (200, json)
        case .status(let code): (status, text) = (code, "no")
        case .json(let json): (status, text) = (200, json)
        }
        let headers = HTTPHeaders([("Content-Length", "\(text.utf8.count)")])
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .init(statusCode: Int(status)),
            headers: headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
