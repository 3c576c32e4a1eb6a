import AsyncHTTPClient
import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxServices
import Testing

@testable import LockboxServer

/// `directory.yaml`: what it means, and what is said of a broken one.
struct DirectoryReadingTests {
    static func load(_ text: String, in folder: Folder) throws -> DirectoryFile {
        try folder.write("a secret\n", to: "secret")
        return try DirectoryFile.load(path: folder.write(text, to: "directory.yaml"), kinds: kinds)
    }

    private static let kinds = ServiceKinds(
        standardKinds(
            ServiceTools(http: .shared, clock: FixedClock(), entropy: SeededEntropy()) { path in
                path.hasSuffix("/hook")
                    ? "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" : "a key"
            }
        )
    )

    private static let whole = """
        provider:
          name: Example Cloud
          people:
            - email: Eve@Cloud.test
              name: Eve Park
              roles: [engineer, manager]
              aliases: [e.park@cloud.test]
        services:
          - id: mail
            kind: imap
            resources: mailbox
            introspection:
              clientID: dovecot
              clientSecretFile: secret
            removal:
              doveadm:
                url: http://127.0.0.1:8080/doveadm/v1
                apiKeyFile: secret
        tenants:
          - id: contoso
            name: Contoso Ltd
            licence:
              lockbox: true
            policy:
              decisionWindow: PT6H
              approvalsNeeded: 2
            people:
              - email: adam@contoso.test
                name: Adam Cole
                roles: [approver]
                disabled: true
            resources:
              - service: mail
                id: mailbox:info@contoso.test

        """

