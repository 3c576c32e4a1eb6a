import AsyncHTTPClient
import Crypto
import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// What a service is told, and which answers count.
struct HookEnforcerTests {
    private static let token = "lbc_" + String(repeating: "5e", count: 32)

    private static func access() throws -> (credential: Credential, order: Removal) {
        let request = try #require(try Fixture.history(to: .active).last)
        let service = try #require(ServiceID("unix"))
        let resource = try #require(Resource(service: service, name: "host:web1"))
        var order = Fixture.removal(of: request)
        let grant = order.grant
        order = Removal(
            tenant: order.tenant,
            request: order.request,
            grant: grant,
            service: resource.service,
            usernames: ["lbx-0123456789-1", "lbx-0123456789-2"],
            nextAttempt: Fixture.now
        )
        let plain = Fixture.credential(of: request, resource: resource)
        let credential = Credential(
            id: plain.id,
            request: plain.request,
            grant: grant,
            tenant: plain.tenant,
            engineer: plain.engineer,
            resource: resource,
            actions: [.read, .write],
            username: "lbx-0123456789-1",
            issuedAt: plain.issuedAt,
            expiresAt: plain.expiresAt
        )
        return (credential, order)
    }

    // MARK: What it is told

    @Test func openingSaysWhoWhatAndFromWhenToWhenAndKeepsTheToken() async throws {
        let (credential, _) = try Self.access()
        for passToken in [false, true] {
            let heard = Mutex<HookAsked?>(nil)
            try await HookWorld.with(
                passToken: passToken,
                { asked in
                    heard.withLock { $0 = asked }
                    return .answer(headers: HookWorld.json, asked.answer(["lbx-0123456789-1"]))
                }
            ) { try await $0.enforcer.open(credential, secret: Self.token) }
            let asked = try #require(heard.withLock { $0 })
            #expect(asked.type == "access.open")
            var expected = [
                "tenant": "contoso", "request": credential.request.text,
                "grant": credential.grant.text, "engineer": credential.engineer.text,
                "resource": "host:web1", "username": "lbx-0123456789-1", "actions": "read write",
                "start": credential.issuedAt.description, "end": credential.expiresAt.description,
                "tokenSHA256": SHA256.hash(data: Data(Self.token.utf8)).description
                    .replacingOccurrences(of: "SHA256 digest: ", with: ""),
            ]
            if passToken { expected["token"] = Self.token }
            #expect(asked.data == expected)
        }
    }

