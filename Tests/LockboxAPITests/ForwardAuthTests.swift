import Foundation
import HTTPTypes
import LockboxAPI
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// What proxies are told about a request: 200, 401 or 403, and a yes only where all is well.
struct ForwardAuthTests {
    private static let folder = "folder:plans@2026"
    private static let proxy = credential("wiki", APIWorld.clientSecret)

    private static func credential(_ id: String, _ secret: String) -> String {
        let pair = InProcess.percentEncoded(id) + ":" + InProcess.percentEncoded(secret)
        return "Basic " + Data(pair.utf8).base64EncodedString()
    }

    private static func with(
        _ actions: [String] = ["read"],
        _ body: (APIWorld, AccessRequest, String) async throws -> Void
    ) async throws {
        try await APIWorld.withWiki(folder, actions, body)
    }

    private static func ask(
        _ api: APIWorld,
        _ token: String?,
        method: String = "GET",
        path: String = "/authz/wiki",
        proxies: [String] = [proxy],
        _ more: [(String, String)] = []
    ) async throws -> Answer {
        var fields = HTTPFields()
        for value in proxies {
            fields.append(HTTPField(name: .init("Lockbox-Client-Authorization")!, value: value))
        }
        if let token { fields[.authorization] = "Bearer \(token)" }
        for (name, value) in more {
            fields.append(HTTPField(name: try #require(.init(name)), value: value))
        }
        let answer = try await InProcess.ask(
            ForwardAuth(api.api),
            HTTPRequest(
                method: try #require(.init(rawValue: method)),
                scheme: "https",
                authority: "lockbox.example-cloud.test",
                path: path,
                headerFields: fields
            )
        ) { DoorContext(source: $0) }
        let isYes = answer.headers[.init("X-Lockbox-Decision")!] == "allow"
        #expect(isYes == (answer.status == 200))
        #expect(answer.headers[.cacheControl] == "no-store")
        return answer
    }

    @Test(arguments: ["/authz/wiki", "/authz/wiki/", "/authz/wiki/a/../b?c=%zz"])
    func yesSaysWhoseItIs(_ path: String) async throws {
        try await Self.with { api, request, secret async throws in
            let answer = try await Self.ask(api, secret, path: path)
            #expect(answer.status == 200)
            func field(_ name: String) throws -> String? {
                answer.headers[try #require(.init("X-Lockbox-\(name)"))]
            }
            let grant = try #require(request.state.grant)
            #expect(try field("Grant") == grant.id.text)
            #expect(try field("Request") == request.id.text)
            #expect(try field("Actor") == Fixture.eve.id.text)
            #expect(try field("Tenant") == "contoso")
            #expect(try field("Resource") == Self.folder)
            #expect(try field("Actions") == "read")
            #expect(try field("Not-After") == grant.end.description)
            #expect(try await api.world.activities(about: request.id).last == "access.used")
        }
    }

    @Test func whatIsLetThroughIsInTheCustomersLog() async throws {
        try await Self.with(["write"]) { api, request, secret async throws in
            let uri = ("X-Original-URI", "/plans/7?draft=1")
            #expect(try await Self.ask(api, secret, [uri]).status == 200)
            let put = [("X-Forwarded-Uri", "/plans/7"), ("X-Forwarded-Method", "PUT")]
            #expect(try await Self.ask(api, secret, put).status == 200)
            #expect(try await Self.ask(api, secret, path: "/authz/wiki/a//b?c=%zz").status == 200)
            #expect(try await Self.ask(api, secret, path: "/authz/wiki").status == 200)
            // Where a proxy leaves the engineer's query on its question, that is no path.
            let query = "/authz/wiki?next=/fake/path"
            #expect(try await Self.ask(api, secret, path: query).status == 200)
            #expect(try await Self.ask(api, secret, path: query, [uri]).status == 200)
            let two = [uri, ("X-Forwarded-Uri", "/other")]
            #expect(try await Self.ask(api, secret, two).status == 403)
            let own = try await Self.ask(api, secret, path: "/authz/wiki/other", [uri])
            #expect(own.status == 403)
            #expect(try await Self.ask(api, "lbc_wrong", [uri]).status == 401)
            api.world.clock.advance(by: .seconds(1))
            try await api.world.lockbox.closeOldBatches()

            let index = try #require(
                try await api.world.entries().last { $0.activity == "access.operations" }
            ).index
            func operations(_ index: String, as person: Person) async throws -> Answer {
                try await api.ask(
                    "GET /v1/tenants/{tenant}/log/operations/{index}",
                    ["tenant": "contoso", "index": index],
                    as: person
                )
            }
            let answer = try await operations("\(index)", as: Fixture.adam)
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/jsonl")
            let lines = try answer.bytes.split(separator: UInt8(ascii: "\n")).map {
                try JSONDecoder().decode(OperationLine.self, from: Data($0))
            }
            #expect(lines.map(\.method) == ["GET", "PUT", "GET", "GET", "GET", "GET"])
            #expect(
                lines.map(\.path) == [
                    "/plans/7?draft=1", "/plans/7", "/a//b?c=%zz", nil, nil, "/plans/7?draft=1",
                ]
            )
            #expect(lines.map(\.action) == ["read", "write", "read", "read", "read", "read"])
            #expect(lines.allSatisfy { $0.resource == Self.folder })
            #expect(try await operations("0", as: Fixture.adam).status == 404)
            #expect(try await operations("x", as: Fixture.adam).status == 404)
            #expect(try await operations("\(index)", as: Fixture.eve).status == 404)

            let shown = try await api.ask(
                "GET /v1/requests/{id}",
                ["id": request.id.text],
                as: Fixture.adam
            )
            let body = try JSONDecoder().decode(AccessRequestBody.self, from: Data(shown.bytes))
            #expect(
                body.grant?.operations.map(\.subject) == [nil, "/a//b", "/plans/7"]
            )
            try await api.world.expectConsistentLogs()
        }
    }