    @Test func wholeFileIsReadAsItIsMeant() throws {
        let folder = try Folder()
        let file = try Self.load(Self.whole, in: folder)
        #expect(file.providerName == "Example Cloud")
        let eve = try #require(file.providerPeople.first)
        #expect(
            eve.email.text == "Eve@Cloud.test" && eve.name == "Eve Park"
                && eve.roles == [.engineer, .manager]
        )
        #expect(eve.aliases.map(\.text) == ["e.park@cloud.test"] && !eve.isDisabled)
        let service = try #require(file.services.first?.settings)
        #expect(service.introspection?.clientID == "dovecot")
        #expect(service.introspection?.clientSecretFile == folder.path + "/secret")
        #expect(service.service.kind == .imap)
        #expect(
            service.own == #"{"doveadm":{"apiKeyFile":"\#(folder.path)/secret","#
                + #""url":"http://127.0.0.1:8080/doveadm/v1"}}"#
        )
        let tenant = try #require(file.tenants.first)
        #expect(tenant.isLicensed && tenant.name == "Contoso Ltd")
        // What a policy does not say is the standard, which requires approval.
        #expect(tenant.policy?.requireApproval == true)
        #expect(tenant.policy?.decisionWindow == .hours(6))
        #expect(tenant.policy?.maxAccess == .hours(4))
        #expect(tenant.policy?.approvalsNeeded == 2)
        #expect(tenant.people.map(\.isDisabled) == [true])
        #expect(tenant.resources.map(\.resource.name) == ["mailbox:info@contoso.test"])
    }

    private static let person =
        "    - email: eve@cloud.test\n      name: Eve Park\n      roles: [engineer]\n"
    private static let provider = "provider:\n  people:\n" + person

    private static func tenant(_ more: String) -> String {
        "tenants:\n  - id: contoso\n    name: Contoso Ltd\n" + more
    }

    private static let licence = "    licence:\n      lockbox: true\n"

    private static func signIn(_ settings: String) -> String {
        "tenants:\n  - id: a\n    name: A\n    licence: { lockbox: true }\n    signIn:\n      "
            + settings + "\n"
    }

    @Test(arguments: [
        ("", true), ("\n      passkeys: false", false), ("\n      passwords: false", false),
        ("\n      passwords: false\n      passkeys: true", true),
    ])
    func passkeysCountWherePasswordsDoUnlessItIsSaid(_ more: String, _ allowed: Bool) throws {
        let text = Self.signIn(
            "oidc: { issuer: \"https://login.b.test\", clientID: l }" + more
        )
        let tenant = try #require(try Self.load(text, in: try Folder()).tenants.first)
        #expect(tenant.signIn?.allowsPasskeys == allowed)
    }

    private static func service(_ more: String) -> String {
        "services:\n  - id: mail\n    kind: imap\n" + more
    }

    private static func hook(_ more: String) -> String {
        "services:\n  - id: unix\n    kind: hook\n    resources: host\n" + more
    }

    @Test func hookIsKeptWithWholePathsAndNoSecret() throws {
        let folder = try Folder()
        try folder.write("whsec_…\n", to: "hook")
        for (more, passed) in [("", false), (", passToken: true", true)] {
            let text = Self.hook(
                "    hook: { url: 'http://127.0.0.1:8765/', secretFile: hook\(more) }\n"
            )
            let service = try #require(try Self.load(text, in: folder).services.first)
            #expect(
                service.settings.own
                    == #"{"passToken":\#(passed),"secretFile":"\#(folder.path)/hook","#
                    + #""url":"http://127.0.0.1:8765/"}"#
            )
        }
    }

    private static func gateway(_ settings: String) -> String {
        "services:\n  - id: web\n    kind: http\n    resources: site\n    gateway: { \(settings) }\n"
    }

    private static func rules(_ actions: String) -> String {
        gateway(#"listen: "127.0.0.1:9443", upstream: "http://127.0.0.1:1""#)
            + "    actions: \(actions)\n"
    }

    @Test func rulesOfPathsAreKeptAsTheyAreWritten() throws {
        let text = Self.rules(#"{ read: ["GET /**", "HEAD /", "POST /a/*/é"], write: ["* /**"] }"#)
        let service = try #require(try Self.load(text, in: try Folder()).services.first)
        #expect(
            service.settings.own
                == #"{"actions":{"read":["GET /**","HEAD /","POST /a/*/é"],"write":["* /**"]},"#
                + #""gateway":{"listen":"127.0.0.1:9443","upstream":"http://127.0.0.1:1"}}"#
        )
    }

    @Test(arguments: [
        "", "GET", "GET/a", "get /a", "GET a", "GET  /a", "GET //a", "GET /a/", "GET /a/../b",
        "GET /a*", "GET /**/a", "GET /a?b", "GET /%61", "GET /a;b", "GET /a#b", "TRACE /a",
        "CONNECT /a", "G3T /a", "GET https://a/",
    ])
    func lineThatIsNoRuleIsRefused(_ line: String) throws {
        let folder = try Folder()
        #expect {
            try Self.load(Self.rules("{ read: ['\(line)'] }"), in: folder)
        } throws: { error in
            "\(error)".contains(
                "directory.yaml, line 6: services[0].actions.read[0]: must be a method"
            )
        }
    }

    /// A broken file, and all that is said of it.
    private static let broken: [(name: String, text: String, complaint: String)] = [
        ("empty", "", "directory.yaml: is empty"),
        (
            "unknown key", "people: []\n",
            "directory.yaml, line 1: people: is not a known key; known are provider, tenants, services"
        ),
        (
            "unknown key of a person", provider + "      role: engineer\n",
            "directory.yaml, line 6: provider.people[0].role: is not a known key; "
                + "known are email, name, roles, aliases, disabled, program"
        ),
        (
            "duplicate key", tenant(licence + "    name: Another\n"),
            "directory.yaml, line 3: name: is given twice"
        ),
        (
            "tab", "provider:\n\tname: x\n",
            "directory.yaml, line 2: found character that cannot start any token"
        ),
        (
            "bad indent", "provider:\n  name: x\n   people: []\n",
            "directory.yaml, line 3: mapping values are not allowed in this context"
        ),
        (
            "people that are no list", "provider:\n  people: eve\n",
            "directory.yaml, line 2: provider.people: must be a list"
        ),
        (
            "no address", "provider:\n  people:\n    - name: Eve Park\n      roles: [engineer]\n",
            "directory.yaml, line 3: provider.people[0]: email is missing"
        ),
        (
            "bad address",
            "provider:\n  people:\n    - email: eve\n      name: Eve Park\n      roles: [engineer]\n",
            "directory.yaml, line 3: provider.people[0].email: must be an e-mail address in ASCII"
        ),
        (
            "address that only looks ASCII",
            "provider:\n  people:\n    - email: \u{435}ve@cloud.test\n      name: Eve Park\n      roles: [engineer]\n",
            "directory.yaml, line 3: provider.people[0].email: must be an e-mail address in ASCII"
        ),
        (
            "bad alias", provider + "      aliases: [eve]\n",
            "directory.yaml, line 6: provider.people[0].aliases[0]: must be an e-mail address in ASCII"
        ),
        (
            "too many aliases",
            provider
                + "      aliases: [\((0...10).map { "a\($0)@b.test" }.joined(separator: ", "))]\n",
            "directory.yaml, line 3: provider.people[0]: has more than 10 aliases"
        ),
        (
            "no roles", "provider:\n  people:\n    - email: eve@cloud.test\n      name: Eve Park\n",
            "directory.yaml, line 3: provider.people[0]: roles is missing"
        ),
        (
            "no domain",
            "tenants:\n  - id: a\n    name: A\n    licence: { lockbox: true }\n    domains: [a.b, c]\n",
            "directory.yaml, line 5: tenants[0].domains[1]: must be a domain such as contoso.example"
        ),
        (
            "domain twice",
            "tenants:\n  - id: a\n    name: A\n    licence: { lockbox: true }\n    domains: [a.b, A.B]\n",
            "directory.yaml, line 5: tenants[0].domains[1]: is given twice"
        ),
        (
            "an issuer that is not https",
            signIn("oidc: { issuer: \"http://login.b.test\", clientID: l }"),
            "directory.yaml, line 6: tenants[0].signIn.oidc.issuer: must be an https address "
                + "without a query, as the provider writes it"
        ),
        (
            "nobody's way in", signIn("passwords: false"),
            "directory.yaml, line 5: tenants[0].signIn: leaves nobody a way in: it has no oidc and "
                + "forbids passwords"
        ),
        (
            "a secret that is missing",
            signIn(
                "oidc: { issuer: \"https://login.b.test\", clientID: l, "
                    + "clientAuthentication: client_secret_post }"
            ),
            "directory.yaml, line 6: tenants[0].signIn.oidc.clientAuthentication: needs a "
                + "clientSecretFile"
        ),
        (
            "unknown way to show who the client is",
            signIn(
                "oidc: { issuer: \"https://login.b.test\", clientID: l, "
                    + "clientAuthentication: tls_client_auth }"
            ),
            "directory.yaml, line 6: tenants[0].signIn.oidc.clientAuthentication: must be one of "
                + "client_secret_basic, client_secret_post, private_key_jwt, none"
        ),
        (
            "domains of a tenant's sign-in", signIn("domains: [b.test]"),
            "directory.yaml, line 6: tenants[0].signIn.domains: is not a known key; known are oidc, "
                + "passwords, passkeys"
        ),
        (
            "unknown role",
            "provider:\n  people:\n    - email: eve@cloud.test\n      name: E\n      roles: [boss]\n",
            "directory.yaml, line 5: provider.people[0].roles[0]: boss is not a role here; "
                + "known are engineer, manager, operator, auditor"
        ),
        (
            "role of the other side",
            "provider:\n  people:\n    - email: eve@cloud.test\n      name: E\n      roles: [engineer, approver]\n",
            "directory.yaml, line 5: provider.people[0].roles[1]: approver is not a role here; "
                + "known are engineer, manager, operator, auditor"
        ),
        (
            "provider's role at a tenant",
            tenant(
                licence
                    + "    people:\n      - email: a@b.test\n        name: A\n        roles: [engineer]\n"
            ),
            "directory.yaml, line 9: tenants[0].people[0].roles[0]: engineer is not a role here; "
                + "known are member, approver, admin, auditor"
        ),
        (
            "duplicate person",
            provider
                + "    - email: EVE+x@Cloud.test\n      name: Eve Again\n      roles: [manager]\n",
            "directory.yaml, line 6: provider.people[1].email: is given twice "
                + "(see directory.yaml, line 3: provider.people[0].email)"
        ),
        (
            "wrong type of a flag", provider + "      disabled: maybe\n",
            "directory.yaml, line 6: provider.people[0].disabled: must be true or false"
        ),
        (
            "name that hides", "provider:\n  name: \"Example\\u202ECloud\"\n",
            "directory.yaml, line 2: provider.name: contains control or invisible formatting characters."
        ),
        (
            "missing licence", tenant("    people: []\n"),
            "directory.yaml, line 2: tenants[0]: licence is missing"
        ),
        (
            "licence of nothing", tenant("    licence: {}\n"),
            "directory.yaml, line 4: tenants[0].licence: lockbox is missing"
        ),
        (
            "licence that is unclear", tenant("    licence:\n      lockbox: perhaps\n"),
            "directory.yaml, line 5: tenants[0].licence.lockbox: must be true or false"
        ),
        (
            "bad tenant", "tenants:\n  - id: Contoso Ltd\n    name: Contoso\n" + licence,
            "directory.yaml, line 2: tenants[0].id: must be 1 to 63 lower-case letters, digits and dashes"
        ),
        (
            "bad duration", tenant(licence + "    policy:\n      maxAccess: 4h\n"),
            "directory.yaml, line 7: tenants[0].policy.maxAccess: must be an ISO 8601 duration such as PT12H"
        ),
        (
            "duration of a calendar", tenant(licence + "    policy:\n      maxAccess: P1M\n"),
            "directory.yaml, line 7: tenants[0].policy.maxAccess: must be an ISO 8601 duration such as PT12H"
        ),
        (
            "duration out of range", tenant(licence + "    policy:\n      maxAccess: P2D\n"),
            "directory.yaml, line 7: tenants[0].policy.maxAccess: "
                + "is out of range; allowed is PT1S to P1D (24 hours)."
        ),
        (
            "no approvals", tenant(licence + "    policy:\n      approvalsNeeded: 0\n"),
            "directory.yaml, line 7: tenants[0].policy.approvalsNeeded: is out of range; allowed is 1 to 10."
        ),
        (
            "approvals that are no number",
            tenant(licence + "    policy:\n      approvalsNeeded: two\n"),
            "directory.yaml, line 7: tenants[0].policy.approvalsNeeded: must be a whole number"
        ),
        (
            "unknown rule", tenant(licence + "    policy:\n      requireAproval: false\n"),
            "directory.yaml, line 7: tenants[0].policy.requireAproval: is not a known key; "
                + "known are requireApproval, decisionWindow, maxAccess, approvalsNeeded, allowPrograms, "
                + "retention"
        ),
        (
            "resource without a type",
            tenant(
                licence + "    resources:\n      - service: mail\n        id: info@contoso.test\n"
            ),
            "directory.yaml, line 8: tenants[0].resources[0].id: "
                + "must be TYPE:NAME, such as mailbox:info@contoso.example"
        ),
        (
            "tenant of check-service", "tenants:\n  - id: lockbox-check\n",
            "directory.yaml, line 2: tenants[0].id: is kept for check-service"
        ),
        (
            "resource of check-service",
            tenant(
                licence + "    resources:\n      - service: unix\n        id: host:lockbox-check\n"
            ),
            "directory.yaml, line 8: tenants[0].resources[0].id: is kept for check-service"
        ),
        ("hook that is left out", hook(""), "directory.yaml, line 2: services[0]: hook is missing"),
        (
            "hook without a secret", hook("    hook: { url: https://host.test }\n"),
            "directory.yaml, line 5: services[0].hook: secretFile is missing"
        ),
        (
            "hook with a secret of another form",
            hook("    hook: { url: https://host.test, secretFile: secret }\n"),
            "directory.yaml, line 5: services[0].hook.secretFile: must hold whsec_ and the base64 of "
                + "24 to 64 random bytes; make one: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\""
        ),
        (
            "hook over plain http",
            hook("    hook: { url: http://host.test/, secretFile: secret }\n"),
            "directory.yaml, line 5: services[0].hook.url: "
                + "must be https; http is for this machine alone (127.0.0.1, [::1], localhost)"
        ),
        (
            "hook with a password in its address",
            hook("    hook: { url: 'https://a:b@host.test/', secretFile: secret }\n"),
            "directory.yaml, line 5: services[0].hook.url: must be a web address such as "
                + "https://host.internal/lockbox, with no name, password, query or fragment in it"
        ),
        (
            "unknown kind", "services:\n  - id: mail\n    kind: telnet\n    resources: mailbox\n",
            "directory.yaml, line 3: services[0].kind: must be one of imap, http, postgres, sql, hook"
        ),
        (
            "kind that is left out", "services:\n  - id: mail\n    resources: mailbox\n",
            "directory.yaml, line 2: services[0]: kind is missing"
        ),
        (
            "key of another kind",
            "services:\n  - id: web\n    kind: http\n    resources: site\n    removal: {}\n",
            "directory.yaml, line 5: services[0].removal: is not a known key; "
                + "known are id, kind, resources, introspection, gateway, actions, address"
        ),
        (
            "address of a database with a user",
            "services:\n  - id: crm\n    kind: sql\n    resources: database\n"
                + "    address: \"postgres://eve@db.example/crm\"\n",
            "directory.yaml, line 5: services[0].address: must be such as "
                + "postgres://db.example.com/crm, without a user; sslrootcert is a file of the "
                + "engineer's own"
        ),
        (
            "address of a page",
            "services:\n  - id: web\n    kind: http\n    resources: site\n"
                + "    address: \"https://app.example/start\"\n",
            "directory.yaml, line 5: services[0].address: must be where engineers reach the service, "
                + "such as https://support.provider.example, with no name, path or query in it; "
                + "http is for this machine alone"
        ),
        (
            "address to which a token goes in plain",
            "services:\n  - id: web\n    kind: http\n    resources: site\n"
                + "    address: \"http://app.example\"\n",
            "directory.yaml, line 5: services[0].address: must be where engineers reach the service, "
                + "such as https://support.provider.example, with no name, path or query in it; "
                + "http is for this machine alone"
        ),
        (
            "address that a shell would read",
            "services:\n  - id: mail\n    kind: imap\n    resources: mailbox\n"
                + "    address: \"imaps://mail.example'$(id)\"\n",
            "directory.yaml, line 5: services[0].address: must be where engineers reach the service, "
                + "such as imaps://support.provider.example, with no name, path or query in it"
        ),
        (
            "gateway that listens to everybody in plain",
            gateway(#"listen: "0.0.0.0:443", upstream: "https://app.internal""#),
            "directory.yaml, line 5: services[0].gateway.listen: is reached from other machines: "
                + "give tls, or listen on 127.0.0.1"
        ),
        (
            "gateway that listens nowhere",
            gateway(#"listen: "127.0.0.1", upstream: "https://app.internal""#),
            "directory.yaml, line 5: services[0].gateway.listen: "
                + "must be HOST:PORT such as 127.0.0.1:9443"
        ),
        (
            "gateway that listens at a port of no host",
            gateway(#"listen: "443", upstream: "https://app.internal""#),
            "directory.yaml, line 5: services[0].gateway.listen: "
                + "must be HOST:PORT such as 127.0.0.1:9443"
        ),
        (
            "gateway to a port that there is not",
            gateway(#"listen: "127.0.0.1:9443", upstream: "https://10.0.0.1:70000""#),
            "directory.yaml, line 5: services[0].gateway.upstream: "
                + "must be an origin such as https://app.internal:8443, without a path"
        ),
        (
            "gateway to a page",
            gateway(#"listen: "127.0.0.1:9443", upstream: "https://app.internal/start""#),
            "directory.yaml, line 5: services[0].gateway.upstream: "
                + "must be an origin such as https://app.internal:8443, without a path"
        ),
        (
            "gateway that tells a secret to the network",
            gateway(
                #"listen: "127.0.0.1:9443", upstream: "http://app.internal", upstreamSecretFile: secret"#
            ),
            "directory.yaml, line 5: services[0].gateway.upstream: "
                + "must be https, or the secret goes over the network in plain"
        ),
        (
            "rules of paths for a proxy",
            "services:\n  - id: web\n    kind: http\n    resources: site\n    actions: { read: [\"GET /\"] }\n",
            "directory.yaml, line 5: services[0].actions: "
                + "is for a service with gateway: a proxy asks about methods alone"
        ),
        (
            "rules that let nobody through", rules("{}"),
            "directory.yaml, line 6: services[0].actions: "
                + "must have read or write, or nobody gets through"
        ),
        (
            "a line that is for both", rules(#"{ read: ["GET /a"], write: ["GET /b", "GET /a"] }"#),
            "directory.yaml, line 6: services[0].actions.write[1]: is in the other list too"
        ),
        (
            "bad type of resource", service("    resources: Mail box\n"),
            "directory.yaml, line 4: services[0].resources: must be a word of lower-case letters"
        ),
        (
            "client with a colon",
            service(
                "    resources: mailbox\n    introspection:\n      clientID: a:b\n      clientSecretFile: secret\n"
            ),
            "directory.yaml, line 6: services[0].introspection.clientID: "
                + "must be 1 to 100 visible ASCII characters without a colon"
        ),
        (
            "secret that is not there",
            service(
                "    resources: mailbox\n    introspection:\n      clientID: a\n      clientSecretFile: nowhere\n"
            ),
            "directory.yaml, line 7: services[0].introspection.clientSecretFile: "
                + "the file FOLDER/nowhere cannot be read"
        ),
        (
            "removal to nowhere",
            service(
                "    resources: mailbox\n    removal:\n      doveadm:\n        url: localhost\n"
                    + "        apiKeyFile: secret\n"
            ),
            "directory.yaml, line 7: services[0].removal.doveadm.url: "
                + "must be a web address such as http://127.0.0.1:8080/doveadm/v1"
        ),
        (
            "no service", "services:\n  -\n",
            "directory.yaml, line 2: services[0]: must be a mapping of keys to values"
        ),
    ]

    @Test(arguments: broken.indices) func brokenFileIsRefusedByLineAndKey(_ index: Int) throws {
        let (name, text, expected) = Self.broken[index]
        let folder = try Folder()
        let said = try complaint(in: folder) { _ = try Self.load(text, in: folder) }
        #expect(said == expected, "\(name)")
    }

    @Test func everyExampleFileIsSound() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Examples"
        )
        .standardizedFileURL
        let files = FileManager.default.enumerator(atPath: root.path)
        for case let name as String in files ?? .init() where name.hasSuffix("directory.yaml") {
            let folder = try Folder()
            let text = try String(contentsOf: root.appending(path: name), encoding: .utf8)
            let said = try complaint(in: folder) { _ = try Self.load(text, in: folder) }
            // Its secrets are made when it is installed.
            #expect(said == "nothing" || said.contains("cannot be read"), "\(name)")
        }
    }

    @Test func allFilesThatAreMissingAreNamedAtOnce() throws {
        let folder = try Folder()
        try folder.write("open to all\n", to: "open", mode: 0o644)
        let text = """
            services:
              - id: mail
                kind: imap
                resources: mailbox
                introspection: { clientID: a, clientSecretFile: nowhere }
                removal: { doveadm: { url: "http://127.0.0.1:1/doveadm/v1", apiKeyFile: open } }
              - id: web
                kind: http
                resources: site
                introspection: { clientID: b, clientSecretFile: neither }
            """
        let said = try complaint(in: folder) { _ = try Self.load(text, in: folder) }
        let lines = said.split(separator: "\n")
        #expect(lines.count == 3, "\(said)")
        #expect(lines[0].hasSuffix("clientSecretFile: the file FOLDER/nowhere cannot be read"))
        #expect(
            lines[1].contains("services[0].removal.doveadm.apiKeyFile: everybody on this machine")
        )
        #expect(lines[2].hasSuffix("clientSecretFile: the file FOLDER/neither cannot be read"))
    }
}
