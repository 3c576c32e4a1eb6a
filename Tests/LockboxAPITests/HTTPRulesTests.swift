import Foundation
import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxIdentity
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// What RFC 9110 says of the fields that requests carry.
struct HTTPRulesTests {
    @Test(arguments: [
        ("*", EntityTags.any), (" * ", .any),
        ("\"v3\"", .list([.init(isWeak: false, opaque: "v3")])),
        ("W/\"v3\"", .list([.init(isWeak: true, opaque: "v3")])),
        (
            ", \"a,b\" ,, W/\"\",\t\"c\"",
            .list([
                .init(isWeak: false, opaque: "a,b"), .init(isWeak: true, opaque: ""),
                .init(isWeak: false, opaque: "c"),
            ])
        ),
    ])
    func listsOfTagsAreRead(_ field: String, _ tags: EntityTags) {
        #expect(EntityTags(field) == tags)
    }

    @Test(arguments: [
        "", ",", "v3", "\"v3", "\"v3\" \"v4\"", "\"v3\"x", "w/\"v3\"", "W/ \"v3\"", "*, \"v3\"",
        "\"v 3\"",
    ])
    func whatIsNoListOfTagsIsNone(_ field: String) { #expect(EntityTags(field) == nil) }

    @Test(arguments: [
        ("\"v1\"", 304), ("W/\"v1\"", 304), ("\"x\", W/\"v1\"", 304), ("*", 304), ("\"v01\"", 200),
        ("\"v2\"", 200), ("v1", 200),
    ])
    func tagsAreComparedWeaklyForReading(_ field: String, _ status: Int) async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id.text
            let answer = try await api.ask(
                "GET /v1/requests/{id}",
                ["id": id],
                as: Fixture.eve,
                headers: [.ifNoneMatch: field]
            )
            #expect(answer.status == status)
        }
    }

    @Test(arguments: [
        ("\"v1\"", 200), ("\"v9\", \"v1\"", 200), ("*", 200), ("\"v2\"", 412), ("W/\"v1\"", 412),
        ("v1", 400),
    ])
    func onlyTheVersionThatIsAskedForIsShown(_ field: String, _ status: Int) async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id.text
            for (path, parameters, person) in [
                ("GET /v1/requests/{id}", ["id": id], Fixture.eve),
                ("GET /v1/tenants/{tenant}/policy", ["tenant": "contoso"], Fixture.gita),
            ] {
                let answer = try await api.ask(
                    path,
                    parameters,
                    as: person,
                    headers: [.ifMatch: field]
                )
                #expect(answer.status == status, "\(path)")
            }
        }
    }

    /// There is always something already of what is decided about or set.
    @Test func nothingIsChangedForWhoWantsToBeTheFirst() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id.text
            let decision: JSONValue = ["decision": "approve", "version": 1]
            for (field, status) in [("*", 412), ("\"x\"", 200)] {
                let answer = try await api.ask(
                    "POST /v1/requests/{id}/decisions",
                    ["id": id],
                    as: Fixture.mark,
                    .json(decision),
                    headers: [.ifNoneMatch: field]
                )
                #expect(answer.status == status)
            }
        }
    }

    @Test(
        arguments: [
            ("\"v1\"", nil, 200), ("\"v9\", \"v1\"", nil, 200), ("*", nil, 428), (nil, 1, 200),
            ("\"v1\"", 1, 200), ("*", 1, 200), (nil, 2, 412), ("\"v1\"", 2, 412), ("*", 2, 412),
            ("\"v01\"", nil, 412), ("\"\"", nil, 412), ("W/\"v1\"", nil, 412), ("\"v2\"", nil, 412),
            ("W/\"v1\"", 1, 412), ("v1", nil, 400), (nil, nil, 428),
        ] as [(String?, Int64?, Int)]
    )
    func decisionNeedsTheVersionThatWasRead(_ tag: String?, _ version: Int64?, _ status: Int)
        async throws
    {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id.text
            var body: [String: JSONValue] = ["decision": "approve"]
            body["version"] = version.map { .integer($0) }
            let answer = try await api.ask(
                "POST /v1/requests/{id}/decisions",
                ["id": id],
                as: Fixture.mark,
                .json(.object(body)),
                headers: tag.map { [.ifMatch: $0] } ?? [:]
            )
            #expect(answer.status == status)
        }
    }

    @Test(arguments: [
        ("application/json;q=0.1, text/csv", "text/csv"), ("text/csv;q=0, */*", "application/json"),
        ("*/*;q=0.1, application/jsonl", "application/jsonl"),
        ("text/*, application/json;q=0.5", "text/csv"), ("*/*", "application/json"),
        ("application/x-ndjson", "application/jsonl"), ("text/csv;q=0", nil),
        ("*/*, application/json;q=0, application/jsonl;q=0, application/x-ndjson;q=0", "text/csv"),
        ("text/html, *; q=.2, */*; q=.2", "application/json"), ("text/csv;q=.", nil),
        ("text/csv;q=.9, application/json;q=.3", "text/csv"),
        ("text/csv;q=2", nil), ("text/csv;q=x", nil), ("image/png", nil),
    ])
    func formIsTheOneThatIsTakenMostGladly(_ accept: String, _ type: String?) async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask(
                "GET /v1/tenants/{tenant}/audit",
                ["tenant": "contoso"],
                as: Fixture.adam,
                headers: [.accept: accept]
            )
            #expect(answer.status == (type == nil ? 406 : 200))
            if let type { #expect(answer.headers[.contentType]?.hasPrefix(type) == true) }
        }
    }

    @Test func whatStreamsHasNoLengthToTell() async throws {
        try await APIWorld.with { api async throws in
            for accept in ["text/csv", "application/jsonl"] {
                let head = try await api.ask(
                    "HEAD /v1/tenants/{tenant}/audit",
                    ["tenant": "contoso"],
                    as: Fixture.adam,
                    headers: [.accept: accept]
                )
                #expect(head.status == 200)
                #expect(head.headers[.contentLength] == nil)
            }
        }
    }

    @Test func pathSaysWhichMethodsItKnows() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask("OPTIONS /v1/requests")
            #expect(answer.status == 204)
            let allowed = Set(
                answer.headers[.allow]?.split(separator: ", ").map(String.init) ?? []
            )
            #expect(allowed == ["GET", "HEAD", "POST", "OPTIONS"])
        }
    }

    @Test(arguments: [
        "application/json; charset=iso-8859-1", "application/json;charset=\"utf-16\"",
        "application/json; a=b; CHARSET=latin1",
    ])
    func otherCharsetsAreNamed(_ type: String) async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask(
                "POST /v1/support-requests",
                as: Fixture.sue,
                .raw("{}"),
                headers: [.contentType: type]
            )
            try answer.expectProblem(400, "malformedBody", field: "Content-Type")
        }
    }

    @Test(
        arguments: [
            ("\u{FEFF}{}", nil), ("{\"tenant\":\"contoso\",}", nil),
            ("{\"tenant\":\"contoso\",\"tenant\":\"contoso\"}", "tenant"),
            ("{\"tenant\":1e999}", "tenant"),
        ] as [(String, String?)]
    )
    func bodyThatReadersDifferOnIsRefused(_ body: String, _ field: String?) async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask(
                "POST /v1/support-requests",
                as: Fixture.sue,
                .raw(body),
                headers: [.contentType: "application/json; charset=UTF-8"]
            )
            try answer.expectProblem(400, "malformedBody", field: field)
        }
    }

    @Test func tokenThatOpensNothingIsCalledInvalid() async throws {
        try await APIWorld.with { api async throws in
            let none = try await api.ask("GET /v1/me")
            #expect(none.headers[.wwwAuthenticate] == #"Bearer realm="lockbox""#)
            let wrong = try await api.ask("GET /v1/me", headers: [.authorization: "Bearer lbx_x"])
            #expect(wrong.status == 401)
            #expect(
                wrong.headers[.wwwAuthenticate] == #"Bearer realm="lockbox", error="invalid_token""#
            )
        }
    }

    @Test func tagChangesWithWhatIsShown() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved()
            let path = ["id": request.id.text]
            let before = try await api.ask("GET /v1/requests/{id}", path, as: Fixture.eve)
            let credential = try await api.world.credential(for: request)
            _ = try await api.ask(
                "POST /oauth2/introspect",
                [:],
                .form([
                    ("token", credential.secret), ("client_id", "dovecot"),
                    ("client_secret", APIWorld.clientSecret),
                ])
            )
            let tag = try #require(before.headers[.eTag])
            let after = try await api.ask(
                "GET /v1/requests/{id}",
                path,
                as: Fixture.eve,
                headers: [.ifNoneMatch: tag]
            )
            #expect(after.status == 200)
            #expect(after.headers[.eTag] != tag)
            let known = try await api.ask(
                "GET /v1/requests/{id}",
                path,
                as: Fixture.eve,
                headers: [.ifNoneMatch: try #require(after.headers[.eTag])]
            )
            #expect(known.status == 304)
        }
    }
}

