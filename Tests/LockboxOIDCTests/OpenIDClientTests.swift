import Crypto
import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxOIDC
import LockboxTestProvider
import LockboxWire
import MerkleLog
import Testing

/// A client and a provider, and one sign-in that begins.
struct Stage {
    let clock = FixedClock()
    let provider = TestProvider()
    let client: OpenIDClient
    let settings: OpenIDProvider
    let attempt: SignInAttempt

    init(
        authentication: OpenIDProvider.ClientAuthentication = .secretBasic,
        acrValues: [String] = [],
        trustsAddresses: Bool = false,
        isConfirmation: Bool = false,
        roles: ClaimedRoles? = nil
    ) {
        settings = OpenIDProvider(
            issuer: TestProvider.issuer,
            clientID: "lock box",
            authentication: authentication,
            clientSecret: .file("secrets/contoso"),
            acrValues: acrValues,
            trustsAddresses: trustsAddresses,
            roles: roles
        )
        client = OpenIDClient(
            http: provider,
            clock: clock,
            entropy: SeededEntropy(),
            publicURL: "https://lockbox.test",
            seed: Array(repeating: 7, count: 32),
            secret: { $0 == .file("secrets/contoso") ? "a:secret" : "" },
            sign: { "signed by \($0.iss) for \($0.aud)" }
        )
        attempt = client.attempt(
            at: .tenant(Fixture.contoso.id),
            isConfirmation: isConfirmation,
            next: "/lockbox"
        )
        provider.say(claims())
    }

    /// As a browser is sent out with them.
    func fields() async throws -> [String: String] {
        let address = try await client.authorization(attempt, at: settings, hint: "a@b.test")
        let items = try #require(URLComponents(string: address)?.queryItems)
        return Dictionary(items.map { ($0.name, $0.value ?? "") }) { first, _ in first }
    }

    /// Those of a good token; `nonce` as the provider was asked for it.
    func claims(_ changes: [String: JSONValue] = [:]) -> [String: JSONValue] {
        let now = clock.now().secondsSinceEpoch
        let claims: [String: JSONValue] = [
            "iss": .string(TestProvider.issuer), "sub": "adam-1", "aud": "lock box",
            "exp": .integer(now + 300), "iat": .integer(now), "nonce": .string(nonce),
            "auth_time": .integer(now), "email": "adam@contoso.test", "email_verified": true,
        ]
        return claims.merging(changes) { $1 }
    }

    var nonce: String {
        // What the browser keeps holds the secret from which it is made.
        struct Kept: Decodable { let secret: Data }
        do {
            let kept = try JSONDecoder().decode(
                Kept.self,
                from: try #require(Data(base64URL: try client.keep(attempt).prefix { $0 != "." }))
            )
            return HMAC<SHA256>.authenticationCode(
                for: Data("nonce".utf8),
                using: SymmetricKey(data: kept.secret)
            ).base64URL
        } catch {
            Issue.record(error)
            return ""
        }
    }

    func comeBack(from issuer: String? = TestProvider.issuer) async throws -> IDToken {
        try await client.token(for: "code-1", from: issuer, of: attempt, at: settings)
    }

    /// What the fault says, if there is one.
    func refusal(from issuer: String? = TestProvider.issuer) async -> String {
        do {
            _ = try await comeBack(from: issuer)
            return "none"
        } catch let fault as ProviderFault {
            return fault.what
        } catch {
            return "\(error)"
        }
    }
}

