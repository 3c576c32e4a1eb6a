import AsyncHTTPClient
import Foundation
import LockboxClient
import LockboxDomain
import LockboxIdentity
import LockboxPorts
import LockboxServer
import LockboxService

/// Somebody in the story.
struct Participant: Hashable, Sendable {
    let name: String
    let email: String
    let part: String

    var introduction: String { "\(name), \(part)" }

    static let eve = Participant(
        name: "Eve Park",
        email: "eve@example-cloud.test",
        part: "engineer at Example Cloud"
    )
    static let mark = Participant(
        name: "Mark Lee",
        email: "mark@example-cloud.test",
        part: "manager at Example Cloud"
    )
    static let sue = Participant(
        name: "Sue Reyes",
        email: "sue@contoso.test",
        part: "member at Contoso"
    )
    static let sam = Participant(
        name: "Sam Ode",
        email: "sam@contoso.test",
        part: "member at Contoso"
    )
    static let adam = Participant(
        name: "Adam Cole",
        email: "adam@contoso.test",
        part: "approver at Contoso"
    )
    static let gita = Participant(
        name: "Gita Rao",
        email: "gita@contoso.test",
        part: "admin at Contoso"
    )

    static let all = [eve, mark, sue, sam, adam, gita]
}

/// What a person signs in with.
struct Keys: Sendable {
    let token: String
    let password: String
}

/// Everything that the story plays in: files, ports, and what is needed to get in.
struct World {
    let folder: DataFolder
    let mail: MailServer
    let database: Database
    let application: WebApplication
    let letters: MailReceiver
    let url: String
    /// The server's, unless it is taken.
    private static let usualPort = 8443

    private let servers: ServersFolder
    private let gatewayPort: Int
    private let entropy: any Entropy
    private let passwords: [Participant: String]

    /// Writes all that is needed into `data`. Nothing runs yet.
    init(data: String, port wanted: Int?, entropy: any Entropy) throws {
        self.entropy = entropy
        if let wanted, !Ports.isFree(wanted) {
            throw DemoError("Port \(wanted) is taken. Name another one with --port.")
        }
        folder = try DataFolder(making: data)
        let ports = Ports.free(8, entropy: entropy)
        let port = wanted ?? (Ports.isFree(Self.usualPort) ? Self.usualPort : ports[4])
        url = "http://127.0.0.1:\(port)"
        for (name, mode) in [
            ("secrets", 0o700), ("lockbox", 0o700), ("logs", 0o755), ("audit", 0o755),
        ] {
            try folder.make(name, mode: mode)
        }
        letters = MailReceiver(folder: folder["letters"], port: ports[3])
        let secrets = (
            client: hexadecimal(entropy.bytes(32)), doveadm: hexadecimal(entropy.bytes(32))
        )
        try folder.write(secrets.client + "\n", to: "secrets/dovecot", mode: 0o600)
        try folder.write(secrets.doveadm + "\n", to: "secrets/doveadm", mode: 0o600)
        passwords = Participant.all.reduce(into: [:]) { $0[$1] = hexadecimal(entropy.bytes(8)) }
        servers = try ServersFolder(in: folder)
        database = try Database(
            in: folder,
            servers,
            port: ports[5],
            password: hexadecimal(entropy.bytes(16)),
            superuser: hexadecimal(entropy.bytes(16))
        )
        (application, gatewayPort) = (WebApplication(port: ports[6]), ports[7])
        mail = MailServer(in: servers, ports: ports)
        try mail.deliver(Self.suesMessages, to: Participant.sue.email)
        try mail.deliver(Self.samsMessages, to: Participant.sam.email)
        for person in [Participant.adam, .gita] { try mail.deliver([], to: person.email) }
        try mail.prepareSupport(
            introspectionURL:
                "http://dovecot:\(secrets.client)@127.0.0.1:\(port)/oauth2/introspect",
            doveadmKey: secrets.doveadm
        )
        try mail.prepareOwn(
            passwords: [Participant.sue, .sam].map { ($0.email, passwords[$0] ?? "") }
        )
        try folder.write(configuration(port: port), to: "lockbox.yaml")
        try folder.write(directory, to: "directory.yaml")
    }

    static let suesMessages = [
        MailboxMessage(
            from: "billing@fabrikam.test",
            subject: "Invoice 2041 for March",
            body: "Please find it attached."
        ),
        MailboxMessage(
            from: "sam@contoso.test",
            subject: "Lunch on Friday?",
            body: "The usual place?"
        ),
        MailboxMessage(
            from: "shop@wingtip.test",
            subject: "Your parcel is on its way",
            body: "It arrives tomorrow."
        ),
    ]
    static let samsMessages = [
        MailboxMessage(
            from: "hr@contoso.test",
            subject: "Salary review, confidential",
            body: "For your eyes only."
        )
    ]

