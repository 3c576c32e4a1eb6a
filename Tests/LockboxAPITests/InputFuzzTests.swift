import Foundation
import HTTPTypes
import Hummingbird
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxTestWorld
import LockboxWire
import Testing

/// Every operation with bodies, paths, queries and headers that no client of ours sends. What an
/// operation takes is read from its description, so that a new one is covered by being there.
///
/// A trap ends the process of the tests, and with it the whole run; the file that is named at the
/// beginning says which request it was.
struct InputFuzzTests {
    private static let shards = 4
    /// Requests for each operation.
    private static let requests = 3 * FuzzRun.rounds

    @Test(arguments: 0..<shards)
    func noRequestBreaksTheAPIAndNoRefusedOneChangesAnything(_ shard: Int) async throws {
        let trace = try FuzzTrace("api-\(shard)")
        try await APIWorld.with(proxies: try TrustedProxies(["192.0.2.0/24"])) { api in
            let known = try await Self.furnish(api)
            // The first time somebody asks she is issued a token, which is recorded.
            for operation in Operation.all { _ = try await Self.token(of: operation.caller, api) }
            let bearer = try await api.token(of: Fixture.eve)
            let adams = RequesterProgram.question("read", "adam@contoso.test")
            let denied = try await RequesterProgram(api: api).evaluate(adams)["context"]
            let operations = Operation.all.enumerated().filter { $0.offset % Self.shards == shard }
            var fuzzes = operations.map { _, operation in
                InputFuzz(
                    operation: operation,
                    parameters: Self.parameters(of: operation, api),
                    known: known,
                    bearer: bearer,
                    denial: RequesterProgram.denial(denied),
                    source: FuzzSource(operation.name)
                )
            }
            var sizes = try await Self.sizes(api)
            for number in 0..<Self.requests {
                for place in fuzzes.indices {
                    let caller = fuzzes[place].operation.caller
                    let token = try await Self.token(of: caller, api)
                    let request = fuzzes[place].next(token: token)
                    try trace.tries(request.description)
                    let answer = try await Self.send(request, number, to: api)
                    try Self.check(answer, of: request)
                    let after = try await Self.sizes(api)
                    if after != sizes, answer.status >= 400 {
                        #expect(try await Self.isQuiet(after, since: sizes, api), "\(request)")
                    }
                    sizes = after
                    // Buckets of the rate limits fill again.
                    api.world.clock.advance(by: .seconds(1))
                }
            }
        }
        try trace.end()
    }

    /// One request of each kind, with what belongs to it; gives what a path can name.
    private static func furnish(_ api: APIWorld) async throws -> [String: [String]] {
        let open = try await api.world.approved()
        _ = try await api.world.credential(for: open)
        let requests = [
            try await api.world.submitted(), try await api.world.reviewed(), open,
        ]
        return [
            "id": requests.map(\.id.text), "tenant": ["contoso", "fabrikam"],
            "number": ["SR-1001", "SR-2001"], "person": Fixture.everybody.map(\.id.text),
            "level": ["0", "7", "8"], "index": ["000", "x001/000", "001", "entries"],
            "width": ["1", "255", "256", "0"],
        ]
    }

    private static func parameters(of operation: Operation, _ api: APIWorld) -> [String] {
        api.api.routes.flatMap { route in
            route.operations.filter {
                "\(route.method.rawValue) \($0.path ?? route.path.description)" == operation.name
            }
        }.flatMap { $0.parameters.filter { $0.place == .query }.map(\.name) }
    }

    /// Nil for operations that ask nobody who they are.
    private static func token(of caller: Person?, _ api: APIWorld) async throws -> String? {
        guard let caller else { return nil }
        return try await api.token(of: caller)
    }

    private static func send(_ request: OddRequest, _ number: Int, to api: APIWorld) async throws
        -> Answer
    {
        var fields = HTTPFields()
        for (name, value) in request.fields {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        return try await api.send(
            try #require(HTTPRequest.Method(rawValue: request.method)),
            request.path,
            fields,
            request.body,
            // Failures of one address are bounded.
            from: "198.51.100.\(number % 250)"
        )
    }

    // MARK: - What must hold

    private static func check(_ answer: Answer, of request: OddRequest) throws {
        #expect((200..<500).contains(answer.status), "\(answer.status): \(request)")
        guard answer.status >= 400, request.method != "HEAD" else { return }
        let type = answer.headers[.contentType]
        if request.path.hasPrefix("/access/"), type == "text/plain; charset=utf-8" {
            #expect((1..<300).contains(answer.text.count), "\(request)")
            return
        }
        let isOAuth = request.path.hasPrefix("/oauth2/") && type == "application/json"
        #expect(isOAuth || type == "application/problem+json", "\(request)")
        let document = try answer.json()
        let wrong: Comment = "\(answer.text): \(request)"
        if isOAuth {
            #expect(document["error"].text != nil, wrong)
        } else {
            #expect(document["status"] == .integer(Int64(answer.status)), wrong)
            #expect(document["code"].text?.isEmpty == false, wrong)
            #expect(document["detail"].text.map { $0.count < 300 } == true, wrong)
        }
    }

    private static let logs: [LogID] = [
        .provider, .tenant(Fixture.contoso.id), .tenant(Fixture.fabrikam.id),
    ]

    private static func sizes(_ api: APIWorld) async throws -> [UInt64] {
        try await api.world.store.read { tx in try logs.map { try tx.head(of: $0).size } }
    }

    /// Whether nothing came but who was let in or held off.
    private static func isQuiet(_ after: [UInt64], since before: [UInt64], _ api: APIWorld)
        async throws -> Bool
    {
        try await api.world.store.read { tx in
            try logs.enumerated().allSatisfy { place, log in
                try tx.entries(of: log, in: before[place]..<after[place])
                    .allSatisfy { $0.activity.hasPrefix("signIn.") }
            }
        }
    }
}