    @Test func closingNamesTheGrantAndItsLogins() async throws {
        let (_, order) = try Self.access()
        let heard = Mutex<[HookAsked]>([])
        try await HookWorld.with { asked in
            heard.withLock { $0.append(asked) }
            return .answer(headers: HookWorld.json, asked.answer([]))
        } _: {
            try await $0.enforcer.close(order)
        }
        let asked = heard.withLock { $0 }
        #expect(asked.map(\.type) == ["access.close", "access.list"])
        #expect(
            asked[0].data == [
                "tenant": "contoso", "request": order.request.text, "grant": order.grant.text,
                "usernames": "lbx-0123456789-1 lbx-0123456789-2",
            ]
        )
        #expect(asked[1].data.isEmpty)
        #expect(Set(asked.map(\.id)).count == 2)
    }

    @Test func messagesAreSignedAsStandardWebhooksWithEachSecretOfTheFile() async throws {
        let other = Data((0..<24).map { UInt8($0 + 100) })
        let secrets = HookWorld.secret + "\n" + "whsec_" + other.base64EncodedString()
        try await HookWorld.with(secrets: secrets) { asked in
            #expect(asked.seconds == Fixture.now.secondsSinceEpoch)
            #expect(asked.timestamp == Fixture.now.description)
            #expect(asked.signatures == [HookWorld.key, other].map(asked.signature(under:)))
            #expect(!asked.id.contains(".") && asked.id.count > 30)
            return .answer(headers: HookWorld.json, asked.answer([]))
        } _: { world in
            let open = try await world.enforcer.list()
            #expect(open.isEmpty)
        }
    }

    @Test(arguments: [
        "", "a key", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "sk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "whsec_" + Data(repeating: 1, count: 65).base64EncodedString(),
        Array(repeating: HookWorld.secret, count: 3).joined(separator: "\n"),
        HookWorld.secret + " # the new one",
    ])
    func secretOfAnotherFormSignsNothing(_ text: String) throws {
        let tools = ServiceTools(http: .shared, clock: FixedClock(), entropy: SeededEntropy()) {
            _ in
            text
        }
        #expect(throws: EnforcerError("the service's secret has an unknown form")) {
            try HookKind(tools).enforcer(of: HookWorld.settings("http://127.0.0.1:1/"))
        }
    }

    // MARK: What it answers

    private static let well = HookWorld.json
    private static let unknown = "the service's answer has an unknown form"
    private static let unreachable = "the service could not be reached"
    private static let noJSON = "the service's answer is not JSON"
    private static let otherType = "the service's answer is not application/json"

    /// Answers to an order to close, in which `ID` stands for what must be repeated, and what is said
    /// of them.
    private static let hostile: [(HTTPStub.Reply, String)] =
        [201, 202, 204, 301, 302, 307, 400, 401, 404, 409, 410, 418, 429, 500, 503].map { status in
            (
                .answer(
                    status: status,
                    headers: ["Content-Type": "application/json", "Location": "/elsewhere"],
                    status == 204 ? "" : #"{"id":"ID","open":[]}"#
                ), "the service answered with HTTP status \(status)"
            )
        } + [
            (.silence, unreachable), (.hangUp, unreachable),
            (.endless(headers: well, #"{"id":"ID","open":[]}"#), unreachable),
            (.cutShort(headers: well, #"{"id":"ID","open":[]}"#), unreachable),
            (.answer(headers: well, String(repeating: " ", count: 2 << 20)), unreachable),
            (.answer(#"{"id":"ID","open":[]}"#), otherType),
            (.answer(headers: ["Content-Type": "text/html"], #"{"id":"ID","open":[]}"#), otherType),
            (
                .answer(headers: ["Content-Type": "application/jsonl"], #"{"id":"ID","open":[]}"#),
                otherType
            ),
            (
                .answer(
                    headers: [
                        "Content-Type": "application/json", "content-type": "text/html",
                    ],
                    #"{"id":"ID","open":[]}"#
                ), otherType
            ),
            (.answer(headers: well, ""), noJSON), (.answer(headers: well, "OK"), noJSON),
            (.answer(headers: well, #"{"id":"ID","open":[]"#), noJSON),
            (.answer(headers: well, #"{"id":"ID","open":[]}}"#), noJSON),
            (.answer(headers: well, #"{"id":"ID","open":[],}"#), noJSON),
            (.answer(headers: well, "\u{FEFF}" + #"{"id":"ID","open":[]}"#), noJSON),
            (.answer(headers: well, #"{"id":"ID","open":["lbx-a-1"],"open":[]}"#), noJSON),
            (.answer(headers: well, String(repeating: "[", count: 100_000)), noJSON),
        ]
        + [
            #"{}"#, #"[]"#, #"true"#, #"[{"id":"ID","open":[]}]"#, #"{"id":"ID"}"#, #"{"open":[]}"#,
            #"{"id":"ID","open":null}"#, #"{"id":"ID","open":false}"#, #"{"id":"ID","open":{}}"#,
            #"{"id":"ID","open":""}"#, #"{"id":"ID","open":0}"#, #"{"id":"ID","open":[null]}"#,
            #"{"id":"ID","open":[1]}"#, #"{"id":"ID","open":[""]}"#, #"{"id":"ID","open":["sue"]}"#,
            #"{"id":"ID","open":["LBX-0123456789-1"]}"#, #"{"id":"ID","Open":[]}"#,
            #"{"id":"ID","open":["lbx-0123456789-1@host"]}"#,
            #"{"id":"ID","open":[],"error":"could not"}"#, #"{"id":"ID","open":[[]]}"#,
        ].map { (.answer(headers: well, $0), unknown) }
        + [
            (
                .answer(headers: well, #"{"id":"","open":[]}"#),
                "the service's answer is to something else"
            ),
            (
                .answer(headers: well, #"{"id":1,"open":[]}"#),
                "the service's answer is to something else"
            ),
            (
                .answer(headers: well, #"{"id":"msg_0","open":[]}"#),
                "the service's answer is to something else"
            ),
            (
                .answer(headers: well, #"{"id":"ID","open":["lbx-0123456789-2"]}"#),
                "the service still shows open access"
            ),
        ]

    private static func reply(_ reply: HTTPStub.Reply, to asked: HookAsked) -> HTTPStub.Reply {
        let fill = { (text: String) in text.replacingOccurrences(of: "ID", with: asked.id) }
        return switch reply {
        case .answer(let status, let headers, let text):
            .answer(status: status, headers: headers, fill(text))
        case .endless(let headers, let text): .endless(headers: headers, fill(text))
        case .cutShort(let headers, let text): .cutShort(headers: headers, fill(text))
        case .silence, .hangUp: reply
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: hostile.indices)
    func answerThatIsNotTheDocumentedOneConfirmsNothing(_ index: Int) async throws {
        let (reply, expected) = Self.hostile[index]
        let (credential, order) = try Self.access()
        let types = Mutex<[String]>([])
        try await HookWorld.with(timeout: .seconds(6)) { asked in
            types.withLock { $0.append(asked.type) }
            return Self.reply(reply, to: asked)
        } _: { world in
            await #expect(throws: EnforcerError(expected)) {
                try await world.enforcer.close(order)
            }
            await #expect(throws: EnforcerError.self) { try await world.enforcer.cut([order]) }
            await #expect(throws: EnforcerError.self) {
                try await world.enforcer.open(credential, secret: Self.token)
            }
        }
        #expect(types.withLock { $0 } == ["access.close", "access.close", "access.open"])
    }

    @Test(arguments: [
        "application/json; charset=utf-8", "Application/JSON", "application/json ;x=y",
    ])
    func typeMayHaveParametersAndCapitals(_ type: String) async throws {
        try await HookWorld.with { asked in
            .answer(headers: ["Content-Type": type], asked.answer(["lbx-0123456789-1"]))
        } _: { world in
            let open = try await world.enforcer.list()
            #expect(open == [OpenAccess(username: "lbx-0123456789-1")])
        }
    }

    /// A service that opens something else, or nothing, has not opened.
    @Test(arguments: [
        [], ["lbx-0123456789-2"], ["lbx-0123456789-1", "lbx-0123456789-2"],
        ["lbx-0123456789-1", "lbx-0123456789-1"],
    ])
    func onlyTheLoginThatWasAskedForCountsAsOpen(_ names: [String]) async throws {
        let (credential, _) = try Self.access()
        try await HookWorld.with {
            .answer(headers: HookWorld.json, $0.answer(names))
        } _: { world in
            await #expect(
                throws: EnforcerError("the service did not confirm that access is open")
            ) { try await world.enforcer.open(credential, secret: Self.token) }
        }
    }

    /// It says that all is closed, and shows the contrary when asked what is open.
    @Test func serviceThatContradictsItselfHasNotClosed() async throws {
        let (_, order) = try Self.access()
        let another = order.grant.text.lowercased().dropFirst(4)
        for name in ["lbx-0123456789-2", "lbx-\(another)-7"] {
            try await HookWorld.with { asked in
                .answer(
                    headers: HookWorld.json,
                    asked.answer(asked.type == "access.list" ? [name] : [])
                )
            } _: { world in
                await #expect(throws: EnforcerError("the service still shows open access")) {
                    try await world.enforcer.close(order)
                }
            }
        }
    }

    @Test func cutTriesEveryOrderWhateverBecomesOfTheOthers() async throws {
        let request = try #require(try Fixture.history(to: .active).last)
        let plain = Fixture.removal(of: request)
        let orders = (0..<100).map { number in
            Removal(
                tenant: plain.tenant,
                request: plain.request,
                grant: plain.grant,
                service: plain.service,
                usernames: ["lbx-0123456789-\(number + 1)"],
                nextAttempt: Fixture.now
            )
        }
        let cut = Mutex<Set<String>>([])
        try await HookWorld.with { asked in
            let name = asked.data["usernames"] ?? ""
            cut.withLock { _ = $0.insert(name) }
            return name == "lbx-0123456789-1"
                ? .hangUp : .answer(headers: HookWorld.json, asked.answer([]))
        } _: { world in
            await #expect(throws: EnforcerError(Self.unreachable)) {
                try await world.enforcer.cut(orders)
            }
        }
        #expect(cut.withLock { $0.count } == 100)
    }

    @Test func whyItWasNotReachedIsToldTheOperatorWithoutAddressOrSecret() async throws {
        let (credential, _) = try Self.access()
        let error = try await HookWorld.with { _ in
            .hangUp
        } _: { world in
            await #expect(throws: EnforcerError.self) {
                try await world.enforcer.open(credential, secret: Self.token)
            }
        }
        let text = try #require(error?.operatorText)
        #expect(text.hasPrefix("the service could not be reached: "))
        #expect(!text.contains("127.0.0.1") && !text.contains("lbc_") && !text.contains("whsec"))
    }
}