    private func configuration(port: Int) -> String {
        """
        # What the demo serves with. The same again, without the story:
        #   lockboxd serve --config \(folder.shown)/lockbox.yaml
        # Paths are relative to this file.
        listen: 127.0.0.1:\(port)
        publicURL: \(url)
        database: sqlite:lockbox/lockbox.sqlite
        dataDir: lockbox
        # The demo's mail receiver, on this machine only. Elsewhere: smtp://user:password@host:587?starttls=required
        mail: smtp://127.0.0.1:\(letters.port)?starttls=never&from=lockbox@example-cloud.test
        log: warning

        """
    }

    private var directory: String {
        """
        # Who there is, and what can be opened. Changes take effect with:
        #   lockboxd apply --config \(folder.shown)/lockbox.yaml -f \(folder.shown)/directory.yaml
        provider:
          name: Example Cloud
          people:
            - { email: eve@example-cloud.test, name: Eve Park,  roles: [engineer] }
            - { email: mark@example-cloud.test, name: Mark Lee, roles: [manager] }
        tenants:
          - id: contoso
            name: Contoso Ltd
            licence: { lockbox: true }
            policy: { requireApproval: true, decisionWindow: PT12H, maxAccess: PT4H, approvalsNeeded: 1 }
            people:
              - { email: sue@contoso.test,  name: Sue Reyes, roles: [member] }
              - { email: sam@contoso.test,  name: Sam Ode,   roles: [member] }
              - { email: adam@contoso.test, name: Adam Cole, roles: [approver] }
              - { email: gita@contoso.test, name: Gita Rao,  roles: [admin] }
            resources:
              - { service: crm, id: "database:\(Database.name)" }
              - { service: orders, id: "site:contoso" }
        services:
          # The mailboxes of the people above, behind the Dovecot whose configuration is in servers/support.
          - id: mail
            kind: imap
            resources: mailbox
            introspection: { clientID: dovecot, clientSecretFile: secrets/dovecot }
            removal:
              doveadm: { url: "http://127.0.0.1:\(mail.doveadmPort)/doveadm/v1", apiKeyFile: secrets/doveadm }
          # A database whose logins Lockbox makes and removes.
          - id: crm
            kind: postgres
            resources: database
            address: "postgres://127.0.0.1:\(database.port)/\(Database.name)"
            postgres:
              url: "postgres://lockbox@127.0.0.1:\(database.port)/postgres"
              passwordFile: secrets/postgres
              roles: { read: crm_read, write: crm_write }
              statements: { jsonlog: \(database.log) }
          # A web application that is reached through Lockbox's gateway alone.
          - id: orders
            kind: http
            resources: site
            address: "http://127.0.0.1:\(gatewayPort)"
            gateway: { listen: "127.0.0.1:\(gatewayPort)", upstream: "http://127.0.0.1:\(application.port)" }

        """
    }

    // MARK: - Running

    /// Starts the database, the mail receiver and both Dovecots; adds each to `started` as soon as it
    /// is, so that it can be ended.
    func start(_ children: Children, started: inout [Children.Child]) async throws {
        let server = try await database.start(children)
        started.append(server)
        started.append(try await letters.start(children, log: folder["logs/mail-receiver"]))
        started += try await mail.start(children) { folder["logs/\($0)"] }
        let ports = [(letters.port, "220"), (mail.supportPort, "* OK"), (mail.ownPort, "* OK")]
        for (child, (port, greeting)) in zip(started.dropFirst(), ports) {
            try await children.wait(for: child) {
                await (try IMAPConnection.connect(port: port, greeting: greeting)).close()
            }
        }
        try await database.prepare(children, server)
    }

    /// Once nothing runs any more.
    func comeHome() throws { try servers.comeHome(without: MailServer.sockets) }

    /// What an operator does once, with `lockboxd apply`, `password` and `token`.
    func setUp(_ server: Server) async throws -> [Participant: Keys] {
        _ = try await server.lockbox.apply(
            try DirectoryFile.load(path: folder["directory.yaml"], kinds: server.kinds)
        )
        let signIn = server.signIn
        return try await withThrowingTaskGroup(of: (Participant, Keys).self) { group in
            for (person, password) in passwords {
                guard let address = EmailAddress(person.email) else { continue }
                group.addTask {
                    _ = try await signIn.setPassword(password, of: address)
                    let token = try await signIn.issueToken(
                        for: address,
                        try TokenTerms(label: "demo")
                    )
                    return (person, Keys(token: token.secret, password: password))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// A client of the API for each person.
    func clients(_ keys: [Participant: Keys], over http: HTTPClient) throws -> [Participant:
        LockboxClient]
    {
        let entropy = entropy
        return try keys.mapValues { keys in
            try LockboxClient(address: url, token: keys.token, http: http) {
                hexadecimal(entropy.bytes(16))
            }
        }
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
