import AsyncHTTPClient
import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import Testing

private struct NoGateways: GatewayConnections {
    func cut(_ usernames: Set<String>, at service: ServiceID) async {}
    func settle() async {}
    func connected(to service: ServiceID) async -> [String] { [] }
}

/// What each kind says of itself, and what it does not claim.
struct KindTests {
    private static let tools = ServiceTools(
        http: .shared,
        clock: FixedClock(),
        entropy: SeededEntropy()
    ) { _ in "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" }
    private static let kinds = ServiceKinds([
        IMAPKind(tools), HTTPKind(gateways: NoGateways()), SQLKind(), HookKind(tools),
    ])
    private static let hook =
        #"{"passToken":false,"secretFile":"hook","url":"https://host.test/"}"#
    private static let doveadm = Fixture.mail.own
    private static let gateway =
        #"{"gateway":{"listen":"127.0.0.1:9443","upstream":"http://127.0.0.1:1"}}"#

    private static func service(_ kind: StaticString, _ type: String, own: String = "{}")
        -> ServiceSettings
    {
        var settings = Fixture.service("s", kind: kind, resourceType: type)
        settings.own = own
        return settings
    }

    private static func credential(_ settings: ServiceSettings) throws -> Credential {
        let request = try #require(try Fixture.history(to: .active).last)
        let resource = Fixture.resource(
            "\(settings.service.resourceType):sue@contoso.test",
            of: settings.service.id
        )
        return Fixture.credential(of: request, resource: resource)
    }

    @Test func kindDecidesAboutOpenConnections() {
        let said = { Self.kinds.openConnections(of: $0) }
        #expect(said(Self.service("imap", "mailbox", own: Self.doveadm)) == .areCut)
        #expect(said(Self.service("imap", "mailbox")) == .cannotBeCut)
        #expect(said(Self.service("http", "site")) == .stay)
        #expect(said(Self.service("http", "site", own: Self.gateway)) == .areCut)
        #expect(said(Self.service("sql", "database")) == .stay)
        #expect(said(Self.service("hook", "host", own: Self.hook)) == .areCut)
    }

    @Test func onlyTheWebIsReachedByWebRequests() throws {
        for (kind, reading, writing) in [
            ("http", Actions.read, Actions.write), ("imap", nil, nil), ("sql", nil, nil),
            ("hook", nil, nil),
        ] as [(StaticString, Actions?, Actions?)] {
            let service = Self.service(kind, "x")
            let kind = try #require(Self.kinds[service.service.kind])
            #expect(kind.actions(forMethods: ["GET", "HEAD"], at: service) == reading)
            #expect(kind.actions(forMethods: ["GET", "POST"], at: service) == writing)
        }
    }

    /// It would decide by the method about what the service's own rules leave to nobody.
    @Test func proxyIsToldNothingOfAServiceThatGoesByPath() {
        let own =
            #"{"actions":{"read":["GET /a"],"write":[]},"gateway":\#(Self.gateway.dropFirst(11))"#
        let service = Self.service("http", "site", own: own)
        #expect(HTTPKind.rules(of: service) != nil)
        #expect(HTTPKind().actions(forMethods: ["GET"], at: service) == nil)
    }

    /// Of what the program does not understand nothing reassuring is said.
    @Test func unknownIsTakenForConnectionsThatLast() {
        let said = { Self.kinds.openConnections(of: $0) }
        #expect(said(nil) == .cannotBeCut)
        #expect(said(Self.service("telnet", "host")) == .cannotBeCut)
        #expect(said(Self.service("imap", "mailbox", own: "not JSON")) == .cannotBeCut)
        #expect(said(Self.service("hook", "host")) == .cannotBeCut)
        #expect(said(Self.service("http", "site", own: Self.doveadm)) == .cannotBeCut)
        #expect(said(Self.service("sql", "site", own: Self.doveadm)) == .cannotBeCut)
    }

    @Test func onlyAServiceThatIsToldSomethingHasAnEnforcer() throws {
        for (settings, isTold) in [
            (Self.service("imap", "mailbox", own: Self.doveadm), true),
            (Self.service("imap", "mailbox"), false), (Self.service("http", "site"), false),
            (Self.service("http", "site", own: Self.gateway), true),
            (Self.service("sql", "database"), false),
            (Self.service("hook", "host", own: Self.hook), true),
        ] {
            let kind = try #require(Self.kinds[settings.service.kind])
            #expect((try kind.enforcer(of: settings) != nil) == isTold)
            #expect(kind.needsOpening == (kind.name == .hook))
            #expect(kind.datesItsOrders == (kind.name == .hook))
        }
    }

