import Foundation
import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxTestWorld
import LockboxWire
import Testing

/// What holds for every operation, and that none is without a test.
struct EveryOperationTests {
    private static let signedIn = Operation.all.filter { $0.caller != nil }
    private static let writing = Operation.all.filter { $0.body != nil }

    /// The operations that the OpenAPI document describes, as it is served.
    private static func described(_ api: APIWorld) async throws -> Set<String> {
        let document = try await api.ask("GET /openapi.json").json(200)
        return Set(
            document["paths"].members.flatMap { path in
                document["paths"][path].members.map { "\($0.uppercased()) \(path)" }
            }
        )
    }

    @Test func everyOperationOfTheDescriptionIsHere() async throws {
        let names = Operation.all.map(\.name)
        #expect(names.count == Set(names).count)
        try await APIWorld.with { api async throws in
            #expect(Set(names) == (try await Self.described(api)))
        }
    }

    /// Tests ask for an operation by its name; one that is named only in the table has none.
    @Test func everyOperationHasATestOfItsOwn() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let tests = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix("Tests.swift") && $0 != "EveryOperationTests.swift" }
            .map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
            .joined()
        for operation in Operation.all {
            #expect(tests.contains("\"\(operation.name)\""), "no test asks for \(operation.name)")
        }
    }

    @Test func pathsAndMethodsAreThoseOfTheDescription() async throws {
        try await APIWorld.with { api async throws in
            let described = try await Self.described(api)
            for operation in Operation.all {
                var methods = described.filter { $0.hasSuffix(" " + operation.path) }
                    .compactMap { $0.split(separator: " ").first.map(String.init) }
                if methods.contains("GET") { methods.append("HEAD") }
                let others = ["GET", "POST", "PUT", "DELETE", "PATCH"].filter {
                    !methods.contains($0)
                }
                for method in others {
                    let answer = try await api.ask(
                        "\(method) \(operation.path)",
                        operation.parts,
                        as: operation.caller
                    )
                    try answer.expectProblem(405, "methodNotAllowed")
                    let allowed = try #require(answer.headers[.allow])
                    #expect(
                        Set(allowed.split(separator: ", ").map(String.init))
                            == Set(methods + ["OPTIONS"]),
                        "\(operation.path)"
                    )
                }
            }
        }
    }

    @Test func nobodyIsAskedWhoSheIs() async throws {
        try await APIWorld.with { api async throws in
            let unknown = "lbx_" + String(repeating: "0", count: 64)
            for (number, operation) in Self.signedIn.enumerated() {
                for credentials in [nil, "Bearer \(unknown)", "Basic \(unknown)", unknown, ""] {
                    let answer = try await api.ask(
                        operation.name,
                        operation.parts,
                        query: operation.query,
                        operation.body.map { .json($0) } ?? .none,
                        headers: credentials.map { [.authorization: $0] } ?? [:],
                        // Each from an address of its own: failures of one address are bounded.
                        from: "198.51.100.\(number)"
                    )
                    try answer.expectProblem(401, "notSignedIn")
                    #expect(
                        answer.headers[.wwwAuthenticate]?.hasPrefix(#"Bearer realm="lockbox""#)
                            == true,
                        "\(operation.name)"
                    )
                }
            }
        }
    }

    /// The scopes of which one is enough for `operation`, as the document says; none where any token
    /// is.
    private static func scopes(_ operation: Operation, in document: JSONValue) -> [String] {
        let described = document["paths"][operation.path][operation.method.lowercased()]
        return described["security"].items.compactMap { $0["token"].items.first?.text }
    }

    @Test func noOperationIsDoneForATokenThatIsNotForIt() async throws {
        try await APIWorld.with { api async throws in
            let document = try await api.ask("GET /openapi.json").json(200)
            var secrets: [String: String] = [:]
            for operation in Self.signedIn {
                let person = try #require(operation.caller)
                let enough = Self.scopes(operation, in: document)
                for name in TokenScopes.every.names {
                    let key = "\(person.id) \(name)"
                    if secrets[key] == nil {
                        let terms = try TokenTerms(label: "", scopes: [name])
                        secrets[key] = try await api.signIn.issueToken(for: person, terms).secret
                    }
                    let answer = try await api.ask(
                        operation.name,
                        operation.parts,
                        query: operation.query,
                        operation.body.map { .json($0) } ?? .none,
                        headers: [.authorization: "Bearer \(secrets[key] ?? "")"]
                    )
                    // Any token may try; what another may do to it is in `TokenTests`.
                    if enough.isEmpty { continue }
                    guard !enough.contains(name) else {
                        #expect(answer.headers[.wwwAuthenticate] == nil, "\(operation.name)")
                        continue
                    }
                    try answer.expectProblem(403, "scopeMissing")
                    #expect(try answer.json()["scope"] == .string(enough[0]))
                    #expect(
                        answer.headers[.wwwAuthenticate]
                            == "Bearer realm=\"lockbox\", error=\"insufficient_scope\", "
                            + "scope=\"\(enough[0])\"",
                        "\(operation.name)"
                    )
                }
            }
        }
    }

    /// What changes something is never done for a token that is only to look.
    @Test func whatChangesSomethingNeedsMoreThanToRead() async throws {
        try await APIWorld.with { api async throws in
            let document = try await api.ask("GET /openapi.json").json(200)
            for operation in Self.signedIn {
                let enough = Self.scopes(operation, in: document)
                switch operation.name {
                // Who it is, it may always ask; and end itself.
                case "GET /v1/me", "DELETE /v1/tokens/{id}": #expect(enough == [])
                case _ where operation.method == "GET":
                    #expect(enough == ["read"], "\(operation.name)")
                case _: #expect(!enough.isEmpty && !enough.contains("read"), "\(operation.name)")
                }
            }
        }
    }

    @Test func everyAnswerIsKeptFromCachesUnlessItSaysOtherwise() async throws {
        try await APIWorld.with { api async throws in
            for operation in Operation.all where operation.method == "GET" {
                let answer = try await api.ask(
                    operation.name,
                    operation.parts,
                    query: operation.query,
                    as: operation.caller
                )
                #expect(answer.headers[.contentTypeOptions] == "nosniff", "\(operation.name)")
                let caching = try #require(answer.headers[.cacheControl])
                let isPublic =
                    operation.path == "/openapi.json" || operation.path.hasPrefix("/.well-known/")
                #expect(caching.hasPrefix("public, ") == isPublic, "\(operation.name)")
                let isTile = operation.path.contains("/tile/") && answer.status == 200
                #expect(
                    isPublic || caching == "no-store"
                        || isTile && caching == "private, max-age=31536000, immutable",
                    "\(operation.name): \(caching)"
                )
            }
        }
    }

    @Test func headIsAnsweredLikeGetWithoutTheBody() async throws {
        try await APIWorld.with { api async throws in
            for operation in Operation.all where operation.method == "GET" {
                let get = try await api.ask(
                    operation.name,
                    operation.parts,
                    query: operation.query,
                    as: operation.caller
                )
                let head = try await api.ask(
                    "HEAD \(operation.path)",
                    operation.parts,
                    query: operation.query,
                    as: operation.caller
                )
                #expect(head.status == get.status, "\(operation.name)")
                #expect(head.headers[.contentType] == get.headers[.contentType])
                #expect(head.headers[.eTag] == get.headers[.eTag])
                #expect(head.bytes == [], "\(operation.name)")
            }
        }
    }

    // MARK: - Bodies

    @Test func bodyOfAnotherMediaTypeIsRefused() async throws {
        try await APIWorld.with { api async throws in
            for operation in Self.writing {
                for type in ["text/plain", "application/x-www-form-urlencoded", ""] {
                    let answer = try await api.ask(
                        operation.name,
                        operation.parts,
                        as: operation.caller,
                        operation.body.map { .json($0) } ?? .none,
                        headers: [.contentType: type]
                    )
                    try answer.expectProblem(415, "wrongMediaType")
                }
            }
        }
    }

    @Test func bodyThatIsNoJSONObjectIsRefused() async throws {
        try await APIWorld.with { api async throws in
            for operation in Self.writing {
                for text in ["{", "[]", "null", "\"x\"", "{} {}", "\u{FEFF}x"] {
                    let answer = try await api.ask(
                        operation.name,
                        operation.parts,
                        as: operation.caller,
                        .raw(text),
                        headers: [.contentType: "application/json; charset=utf-8"]
                    )
                    try answer.expectProblem(400, "malformedBody")
                }
            }
        }
    }

    @Test func onlyOptionalBodiesCanBeLeftOut() async throws {
        try await APIWorld.with { api async throws in
            for operation in Self.writing {
                let answer = try await api.ask(
                    operation.name,
                    operation.parts,
                    as: operation.caller
                )
                if operation.bodyIsOptional {
                    try answer.expectProblem(404, "notFound")
                } else {
                    try answer.expectProblem(415, "wrongMediaType")
                }
            }
        }
    }

    @Test func memberThatNobodyKnowsIsRefused() async throws {
        try await APIWorld.with { api async throws in
            for operation in Self.writing {
                let answer = try await api.ask(
                    operation.name,
                    operation.parts,
                    as: operation.caller,
                    .json(try #require(operation.body).with("nonsense", 1))
                )
                try answer.expectProblem(400, "unknownMember", field: "nonsense")
            }
        }
    }

    @Test func memberThatIsMissingOrOfAnotherTypeIsNamed() async throws {
        try await APIWorld.with { api async throws in
            for operation in Self.writing {
                let body = try #require(operation.body)
                for member in body.members {
                    let wrong = try await api.ask(
                        operation.name,
                        operation.parts,
                        as: operation.caller,
                        .json(body.with(member, ["nested": true]))
                    )
                    try wrong.expectProblem(400, "malformedBody", field: member)
                    guard
                        !Operation.optionalMembers.contains(member)
                            || (operation.path == "/v1/requests"
                                && ["duration", "resources"].contains(member))
                    else { continue }
                    let missing = try await api.ask(
                        operation.name,
                        operation.parts,
                        as: operation.caller,
                        .json(body.without(member))
                    )
                    try missing.expectProblem(400, "malformedBody", field: member)
                }
            }
        }
    }

    @Test func bodyThatIsTooLargeIsRefusedAndEndsTheConnection() async throws {
        try await APIWorld.with { api async throws in
            let large = "{\"x\": \"" + String(repeating: "x", count: APILimits.bodyBytes) + "\"}"
            for operation in Self.writing {
                let answer = try await api.ask(
                    operation.name,
                    operation.parts,
                    as: operation.caller,
                    .raw(large),
                    headers: [.contentType: "application/json"]
                )
                try answer.expectProblem(413, "bodyTooLarge")
                #expect(answer.closed, "\(operation.name)")
            }
        }
    }

    @Test func idempotencyKeyIsOneToTwoHundredFiftyFiveVisibleCharacters() async throws {
        try await APIWorld.with { api async throws in
            for operation in Self.writing {
                for key in [" ", "a b", "\"\"", "ü", String(repeating: "k", count: 256)] {
                    let answer = try await api.ask(
                        operation.name,
                        operation.parts,
                        as: operation.caller,
                        operation.body.map { .json($0) } ?? .none,
                        headers: [.idempotencyKey: key]
                    )
                    try answer.expectProblem(400, "badParameter", field: "Idempotency-Key")
                }
            }
        }
    }

    // MARK: - Lists

    @Test func listTakesALimitFromOneToTwoHundred() async throws {
        try await APIWorld.with { api async throws in
            for operation in Operation.all where operation.isList {
                for limit in ["0", "201", "-1", "x", "", "18446744073709551616"] {
                    let answer = try await api.ask(
                        operation.name,
                        operation.parts,
                        query: [("limit", limit)],
                        as: operation.caller
                    )
                    try answer.expectProblem(400, "badParameter", field: "limit")
                }
                let twice = try await api.ask(
                    operation.name,
                    operation.parts,
                    query: [("limit", "1"), ("limit", "1")],
                    as: operation.caller
                )
                try twice.expectProblem(400, "badParameter", field: "limit")
                for cursor in ["nonsense", "a\u{0}b"] {
                    let answer = try await api.ask(
                        operation.name,
                        operation.parts,
                        query: [("cursor", cursor)],
                        as: operation.caller
                    )
                    let document = try answer.json(400)
                    #expect(document["errors"][0]["field"] == "cursor", "\(operation.name)")
                }
            }
        }
    }
}