@Suite struct OpenIDClientTests {
    @Test func browserIsSentOutWithWhatTiesTheAnswerToIt() async throws {
        let stage = Stage()
        let fields = try await stage.fields()
        #expect(fields["response_type"] == "code")
        #expect(fields["client_id"] == "lock box")
        #expect(fields["redirect_uri"] == "https://lockbox.test/oidc/callback")
        #expect(fields["scope"] == "openid email profile")
        #expect(fields["code_challenge_method"] == "S256")
        #expect(fields["nonce"] == stage.nonce)
        #expect(fields["login_hint"] == "a@b.test")
        #expect(fields["prompt"] == nil && fields["max_age"] == nil)
        #expect(stage.attempt.matches(state: try #require(fields["state"])))
        #expect(!stage.attempt.matches(state: stage.nonce))
        _ = try await stage.comeBack()
        let form = Dictionary(try #require(stage.provider.forms.last)) { first, _ in first }
        let verifier = try #require(form["code_verifier"])
        #expect(SHA256.hash(data: Data(verifier.utf8)).base64URL == fields["code_challenge"])
        #expect(form["code"] == "code-1")
        #expect(form["redirect_uri"] == fields["redirect_uri"])
    }

    @Test func goodTokenSaysWhoCameBack() async throws {
        let token = try await Stage().comeBack()
        #expect(token.identity == Identity(issuer: TestProvider.issuer, subject: "adam-1"))
        #expect(token.address == Fixture.adam.email)
    }

    @Test(arguments: [
        (OpenIDProvider.ClientAuthentication.secretBasic, "Basic bG9jayUyMGJveDphJTNBc2VjcmV0", ""),
        (.secretPost, "", "client_secret=a:secret"),
        (.privateKey, "", "client_assertion=signed by lock box for https://login.contoso.test"),
        (.none, "", "client_id=lock box"),
    ])
    func clientShowsWhoItIs(
        _ authentication: OpenIDProvider.ClientAuthentication,
        field: String,
        member: String
    ) async throws {
        let stage = Stage(authentication: authentication)
        _ = try await stage.comeBack()
        #expect((stage.provider.authorizations.last ?? nil) ?? "" == field)
        let form = try #require(stage.provider.forms.last).map { "\($0)=\($1)" }
        #expect(member.isEmpty || form.contains(member))
        #expect(form.contains { $0.hasPrefix("client_secret=") } == (authentication == .secretPost))
    }

    static let wrong: [(claims: [String: JSONValue], words: String)] = [
        (["iss": "https://login.other.test"], "another issuer"),
        (["iss": "https://login.contoso.test/"], "another issuer"),
        (["iss": .null], "missing"), (["sub": .null], "missing"), (["sub": ""], "names nobody"),
        (["sub": .integer(7)], "wrong type"), (["sub": "näme"], "names nobody"),
        (["sub": .string(String(repeating: "a", count: 256))], "names nobody"),
        (["aud": "other"], "somebody else"), (["aud": .array(["other"])], "somebody else"),
        (["aud": .array(["lock box", "other"])], "somebody else"),
        (["aud": .array(["lock box", "other"]), "azp": "other"], "somebody else"),
        (["azp": "other"], "somebody else"), (["aud": .null], "missing"),
        (["nonce": "of another sign-in"], "another sign-in"), (["nonce": .null], "missing"),
        (["exp": .null], "missing"), (["exp": "soon"], "wrong type"),
        (["iat": .null], "missing"),
        (["exp": .integer(Fixture.now.secondsSinceEpoch - 60)], "is over"),
        (["exp": .integer(1_000_000_000_000)], "times are none"),
        (["exp": .integer(-1)], "times are none"),
        (["iat": .integer(Fixture.now.secondsSinceEpoch + 299)], "not made just now"),
        (["iat": .integer(Fixture.now.secondsSinceEpoch - 299)], "not made just now"),
        (["iat": .integer(Fixture.now.secondsSinceEpoch - 360)], "not made just now"),
        (["nbf": .integer(Fixture.now.secondsSinceEpoch + 299)], "not good yet"),
    ]

    @Test(arguments: wrong.indices)
    func tokenWithAWrongClaimIsRefused(_ index: Int) async throws {
        let (claims, words) = Self.wrong[index]
        let stage = Stage()
        stage.provider.say(stage.claims(claims))
        #expect(await stage.refusal().contains(words))
    }

    @Test(arguments: [-11, 11, -59, 59]) func clocksMayDifferALittle(_ seconds: Int64) async throws
    {
        let stage = Stage()
        let now = Fixture.now.secondsSinceEpoch + seconds
        stage.provider.say(stage.claims(["iat": .integer(now), "exp": .integer(now + 2)]))
        #expect(await stage.refusal() == "none")
    }

    @Test func machinesClockCountsAndNotOurs() async throws {
        let stage = Stage()
        // Ours is ten minutes ahead, since it does not go back.
        stage.clock.step(by: .minutes(-10))
        let attempt = stage.client.attempt(
            at: .provider,
            isConfirmation: false,
            next: "/"
        )
        #expect(attempt.startedAt == Fixture.now - .minutes(10))
        #expect(stage.client.isOpen(attempt))
        #expect(!stage.client.isOpen(stage.attempt))
    }

    @Test(
        arguments: [
            ["alg": "none"], ["alg": "HS256"], ["alg": "RS256"], ["crit": ["exp"]],
        ] as [[String: JSONValue]]
    )
    func algorithmsThatDoNotCountAreRefused(_ header: [String: JSONValue]) async throws {
        let stage = Stage()
        stage.provider.say(stage.claims(), header: header)
        #expect(await stage.refusal() != "none")
    }

    @Test func whatIsNoTokenIsRefused() async throws {
        let stage = Stage()
        for text in ["", "a", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "🔑.🔑.🔑"] {
            stage.provider.send(text)
            #expect(await stage.refusal().contains("signed token"))
        }
    }

    @Test func tokenWithADoubleClaimIsRefused() async throws {
        let stage = Stage()
        let parts = ["{\"alg\":\"ES256\"}", "{\"sub\":\"a\",\"sub\":\"b\"}", "x"].map {
            Data($0.utf8).base64URL
        }
        stage.provider.send(parts.joined(separator: "."))
        #expect(await stage.refusal().contains("signed token"))
    }

    @Test func newKeyIsLookedUpOnceAndAgainAfterAWhile() async throws {
        let stage = Stage()
        _ = try await stage.comeBack()
        stage.provider.changeKey(to: "second")
        // The keys were read a moment ago: an unknown one is not asked for by everybody who likes.
        #expect(await stage.refusal().contains("does not publish"))
        stage.clock.advance(by: .seconds(31))
        stage.provider.say(stage.claims())
        #expect(await stage.refusal() == "none")
        stage.provider.rename("never published")
        let before = stage.provider.asked.count { $0.hasSuffix("/keys") }
        #expect(await stage.refusal().contains("does not publish"))
        #expect(await stage.refusal().contains("does not publish"))
        #expect(stage.provider.asked.count { $0.hasSuffix("/keys") } == before)
    }

    @Test func answerOfAnotherProviderIsRefusedBeforeTheCodeGoesAnywhere() async throws {
        let stage = Stage()
        #expect(await stage.refusal(from: "https://evil.test").contains("not the one"))
        stage.provider.set(
            "/.well-known/openid-configuration",
            to: TestProvider.metadata(["authorization_response_iss_parameter_supported": true])
        )
        stage.clock.advance(by: .minutes(9))
        stage.clock.advance(by: .minutes(2))
        #expect(await stage.refusal(from: nil).contains("without saying who it is"))
        #expect(stage.provider.forms.isEmpty)
    }

    @Test(
        arguments: [
            ["issuer": "https://login.other.test"],
            ["token_endpoint": "http://login.contoso.test/token"],
            ["jwks_uri": "ftp://login.contoso.test"], ["authorization_endpoint": .null],
            ["token_endpoint": .integer(5)],
        ] as [[String: JSONValue]]
    )
    func metadataThatMakesNoSenseIsRefused(_ changes: [String: JSONValue]) async throws {
        let stage = Stage()
        stage.provider.set(
            "/.well-known/openid-configuration",
            to: TestProvider.metadata(changes)
        )
        await #expect(throws: ProviderFault.self) { try await stage.fields() }
    }

    @Test func providerThatFailsIsNotAskedAgainAtOnce() async throws {
        let stage = Stage()
        stage.provider.fail(with: ProviderFault(.unreachable, "answered 500"))
        for _ in 0..<5 {
            await #expect(throws: ProviderFault.self) { try await stage.fields() }
        }
        #expect(stage.provider.asked.count == 1)
        stage.provider.fail(with: nil)
        stage.clock.advance(by: .seconds(31))
        _ = try await stage.fields()
    }

    @Test func keysOfAProviderThatIsDownAreGoodForADay() async throws {
        let stage = Stage()
        _ = try await stage.comeBack()
        stage.clock.advance(by: .minutes(11))
        stage.provider.set("/keys", to: Data("no keys".utf8))
        let attempt = stage.client.attempt(at: .provider, isConfirmation: false, next: "/")
        #expect(stage.client.isOpen(attempt))
        stage.provider.say(
            stage.claims([
                "iat": .integer(stage.clock.now().secondsSinceEpoch),
                "exp": .integer(stage.clock.now().secondsSinceEpoch + 60),
            ])
        )
        #expect(await stage.refusal() == "none")
    }

    @Test func addressCountsOnlyWhereItIsVerified() async throws {
        for (claim, counts): (JSONValue, Bool) in [
            (true, true), ("true", true), (false, false), ("false", false), (.null, false),
        ] {
            let stage = Stage()
            stage.provider.say(stage.claims(["email_verified": claim]))
            #expect(try await stage.comeBack().address == (counts ? Fixture.adam.email : nil))
        }
        let stage = Stage(trustsAddresses: true)
        stage.provider.say(stage.claims(["email_verified": .null]))
        #expect(try await stage.comeBack().address == Fixture.adam.email)
    }

    @Test func confirmationAsksAnewAndIsHeldToIt() async throws {
        let stage = Stage(acrValues: ["phr"], isConfirmation: true)
        let fields = try await stage.fields()
        #expect(fields["prompt"] == "login")
        #expect(fields["max_age"] == "0")
        #expect(fields["acr_values"] == "phr")
        for (changes, words): ([String: JSONValue], String) in [
            (["acr": "phr"], "none"), ([:], "in the way"), (["acr": "pwd"], "in the way"),
            (["acr": "phr", "auth_time": .null], "anew"),
            (
                ["acr": "phr", "auth_time": .integer(Fixture.now.secondsSinceEpoch - 61)],
                "anew"
            ),
        ] {
            stage.provider.say(stage.claims(changes))
            #expect(await stage.refusal().contains(words))
        }
    }

    @Test func claimThatSaysRolesIsReadWhateverElseTheTokenHolds() async throws {
        let claimed = ClaimedRoles(claim: "groups", roles: ["yes": [.approver], "all": [.member]])
        let stage = Stage(roles: claimed)
        for (claim, values): (JSONValue, [String]) in [
            (.array(["yes", "other"]), ["yes", "other"]), ("yes", ["yes"]), (.array([]), []),
            (.null, []), (.integer(1), []), (.array(["yes", .integer(1)]), []),
            (.object(["yes": true]), []),
        ] {
            stage.provider.say(stage.claims(["groups": claim, "other": .object(["a": 1])]))
            #expect(try await stage.comeBack().roleValues == values)
        }
        #expect(claimed.roles(for: ["yes", "all", "unknown"]) == [.approver, .member])
        #expect(claimed.roles(for: ["YES"]) == [])
        // Whoever is in too many groups is in none that the token tells of.
        stage.provider.say(stage.claims(["_claim_names": .object(["groups": "src1"])]))
        #expect(await stage.refusal().contains("too many groups"))
        let unasked = Stage()
        unasked.provider.say(unasked.claims(["groups": .array(["yes"])]))
        #expect(try await unasked.comeBack().roleValues == [])
    }

    @Test func placeToSignOutIsTheProvidersOwnWord() async throws {
        #expect(try await Stage().client.signOut(at: Stage().settings) == nil)
        for (place, wanted): (JSONValue, String?) in [
            (
                "https://login.contoso.test/end?a=b",
                "https://login.contoso.test/end?a=b&client_id=lock%20box"
                    + "&post_logout_redirect_uri=https%3A%2F%2Flockbox.test%2Fsign-in"
            ), ("http://login.contoso.test/end", nil), ("javascript:alert(1)", nil),
        ] {
            let stage = Stage()
            stage.provider.set(
                "/.well-known/openid-configuration",
                to: TestProvider.metadata(["end_session_endpoint": place])
            )
            let found = try await stage.client.signOut(at: stage.settings)
            #expect(found?.replacing("+", with: "%20") == wanted)
        }
    }

    @Test func providerDoesNotLeadThisServerToWhatOnlyItCanReach() {
        for (address, isTaken) in [
            ("https://login.contoso.example", true), ("https://login.contoso.example/a/", true),
            ("https://login.contoso.example:8443", true), ("http://login.contoso.example", false),
            ("http://127.0.0.1:9000", false), ("http://localhost", false),
            ("https://127.0.0.1", false), ("https://localhost", false), ("https://[::1]", false),
            ("https://[fd00::1]:8443", false), ("https://10.0.0.1", false),
            ("https://0x7f.1", false), ("https://2130706433", false), ("https://intranet", false),
            ("https://db.internal", false), ("https://printer.local", false),
            ("https://a.localhost", false), ("https://login.contoso.example?x=1", false),
            ("https://user@login.contoso.example", false), ("https://login..example", false),
            ("https://.example", false), ("https://login.contoso.example.", false), ("", false),
        ] {
            let isIssuer = ProviderAddress.isIssuerOfCustomer(address, isTrial: false)
            #expect(isIssuer == isTaken, "\(address)")
        }
        #expect(ProviderAddress.isIssuerOfCustomer("http://127.0.0.1:9000", isTrial: true))
        #expect(!ProviderAddress.isIssuerOfCustomer("ftp://login.contoso.example", isTrial: true))
    }

    @Test(
        arguments: [
            "http://127.0.0.1:8445/metrics", "http://localhost/", "https://169.254.169.254/latest",
            "https://db.internal/", "https://localhost:8443/",
        ]
    )
    func endpointThatOnlyThisServerReachesIsRefused(_ endpoint: String) async throws {
        for name in ["token_endpoint", "jwks_uri"] {
            let stage = Stage()
            stage.provider.set(
                "/.well-known/openid-configuration",
                to: TestProvider.metadata([name: .string(endpoint)])
            )
            await #expect(throws: ProviderFault.self) { try await stage.fields() }
            #expect(!stage.provider.asked.contains(endpoint))
        }
    }

    @Test func attemptIsTheSameAfterTheCookieAndNothingElseIsOne() throws {
        let stage = Stage()
        let kept = try stage.client.keep(stage.attempt)
        #expect(stage.client.attempt(kept: kept) == stage.attempt)
        for text in [
            "", ".", "e30", "e30.e30", "a.b", "a.b.c", String(repeating: "a", count: 5000),
        ] {
            #expect(stage.client.attempt(kept: text) == nil)
        }
        // Whoever began a sign-in cannot make a confirmation of it afterwards, or an older one.
        let content = try #require(Data(base64URL: kept.prefix { $0 != "." }))
        let text = String(decoding: content, as: UTF8.self)
        #expect(text.contains("\"isConfirmation\":false"))
        let forged = text.replacing("\"isConfirmation\":false", with: "\"isConfirmation\":true")
        let code = try #require(kept.split(separator: ".").last)
        #expect(stage.client.attempt(kept: "\(Data(forged.utf8).base64URL).\(code)") == nil)
    }

    @Test(arguments: ["logout+jwt", "at+jwt", "application/at+jwt", "dpop+jwt"])
    func tokenThatSaysThatItIsSomethingElseIsRefused(_ type: String) async throws {
        let stage = Stage()
        stage.provider.say(stage.claims(), header: ["typ": .string(type)])
        #expect(await stage.refusal() == "sent no ID token")
    }

    @Test func signInCountsAsAConfirmationOnlyWhereTheProviderAskedJustNow() async throws {
        for (acr, claims, isConfirmed): ([String], [String: JSONValue], Bool) in [
            ([], [:], true), ([], ["auth_time": .null], false),
            ([], ["auth_time": .integer(Fixture.now.secondsSinceEpoch - 61)], false),
            (["phr"], [:], false), (["phr"], ["acr": "pwd"], false),
            (["phr"], ["acr": "phr"], true),
        ] {
            let stage = Stage(acrValues: acr)
            stage.provider.say(stage.claims(claims))
            #expect(try await stage.comeBack().isConfirmation == isConfirmed)
        }
    }

    @Test func attemptIsOverAfterTenMinutes() {
        let stage = Stage()
        #expect(stage.client.isOpen(stage.attempt))
        stage.clock.advance(by: OIDCLimits.attempt)
        #expect(!stage.client.isOpen(stage.attempt))
    }
}