    @Test func proxyShowsTheCredentialOfTheServiceThatItNames() async throws {
        try await Self.with { api, _, secret async throws in
            let (id, right) = ("wiki", APIWorld.clientSecret)
            for proxies in [
                [], [Self.credential(id, right + "x")], [Self.credential(id, "")],
                [Self.credential("dovecot", right)], [Self.credential("", right)],
                [Self.proxy, Self.proxy], [Self.proxy, "Basic eDp5"], ["Bearer \(right)"], [right],
                ["Basic %%%"], [""],
            ] {
                let answer = try await Self.ask(api, secret, proxies: proxies)
                try answer.expectProblem(403, "forbidden")
            }
            for path in ["/authz/mail", "/authz/Wiki", "/authz/%77iki", "/authz/", "/authz"] {
                #expect(try await Self.ask(api, secret, path: path).status == 403, "\(path)")
            }
            // The mail service is asked about otherwise.
            let mail = try await Self.ask(
                api,
                secret,
                path: "/authz/mail",
                proxies: [Self.credential("dovecot", right)]
            )
            #expect(mail.status == 403)
        }
    }

    @Test func withoutAGoodCredentialOfThisServiceNobodyIsLetIn() async throws {
        try await Self.with { api, request, secret async throws in
            let mail = try await api.world.credential(for: try await api.world.approved()).secret
            for token in ["x", secret + "0", String(secret.dropLast()), mail] {
                let answer = try await Self.ask(api, token)
                #expect(answer.status == 401)
                #expect(
                    answer.headers[.wwwAuthenticate]
                        == #"Bearer realm="lockbox", error="invalid_token""#
                )
                #expect(answer.bytes.isEmpty)
            }
            let nobody = try await Self.ask(api, nil)
            #expect(nobody.status == 401)
            #expect(nobody.headers[.wwwAuthenticate] == #"Bearer realm="lockbox""#)
            let twice = [("Authorization", "Bearer \(secret)"), ("Authorization", "Bearer x")]
            #expect(try await Self.ask(api, nil, twice).status == 401)
            #expect(
                try await Self.ask(api, nil, path: "/authz/wiki?access_token=\(secret)").status
                    == 401
            )
            #expect(try await Self.ask(api, secret).status == 200)
            api.world.clock.advance(by: .hours(2))
            #expect(try await Self.ask(api, secret).status == 401)
        }
    }

    @Test func readingIsWhatEveryMethodOfTheRequestMustBe() async throws {
        try await Self.with { api, _, secret async throws in
            for method in ["GET", "HEAD", "OPTIONS"] {
                let answer = try await Self.ask(api, secret, method: method)
                #expect(answer.status == 200 && answer.bytes.isEmpty, "\(method)")
            }
            for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "get"] {
                #expect(try await Self.ask(api, secret, method: method).status == 403, "\(method)")
            }
            #expect(try await Self.ask(api, secret, method: "HEAD", proxies: []).bytes.isEmpty)
            for name in [
                "X-Original-Method", "X-Forwarded-Method", "X-HTTP-Method-Override",
                "X-HTTP-Method", "X-Method-Override", "X_HTTP_Method-Override",
                "X.HTTP.Method.Override", "X~Original-Method", "x!http|method",
            ] {
                for (value, status) in [
                    ("GET", 200), ("POST", 403), ("delete", 403), ("GET, POST", 403), ("", 403),
                ] {
                    let answer = try await Self.ask(api, secret, [(name, value)])
                    #expect(answer.status == status, "\(name): \(value)")
                }
            }
            let methods = [("X-Original-Method", "GET"), ("X-Forwarded-Method", "PUT")]
            #expect(try await Self.ask(api, secret, methods).status == 403)
            #expect(try await Self.ask(api, secret, [("Upgrade", "websocket")]).status == 403)
        }
    }

    @Test func whoMayWriteMayDoEverything() async throws {
        try await Self.with(["read", "write"]) { api, _, secret async throws in
            for method in ["GET", "POST", "DELETE", "BREW"] {
                #expect(try await Self.ask(api, secret, method: method).status == 200, "\(method)")
            }
            #expect(try await Self.ask(api, secret, [("Upgrade", "websocket")]).status == 200)
        }
    }

    @Test func wrongSecretsCountWithThoseAtTheOtherDoorsAndTheRightOneIsNeverHeldUp() async throws {
        try await Self.with { api, _, secret async throws in
            func introspect() async throws -> Int {
                try await api.ask(
                    "POST /oauth2/introspect",
                    [:],
                    .form([("token", "x")]),
                    headers: [.authorization: Self.credential("wiki", "wrong")]
                ).status
            }
            #expect(try await introspect() == 401)
            for number in 1...APILimits.failureBurst {
                let proxy = Self.credential("wiki", "guess \(number)")
                #expect(try await Self.ask(api, secret, proxies: [proxy]).status == 403)
            }
            #expect(try await introspect() == 429)
            #expect(try await Self.ask(api, secret).status == 200)
            // What shows no credential, or that of another service, guesses nothing.
            api.world.clock.advance(by: .minutes(1))
            for _ in 0...APILimits.failureBurst {
                _ = try await Self.ask(api, secret, proxies: [])
                _ = try await Self.ask(api, secret, path: "/authz/mail")
            }
            #expect(try await introspect() == 401)
        }
    }

    @Test func clientThatLeavesMeanwhileIsNoErrorOfTheServer() async throws {
        try await Self.with { api, _, secret async throws in
            // Long enough that the store must be asked.
            api.world.clock.advance(by: .minutes(1))
            let asking = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await Self.ask(api, secret)
            }
            #expect(try await asking.value.status == 499)
        }
    }
}
