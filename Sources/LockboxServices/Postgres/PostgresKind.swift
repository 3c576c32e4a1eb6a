import AsyncHTTPClient
package import LockboxDomain
package import LockboxPorts
import Synchronization

extension ProtectedService.Kind {
    package static let postgres = ProtectedService.Kind(known: "postgres")
}

/// Databases of a PostgreSQL server, where Lockbox makes a login role for each access and removes
/// it at the end.
package struct PostgresKind: ServiceKind {
    package let name = ProtectedService.Kind.postgres
    package let keys = PostgresSettings.keys
    package let needsOpening = true

    private let tools: ServiceTools
    private let servers = PostgresServers()

    package init(_ tools: ServiceTools) { self.tools = tools }

    // MARK: Settings

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        try StoredSettings.text(try PostgresSettings(from: members, of: service))
    }

    // MARK: Resources

    package func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource] {
        []
    }

    package func problem(with resource: Resource) -> String? {
        PostgresName.isDatabase(resource.localName)
            ? nil
            : "\(resource.localName) cannot be a database: give 1 to 63 of a–z, 0–9, dot, dash and "
                + "underscore, beginning with a letter, digit or underscore, and no template."
    }

    // MARK: Credentials

    package func claims(of credential: Credential) -> ServiceClaims {
        ServiceClaims(scope: credential.resource.type)
    }

    package func connecting(with credential: Credential, at settings: ServiceSettings)
        -> Connecting
    {
        let database = credential.resource.localName
        let address = read(settings)?.address?.text(user: credential.username, database: database)
        return Connecting(
            how: "Connect to the database \(database) as \(credential.username) "
                + "with the token as the password.",
            to: credential,
            at: address,
            otherwise: "postgres://\(credential.username)@SERVER/\(database)"
        ) { address in
            """
            read -rsp 'Token: ' PGPASSWORD && export PGPASSWORD
            psql '\(address)'
            """
        }
    }

    // MARK: The end of access

    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        read(settings) == nil ? .cannotBeCut : .areCut
    }

    package func signIn(at settings: ServiceSettings) throws(EnforcerError)
        -> (any ServiceSignIn)?
    {
        let url = try own(settings).postgres.url
        return PostgresSignIn(address: url.address(password: ""), server: servers[url])
    }

    private func own(_ settings: ServiceSettings) throws(EnforcerError) -> PostgresSettings {
        guard let own = read(settings) else {
            throw EnforcerError("the service's settings cannot be read")
        }
        return own
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        let own = try own(settings)
        let password: String
        do {
            password = try tools.secret(own.postgres.passwordFile)
        } catch {
            throw EnforcerError("the password for the database server cannot be read")
        }
        return PostgresEnforcer(
            address: own.postgres.url.address(password: password),
            roles: own.postgres.roles,
            log: servers.log(of: settings.service.id, own.postgres),
            server: servers[own.postgres.url],
            clock: tools.clock,
            entropy: tools.entropy,
            loops: tools.http.eventLoopGroup
        )
    }

    package func log(of settings: ServiceSettings) -> (any ServiceLog)? {
        read(settings).flatMap { servers.log(of: settings.service.id, $0.postgres) }
    }

    private func read(_ settings: ServiceSettings) -> PostgresSettings? {
        StoredSettings.read(settings.own, as: PostgresSettings.self)
    }
}

/// Names that mean the same to PostgreSQL, to libpq and to a shell.
enum PostgresName {
    /// Whether `name` can be a tenant's database. libpq takes what holds `=` for a list of
    /// settings, PostgreSQL cuts off what is longer than 63 bytes, and what is made of a template
    /// is not a tenant's.
    static func isDatabase(_ name: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            byte.isLowercaseLetter || byte.isDigit || byte == UInt8(ascii: "_")
        }
        return (1...63).contains(name.utf8.count) && name.utf8.first.map(isWord) == true
            && name.utf8.allSatisfy { isWord($0) || ".-".utf8.contains($0) }
            && !["template0", "template1"].contains(name)
    }
}

/// The servers that this process speaks to.
final class PostgresServers: Sendable {
    private let known = Mutex<[PostgresSettings.URLText: PostgresServer]>([:])
    private let logs = Mutex<[ServiceID: (settings: PostgresSettings.Server, log: PostgresLog)]>([:]
    )

    /// The log of the server of `service`, where its statements are wanted. Each service reads for
    /// itself, also where several are at one server.
    func log(of service: ServiceID, _ settings: PostgresSettings.Server) -> PostgresLog? {
        logs.withLock { logs in
            guard let statements = settings.statements else {
                logs[service] = nil
                return nil
            }
            if let known = logs[service], known.settings == settings { return known.log }
            let log = PostgresLog(statements, user: settings.url.user)
            logs[service] = (settings, log)
            return log
        }
    }

    subscript(url: PostgresSettings.URLText) -> PostgresServer {
        known.withLock { known in
            if let server = known[url] { return server }
            let server = PostgresServer()
            known[url] = server
            return server
        }
    }
}

/// What is kept of one server from call to call.
package final class PostgresServer: Sendable {
    /// Cuts wait for nothing else.
    let cutting = BlockingPool(width: 4, label: "lockbox.postgres.cut")
    let working = BlockingPool(width: 8, label: "lockbox.postgres")
    let memory = RememberedRoles()

    package init() {}
}
