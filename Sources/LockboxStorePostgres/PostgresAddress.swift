import LockboxLibpq

/// Where the database is: a connection string of libpq as a URL, `postgres://USER@HOST/DATABASE`. It
/// may name several hosts, of which the one is used that takes writes.
package struct PostgresAddress: Sendable {
    /// What libpq takes.
    let keywords: [String: String]

    /// Who connects.
    package var user: String { keywords["user"] ?? "" }

    /// Without the password, for messages.
    package var text: String {
        let hosts = keywords["host"] ?? keywords["hostaddr"] ?? ""
        return "postgres://\(user)@\(hosts)/\(keywords["dbname"] ?? "")"
    }

    /// What is wrong with a connection string, in words that follow the name of the setting. They
    /// hold nothing of the string but names of keywords.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        /// The words.
        package let description: String

        init(_ description: String) { self.description = description }
    }

    private static let known: Set = [
        "host", "hostaddr", "port", "user", "password", "passfile", "dbname", "sslmode",
        "sslrootcert", "sslcert", "sslkey", "sslcrl", "connect_timeout", "channel_binding",
        "target_session_attrs",
    ]

    /// Certificates that the system believes, where Debian keeps them.
    private static let systemCertificates = "/etc/ssl/certs/ca-certificates.crt"

    /// Reads `url`. `password` is the one of a file.
    package init(_ url: String, password: String? = nil) throws(Problem) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw Problem("must be postgres://USER@HOST/DATABASE")
        }
        var said: [String: String]
        do {
            said = try LockboxLibpq.keywords(ofConnectionString: url)
        } catch {
            // libpq repeats what it does not understand, and that may be a password.
            throw Problem(
                "is no connection string that libpq understands: postgres://USER@HOST/DATABASE, with "
                    + "%-encoding for what is special in a URL"
            )
        }
        if let other = said.keys.filter({ !Self.known.contains($0) }).min() {
            throw Problem("\(other) cannot be set in it")
        }
        for (name, what) in [("user", "a user"), ("dbname", "a database")]
        where said[name, default: ""].isEmpty {
            throw Problem("names not \(what): postgres://USER@HOST/DATABASE")
        }
        let hosts = said["host", default: said["hostaddr", default: ""]]
            .split(separator: ",", omittingEmptySubsequences: false)
        guard !hosts.contains(where: \.isEmpty) else {
            throw Problem("names no host: postgres://USER@HOST/DATABASE")
        }
        if let password {
            guard said["password"] == nil else {
                throw Problem("holds a password, and databasePasswordFile names another one")
            }
            said["password"] = password
        }
        try Self.requireWritable(said["target_session_attrs"])
        said["target_session_attrs"] = "read-write"
        try Self.protect(&said, isNear: hosts.allSatisfy { Self.isNear(String($0)) })
        if said["connect_timeout"] == nil {
            said["connect_timeout"] = "\(PostgresLimits.connectSeconds)"
        }
        said["application_name"] = "lockboxd"
        said["client_encoding"] = "UTF8"
        said["gssencmode"] = "disable"
        said["tcp_user_timeout"] = "10000"
        said["keepalives_idle"] = "10"
        keywords = said
    }

    private static func requireWritable(_ wanted: String?) throws(Problem) {
        guard let wanted, wanted != "read-write", wanted != "primary" else { return }
        throw Problem("target_session_attrs must be read-write: Lockbox writes")
    }

    /// On the way there the server must show who it is, unless nobody is on it.
    private static func protect(_ said: inout [String: String], isNear: Bool) throws(Problem) {
        let mode = said["sslmode", default: isNear ? "prefer" : "verify-full"]
        guard isNear || mode == "verify-full" else {
            throw Problem(
                "sslmode must be verify-full unless the database is on this machine: whoever is on "
                    + "the way could answer in its place"
            )
        }
        said["sslmode"] = mode
        if mode.hasPrefix("verify-"), said["sslrootcert"] == nil {
            said["sslrootcert"] = systemCertificates
        }
    }

    private static func isNear(_ host: String) -> Bool {
        host.hasPrefix("/") || ["localhost", "::1"].contains(host) || host.hasPrefix("127.")
    }
}
