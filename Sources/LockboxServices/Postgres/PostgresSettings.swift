import Foundation
import LockboxDomain
import LockboxPorts

/// How Lockbox and engineers reach a PostgreSQL server, and which of its roles engineers become
/// members of.
package struct PostgresSettings: Codable, Hashable, Sendable {
    /// What engineers connect to; nil where Lockbox does not know.
    package var address: URLText?
    package var postgres: Server

    package struct Server: Codable, Hashable, Sendable {
        package var url: URLText
        package var passwordFile: String
        package var roles: Roles
        package var statements: Statements?
    }

    /// Where the server writes down what is run, and in which of its forms.
    package struct Statements: Codable, Hashable, Sendable {
        package enum Form: String, Codable, CaseIterable, Sendable { case csvlog, jsonlog }

        package var form: Form
        package var folder: String
    }

    /// The operator's roles, which hold the rights.
    package struct Roles: Codable, Hashable, Sendable {
        package var read: String
        package var write: String?
    }

    /// `postgres://user@host:port/database?sslmode=…&sslrootcert=…`, in its parts.
    package struct URLText: Codable, Hashable, Sendable {
        package var host: String
        package var port: Int
        package var user: String?
        package var database: String?
        package var tls: String?
        package var rootCertificates: String?
    }
}

extension PostgresSettings {
    static let keys = ["address", "postgres"]

    init<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) {
        if let value = members["address"] { address = try URLText(ofEngineers: value) }
        let server = try members.required("postgres", of: service)
        let parts = try server.members(["url", "passwordFile", "roles", "statements"])
        let url = try parts.required("url", of: server)
        var statements: Statements?
        if let value = parts["statements"] { statements = try Statements(value) }
        postgres = Server(
            url: try URLText(url),
            passwordFile: try parts.required("passwordFile", of: server).secretFile(),
            roles: try Roles(try parts.required("roles", of: server)),
            statements: statements
        )
        guard postgres.url.user != nil, postgres.url.database != nil else {
            throw url.error("must name the user and the database of Lockbox: \(URLText.example)")
        }
        guard postgres.url.rootCertificates.map(FileManager.default.isReadableFile) ?? true else {
            throw url.error("the file of sslrootcert cannot be read")
        }
    }
}

extension PostgresSettings.Statements {
    fileprivate init<Value: SettingsValue>(_ value: Value) throws(ConfigurationError) {
        let parts = try value.members(Form.allCases.map(\.rawValue))
        guard parts.count == 1, let part = parts.first, let form = Form(rawValue: part.key) else {
            throw value.error("must have csvlog or jsonlog")
        }
        self.form = form
        folder = try part.value.text()
        guard folder.hasPrefix("/") else { throw part.value.error("must be the path of a folder") }
    }
}

extension PostgresSettings.Roles {
    fileprivate init<Value: SettingsValue>(_ value: Value) throws(ConfigurationError) {
        let parts = try value.members(["read", "write"])
        func role(_ value: Value) throws(ConfigurationError) -> String {
            let name = try value.text()
            // PostgreSQL cuts off what is longer, and so would mean another role.
            guard (1...63).contains(name.utf8.count), !name.contains("\0"),
                !name.lowercased().hasPrefix("lbx-")
            else { throw value.error("must be the name of a role, of 1 to 63 bytes") }
            return name
        }
        read = try role(try parts.required("read", of: value))
        write = try parts["write"].map(role)
    }
}

extension PostgresSettings.URLText {
    static let example = "postgres://lockbox@db.internal/postgres"
    private static let encrypted = ["verify-full", "verify-ca"]
    private static let open = ["disable", "prefer", "require"]
    /// Where Debian and its like keep the certificates that everybody trusts.
    private static let systemCertificates = "/etc/ssl/certs/ca-certificates.crt"

    /// What engineers connect to, with login names of their own.
    init<Value: SettingsValue>(ofEngineers value: Value) throws(ConfigurationError) {
        try self.init(value)
        guard user == nil, !isSocket, rootCertificates == nil else {
            throw value.error(
                "must be such as postgres://db.example.com/crm, without a user; sslrootcert is a file "
                    + "of the engineer's own"
            )
        }
    }

    fileprivate init<Value: SettingsValue>(_ value: Value) throws(ConfigurationError) {
        let wrong = value.error("must be such as \(Self.example)")
        guard let parsed = URLComponents(string: try value.text()),
            ["postgres", "postgresql"].contains(parsed.scheme), parsed.fragment == nil
        else { throw wrong }
        guard parsed.password == nil else {
            throw value.error("must not hold a password; it belongs into passwordFile")
        }
        host = (parsed.host ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = parsed.port ?? 5432
        user = parsed.user
        database = parsed.path.count > 1 ? String(parsed.path.dropFirst()) : nil
        for item in parsed.queryItems ?? [] {
            switch item.name {
            case "sslmode": tls = item.value
            case "sslrootcert": rootCertificates = item.value
            case "host" where host.isEmpty: host = item.value ?? ""
            default:
                throw value.error(
                    "\(item.name) is not known here; known are sslmode, sslrootcert, and host for a socket"
                )
            }
        }
        guard user != "", (1...65_535).contains(port), isSocket || isHostName else { throw wrong }
        if let database, database.contains("/") { throw wrong }
        let allowed = Self.encrypted + (isNear ? Self.open : [])
        guard tls.map(allowed.contains) ?? true else {
            throw value.error("sslmode must be \(allowed.joined(separator: ", "))")
        }
        guard
            rootCertificates.map({ $0.hasPrefix("/") && Self.encrypted.contains(sslMode) }) ?? true
        else {
            throw value.error(
                "sslrootcert must be the whole path of a file, and needs sslmode=verify-full or verify-ca"
            )
        }
    }

    var isSocket: Bool { host.hasPrefix("/") }

    /// A list of hosts, or what else libpq would read into it, is none.
    private var isHostName: Bool {
        !host.isEmpty
            && host.utf8.allSatisfy { $0.isLetter || $0.isDigit || "-._:".utf8.contains($0) }
    }

    /// Nobody is on the way there.
    private var isNear: Bool { isSocket || isThisMachine(host) }

    /// On the way there the server must show who it is, unless nobody is on it.
    var sslMode: String { tls ?? (isNear ? "prefer" : "verify-full") }

    /// As libpq takes it.
    func address(password: String) -> PostgresAddress {
        var keywords = [
            "host": host, "port": "\(port)", "password": password, "sslmode": sslMode,
        ]
        keywords["user"] = user
        keywords["dbname"] = database
        if Self.encrypted.contains(sslMode) {
            keywords["sslrootcert"] = rootCertificates ?? Self.systemCertificates
        }
        return PostgresAddress(keywords: keywords)
    }

    /// What an engineer gives to psql. Nothing in it means anything to a shell within quotes.
    func text(user: String, database: String) -> String {
        // What is not said lets whoever is on the way ask for the password in the clear.
        let mode = isNear ? tls : sslMode
        return "postgres://\(user)@\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
            + (mode.map { "?sslmode=\($0)" } ?? "")
    }
}
