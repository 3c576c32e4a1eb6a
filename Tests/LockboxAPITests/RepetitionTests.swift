import HTTPTypes
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWire
import Logging
import Synchronization
import Testing

/// For how long an answer to a service may be given again without asking anew (decision 0048).
struct RepetitionTests {
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func repetition(
        _ api: APIWorld,
        _ operation: String,
        _ body: APIWorld.Body,
        headers: [HTTPField.Name: String] = APIWorld.client()
    ) async throws -> (@Sendable () -> Bool)? {
        let repetition = Repetition()
        let answer = try await api.ask(
            operation,
            [:],
            body,
            headers: headers,
            repeated: repetition
        )
        #expect(answer.status == 200)
        guard let isAllowed = repetition.isAllowed else { return nil }
        return { isAllowed(silent) }
    }

    private static func introspection(
        _ api: APIWorld,
        _ token: String,
        of client: String = "wiki"
    ) async throws -> (@Sendable () -> Bool)? {
        try await repetition(
            api,
            "POST /oauth2/introspect",
            .form([("token", token)]),
            headers: APIWorld.client(client)
        )
    }

    private static func evaluation(
        _ api: APIWorld,
        _ action: String = "read",
        credential: String? = nil,
        headers: [HTTPField.Name: String] = APIWorld.client()
    ) async throws -> (@Sendable () -> Bool)? {
        var question: [String: JSONValue] = [
            "subject": ["type": "user", "id": .string(Fixture.eve.id.text)],
            "action": ["name": .string(action)],
            "resource": [
                "type": "folder", "id": "plans", "properties": ["service": "wiki"],
            ],
        ]
        if let credential { question["context"] = ["credential": .string(credential)] }
        return try await repetition(
            api,
            "POST /access/v1/evaluation",
            .json(.object(question)),
            headers: headers
        )
    }

    private enum Question: CaseIterable {
        case introspection, evaluation, evaluationOfCredential
    }

    private static func ask(
        _ question: Question,
        _ api: APIWorld,
        _ secret: String
    ) async throws -> @Sendable () -> Bool {
        let isAllowed =
            switch question {
            case .introspection: try await introspection(api, secret)
            case .evaluation: try await evaluation(api)
            case .evaluationOfCredential: try await evaluation(api, credential: secret)
            }
        return try #require(isAllowed)
    }

    private static func grant(of request: AccessRequest, _ api: APIWorld) async throws -> Grant {
        try #require(try await api.world.stored(request.id).state.grant)
    }

    private struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let happen: @Sendable (APIWorld, AccessRequest) async throws -> Void
    }

    private static let changes: [Change] = [
        Change(testDescription: "the engineer is done") { api, request in
            _ = try await api.world.lockbox.finish(
                request.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
        },
        Change(testDescription: "an end is asked for and not written down") { api, request in
            let grant = try await grant(of: request, api)
            api.world.index.end(grant.id, at: api.world.clock.now())
        },
        Change(testDescription: "another process says that it is over") { api, request in
            let grant = try await grant(of: request, api)
            api.world.index.hold([grant.id], until: grant.end)
        },
        Change(testDescription: "its time is over") { api, request in
            let grant = try await grant(of: request, api)
            api.world.clock.advance(by: grant.end - api.world.clock.now())
            try await api.world.index.refresh(reload: false)
        },
        Change(testDescription: "memory is older than the bound") { api, _ in
            api.world.clock.advance(by: TimeSpan(milliseconds: 1001))
        },
        Change(testDescription: "it is unknown what was written") { api, _ in
            await api.world.index.outcomeUnknown()
        },
        Change(testDescription: "the clock jumps") { api, _ in
            api.world.clock.step(by: .hours(1))
        },
        Change(testDescription: "services are read anew") { api, _ in
            api.clients.said.withLock { $0 += 1 }
        },
        Change(testDescription: "other access begins") { api, _ in
            let request = try await api.world.approved()
            _ = try await api.world.credential(for: request)
        },
    ]

    @Test(arguments: Question.allCases, changes)
    private func whateverMayChangeAnAnswerEndsItsRepetition(
        question: Question,
        change: Change
    ) async throws {
        try await APIWorld.withWiki { api, request, secret async throws in
            let isAllowed = try await Self.ask(question, api, secret)
            #expect(isAllowed())
            #expect(isAllowed())
            try await change.happen(api, request)
            #expect(!isAllowed())
        }
    }

    @Test func whenNothingChangesAnswersStayWhatTheyAre() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            for question in Question.allCases {
                let isAllowed = try await Self.ask(question, api, secret)
                for _ in 1...5 {
                    api.world.clock.advance(by: TimeSpan(milliseconds: 900))
                    try await api.world.index.refresh(reload: false)
                    #expect(isAllowed())
                    try await api.world.lockbox.writeUses()
                }
            }
        }
    }

    @Test func eachRepetitionIsAUse() async throws {
        try await APIWorld.withWiki { api, request, secret async throws in
            let isAllowed = try await Self.ask(.introspection, api, secret)
            for _ in 1...4 { #expect(isAllowed()) }
            try await api.world.lockbox.writeUses()
            _ = try await api.world.lockbox.finish(
                request.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            #expect(!isAllowed())
            let view = try await api.world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.uses.map(\.count) == [5])
        }
    }

    @Test func onlyAYesToAServiceMayBeGivenAgain() async throws {
        try await APIWorld.withWiki { api, request, secret async throws in
            #expect(try await Self.introspection(api, secret + "x") == nil)
            #expect(try await Self.introspection(api, secret, of: "dovecot") == nil)
            #expect(try await Self.evaluation(api, "write") == nil)
            let token = try await api.token(of: Fixture.eve)
            #expect(
                try await Self.evaluation(api, headers: [.authorization: "Bearer \(token)"]) == nil
            )
        }
    }
}