    /// What cannot be told to open or to close is an error, and not a service that needs no telling.
    @Test func hookThatIsNotSetUpIsAnError() throws {
        let kind = try #require(Self.kinds[.hook])
        #expect(throws: EnforcerError("the service's settings cannot be read")) {
            try kind.enforcer(of: Self.service("hook", "host"))
        }
        var settings = Self.service("hook", "host", own: Self.hook)
        settings.own = settings.own.replacingOccurrences(
            of: #""secretFile""#,
            with: #""caFile":"/nowhere","secretFile""#
        )
        #expect(throws: EnforcerError("the secrets for the service cannot be read")) {
            try kind.enforcer(of: settings)
        }
    }

    @Test func keyThatCannotBeReadIsAnErrorThatNamesNoFile() throws {
        struct Unreadable: Error {}
        let kind = IMAPKind(
            ServiceTools(http: .shared, clock: FixedClock(), entropy: SeededEntropy()) { _ in
                throw Unreadable()
            }
        )
        #expect(throws: EnforcerError("the key for the mail server cannot be read")) {
            try kind.enforcer(of: Fixture.mail)
        }
    }

    @Test func claimsComeFromTheServicesKindAndNotFromTheResourcesName() throws {
        for (kind, type, claims) in [
            ("imap", "mailbox", ServiceClaims(scope: "imap", own: ["mailbox": "sue@contoso.test"])),
            ("imap", "box", ServiceClaims(scope: "imap", own: ["mailbox": "sue@contoso.test"])),
            ("http", "mailbox", ServiceClaims(scope: "mailbox")),
            ("http", "site", ServiceClaims(scope: "site")),
            ("sql", "database", ServiceClaims(scope: "database")),
            ("hook", "host", ServiceClaims(scope: "host")),
        ] as [(StaticString, String, ServiceClaims)] {
            let settings = Self.service(kind, type)
            let credential = try Self.credential(settings)
            #expect(Self.kinds[settings.service.kind]?.claims(of: credential) == claims)
        }
    }

    @Test func mailboxBelongsToWhomHasItsAddressAndNothingElseDoes() throws {
        let address = try #require(EmailAddress("Sue@contoso.test"))
        for (kind, type, names) in [
            ("imap", "mailbox", ["mailbox:sue@contoso.test"]), ("imap", "folder", []),
            ("http", "mailbox", []), ("sql", "mailbox", []), ("hook", "mailbox", []),
        ] as [(StaticString, String, [String])] {
            let service = Self.service(kind, type).service
            let owned = Self.kinds[service.kind]?.resources(of: address, at: service)
            #expect(owned?.map(\.name) == names)
            #expect(owned?.allSatisfy { $0.service == service.id } == true)
        }
    }

    @Test func hostIsReachedBySSHWhichAsksForTheToken() throws {
        let kind = try #require(Self.kinds[.hook])
        let settings = Self.service("hook", "host", own: Self.hook)
        let credential = try Self.credential(settings)
        let words = kind.connecting(with: credential, at: settings)
        #expect(words.command == "ssh 'ssh://\(credential.username)@SERVER'")
    }

    @Test(arguments: [
        ("imap", #"{"address":"imaps://mail.test"}"#, "'imaps://mail.test/'"),
        ("http", #"{"address":"https://app.test:8443"}"#, "'https://app.test:8443/'"),
        (
            "hook", hook.replacing("{", with: #"{"address":"ssh://host.test:2222","#),
            "'ssh://LOGIN@host.test:2222'"
        ),
        (
            "sql", #"{"address":{"host":"db.test","port":5432}}"#,
            "psql 'postgres://LOGIN@db.test:5432/"
        ),
    ])
    func whereTheAddressIsKnownTheCommandRuns(_ name: String, _ own: String, _ shown: String)
        throws
    {
        let kind = try #require(ProtectedService.Kind(rawValue: name).flatMap { Self.kinds[$0] })
        var settings = Self.service("imap", "mailbox")
        settings.own = own
        let credential = try Self.credential(settings)
        let words = kind.connecting(with: credential, at: settings)
        #expect(words.command.contains(shown.replacing("LOGIN", with: credential.username)))
        #expect(!words.note.contains("SERVER") && !words.command.contains("SERVER"))
        #expect(words.address?.contains(".test") == true)
    }

    @Test(arguments: ["imap", "http", "sql", "hook"])
    func wordsLeadToTheServiceAndPutNoTokenIntoAnyHistory(_ name: String) throws {
        let kind = try #require(ProtectedService.Kind(rawValue: name).flatMap { Self.kinds[$0] })
        let settings = Self.service("imap", "mailbox")
        let credential = try Self.credential(settings)
        let words = kind.connecting(with: credential, at: settings)
        #expect(words.how.contains("token"))
        #expect(words.note.contains("“s” for SERVER"))
        #expect(words.command.hasPrefix("read -rsp 'Token: '") && words.command.contains("SERVER"))
        #expect(
            words.command.contains(credential.username)
                == (name != "http")
        )
    }
}
