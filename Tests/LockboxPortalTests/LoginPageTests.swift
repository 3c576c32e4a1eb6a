import Foundation
import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPortalWorld
import LockboxPorts
import Testing

/// The pages on which somebody lets a command line act for her.
struct LoginPageTests {
    private static let here = PortalWorld.authorization()

    /// What the browser would take back to the command line.
    private static func answer(_ answer: Answer) throws -> [String: String] {
        let location = try #require(answer.location)
        let parts = try #require(URLComponents(string: location))
        #expect(location.hasPrefix("http://127.0.0.1:49152/callback?"))
        return Dictionary(
            (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") },
            uniquingKeysWith: { first, _ in first + " twice" }
        )
    }

    private static func tokens(_ world: PortalWorld, of person: String = "adam") async throws -> Int
    {
        try await world.signIn.tokens(of: world.person(person)).count
    }

    @Test func whoAllowsItSendsTheBrowserBackWithACode() async throws {
        try await PortalWorld.with { world in
            let page = try await world.visit(Self.here, as: "adam")
            #expect(page.status == 200)
            let policy = try #require(page.headers[.contentSecurityPolicy])
            #expect(policy.contains("form-action 'self' http://127.0.0.1:49152;"))
            #expect(policy.contains("frame-ancestors 'none'"))
            // To look allows nothing.
            #expect(page.headers[.location] == nil)
            let allowed = try await world.send(Self.here, form: [("answer", "allow")], as: "adam")
            #expect(allowed.status == 303)
            let fields = try Self.answer(allowed)
            #expect(fields["state"] == "s0" && fields["iss"] == PortalWorld.publicURL)
            #expect(fields["code"]?.count == 64 && fields["error"] == nil)
            // The code is not a token yet.
            #expect(try await Self.tokens(world) == 0)
        }
    }

    @Test func whoDeniesItSendsTheBrowserBackWithoutOne() async throws {
        try await PortalWorld.with { world in
            for form in [[("answer", "deny")], [("answer", "yes")], []] {
                let denied = try await world.send(Self.here, form: form, as: "adam")
                let fields = try Self.answer(denied)
                #expect(fields["error"] == "access_denied" && fields["code"] == nil)
                #expect(fields["state"] == "s0" && fields["iss"] == PortalWorld.publicURL)
            }
        }
    }

    @Test func whoIsNotSignedInComesBackToThePage() async throws {
        try await PortalWorld.with { world in
            let asked = try await world.visit(Self.here, as: nil)
            #expect(asked.status == 303)
            let location = try #require(asked.location)
            let next = URLComponents(string: location)?.queryItems?.first { $0.name == "next" }
            #expect(next?.value == Self.here)
            let signedIn = try await world.send(
                "/sign-in",
                form: [
                    ("email", "adam@contoso.test"), ("password", PortalWorld.password),
                    ("next", Self.here),
                ],
                as: nil
            )
            #expect(signedIn.status == 303 && signedIn.location == Self.here)
        }
    }

    /// Neither a page of another site nor one that a person was lured to can press the button.
    @Test func onlyAPageOfOursAllowsIt() async throws {
        try await PortalWorld.with { world in
            let form = [("answer", "allow")]
            for answer in [
                try await world.send(
                    Self.here,
                    form: form,
                    as: "adam",
                    origin: "https://evil.test"
                ),
                try await world.send(Self.here, form: form + [("csrf", "0")], as: "adam"),
            ] {
                #expect(answer.status == 403 && answer.location == nil)
            }
            let nobody = try await world.send(Self.here, form: form, as: nil)
            #expect(nobody.status == 401 && nobody.location == nil)
            #expect(nobody.html.contains("/sign-in?next=/oauth2/authorize%3F"))
        }
    }

    @Test func longAfterSigningInItAsksForThePasswordAgain() async throws {
        try await PortalWorld.with { world in
            _ = try await world.visit("/account", as: "adam")
            world.clock.advance(by: .minutes(15))
            for (password, status) in [("", 422), ("wrong", 422), (PortalWorld.password, 303)] {
                let form = [("answer", "allow"), ("password", password)]
                let answer = try await world.send(Self.here, form: form, as: "adam")
                #expect(answer.status == status)
                let policy = try #require(answer.headers[.contentSecurityPolicy])
                #expect(policy.contains("http://127.0.0.1:49152"))
                #expect((answer.location == nil) == (status == 422))
            }
        }
    }

    @Test func browserIsSentToNobodyWhoIsNotACommandLineOfOurs() async throws {
        try await PortalWorld.with { world in
            let good = Self.here
            for bad in [
                PortalWorld.authorization(redirect: "https://evil.test/callback"),
                PortalWorld.authorization(redirect: "http://127.0.0.1:49152/other"),
                good.replacing("lockbox-cli", with: "other"),
                good.replacing("S256", with: "plain"),
                good.replacing("&code_challenge_method=S256", with: ""),
                good.replacing("code_challenge=", with: "code_challenge=x"),
                good + "&redirect_uri=http://127.0.0.1:1/callback",
                good + "&client_id=lockbox-cli", good + "&state=s1",
                good.replacing("state=s0", with: "state=" + String(repeating: "s", count: 201)),
                "/oauth2/authorize",
            ] {
                for answer in [
                    try await world.visit(bad, as: "adam"),
                    try await world.send(bad, form: [("answer", "allow")], as: "adam"),
                ] {
                    #expect(answer.status == 400 && answer.location == nil, "\(bad)")
                }
            }
        }
    }

    @Test func commandLineHearsWhatItAskedWrongly() async throws {
        try await PortalWorld.with { world in
            try await world.policy { $0.withheldFromTokens = .decide }
            for (bad, error) in [
                (Self.here.replacing("=code&", with: "=token&"), "unsupported_response_type"),
                (Self.here.replacing("response_type=code&", with: ""), "unsupported_response_type"),
                (PortalWorld.authorization(scope: "all"), "invalid_scope"),
                (PortalWorld.authorization(scope: "decide"), "invalid_scope"),
                (Self.here + "&scope=read", "invalid_request"),
                (Self.here.replacing("on+laptop", with: "%0A"), "invalid_request"),
            ] {
                for answer in [
                    try await world.visit(bad, as: "adam"),
                    try await world.send(bad, form: [("answer", "allow")], as: "adam"),
                ] {
                    let fields = try Self.answer(answer)
                    #expect(fields["error"] == error && fields["code"] == nil, "\(bad)")
                }
            }
        }
    }

    @Test func codeIsAnsweredByWhoTypesItAndOnce() async throws {
        try await PortalWorld.with { world in
            try await world.deviceAsks()
            _ = try await world.visit("/device", as: "eve")
            let before = try await world.recordedChanges()
            let shown = try await world.send("/device", form: [("code", "{usercode}")], as: "eve")
            #expect(shown.status == 200)
            #expect(shown.html.contains("198.51.100.7") && shown.html.contains("lockbox on server"))
            #expect(shown.html.contains("not</strong> where this browser is"))
            // To look is not to answer.
            #expect(try await world.recordedChanges().count == before.count)
            let form = [("answer", "allow"), ("code", "{usercode}")]
            let allowed = try await world.send("/device/answer", form: form, as: "eve")
            #expect(allowed.status == 303 && allowed.location == "/device?done=loginAllowed")
            for who in ["eve", "adam"] {
                let again = try await world.send("/device/answer", form: form, as: who)
                #expect(again.status == 422)
            }
        }
    }

    @Test func addressWithACodeInItTypesNothing() async throws {
        try await PortalWorld.with { world in
            try await world.deviceAsks()
            let page = try await world.visit(
                "/device?user_code={usercode}&code={usercode}",
                as: "eve"
            )
            #expect(page.status == 200 && !page.html.contains("lockbox on server"))
        }
    }

    @Test func deviceIsAllowedByWhoShowsAgainWhoSheIs() async throws {
        try await PortalWorld.with { world in
            _ = try await world.visit("/account", as: "eve")
            world.clock.advance(by: .minutes(15))
            try await world.deviceAsks()
            let form = [("answer", "allow"), ("code", "{usercode}")]
            let bare = try await world.send("/device/answer", form: form, as: "eve")
            #expect(bare.status == 422 && bare.html.contains("lockbox on server"))
            let confirmed = try await world.send(
                "/device/answer",
                form: form + [("password", PortalWorld.password)],
                as: "eve"
            )
            #expect(confirmed.status == 303)
        }
    }
}
