import NIOHTTP1
import Testing

@testable import LockboxGateway

/// What goes on to the service, and what comes back from it.
struct PassedFieldsTests {
    private static func passed(_ fields: HTTPHeaders) throws -> HTTPHeaders {
        let request = try RequestHead(
            method: "GET",
            target: "/",
            host: "app.example",
            fields: fields,
            framing: .none
        )
        return PassedFields.request(
            request,
            to: "inner:1",
            authorization: "Bearer s",
            from: "192.0.2.1",
            over: "https"
        )
    }

    @Test func onlyTheClientsOwnFieldsGoOn() throws {
        let fields = try Self.passed([
            "Accept": "a", "Authorization": "forged", "authorization": "forged",
            "Connection": "x-mine, close",
            "X-Mine": "forged", "Keep-Alive": "forged", "TE": "forged", "Trailer": "forged",
            "X_LOCKBOX_Actor": "forged",
            "X-Forwarded-Anything": "forged", "X_Forwarded_For": "forged",
            "HTTP2-Settings": "forged", "X-WebAuth-User": "forged", "X_Remote_Email": "forged",
            "Remote-User": "forged", "Remote_Groups": "forged", "X-Remote-User": "forged",
            "X-AuthUser": "forged", "X-Authorization": "forged", "X-HTTP-Host": "forged",
            "OIDC_CLAIM_sub": "forged", "Cf-Access-Jwt-Assertion": "forged",
            "X-Consumer-Username": "forged", "X-Pomerium-Claim-Email": "forged",
            "X-Vouch-User": "forged", "X-Originating-IP": "forged",
            // What some servers take for a hyphen.
            "X.Lockbox.Tenant": "forged", "X~Lockbox!Actor": "forged", "Remote.User": "forged",
            "x.http.method.override": "forged", "X|Forwarded.For": "forged",
            "Ssl.Client+Cert": "forged",
            "Cookie": "c",
        ])
        #expect(
            fields.map { "\($0.name): \($0.value)" } == [
                "Host: inner:1", "Authorization: Bearer s", "Accept: a", "Cookie: c",
                "X-Forwarded-For: 192.0.2.1",
                "X-Forwarded-Host: app.example", "X-Forwarded-Proto: https",
            ]
        )
    }

    @Test func innerPlaceIsNotTold() {
        let fields = PassedFields.answer(
            [
                "Location": "http://inner:1/a?b", "X-Hop": "h", "Connection": "x-hop",
                "Content-Length": "1", "ETag": "e",
            ],
            from: "http://inner:1"
        )
        #expect(fields.map { "\($0.name): \($0.value)" } == ["Location: /a?b", "ETag: e"])
        for value in ["http://inner:11/a", "https://other/a", "/a"] {
            #expect(
                PassedFields.answer(["Location": value], from: "http://inner:1")["location"] == [
                    value
                ]
            )
        }
    }
}