/// Origins as browsers compare them.
struct WebOriginTests {
    @Test(arguments: [
        ("https://lockbox.test", "https://lockbox.test:443"),
        ("https://lockbox.test", "HTTPS://LockBox.Test/"), ("http://a.test", "http://a.test:80"),
        ("http://[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"),
        ("http://127.0.0.1", "http://127.1"),
        ("https://xn--bcher-kva.test", "https://b\u{FC}cher.test"),
        ("https://xn--bcher-kva.test", "https://B\u{DC}CHER.test:443"),
    ])
    func oneAddressIsOneOrigin(_ one: String, _ other: String) throws {
        #expect(try #require(WebOrigin(one)) == #require(WebOrigin(other)))
        #expect(WebOrigin(other)?.description == one)
    }

    @Test(arguments: [
        ("https://lockbox.test", "http://lockbox.test"), ("https://a.test", "https://a.test:8443"),
        ("https://a.test", "https://b.a.test"), ("http://a.test:443", "https://a.test"),
        ("https://a.test", "https://a.test."),
    ])
    func othersAreOthers(_ one: String, _ other: String) throws {
        #expect(try #require(WebOrigin(one)) != #require(WebOrigin(other)))
    }

    @Test(arguments: ["null", "", "lockbox.test", "ftp://a.test", "https://", "file:///x"])
    func whatIsNoWebAddressHasNone(_ text: String) { #expect(WebOrigin(text) == nil) }
}
