package import LockboxPorts

/// A database on a server, as `database` and `databasePasswordFile` say.
package struct DatabaseServer: Sendable {
    /// A connection string; the store reads it.
    package let url: String
    /// The one of `databasePasswordFile`.
    package let password: String?
    /// Where `url` was said, for messages.
    package let place: String

    /// Nil for `sqlite:PATH`. Throws for what is no database. `path` makes a path a whole one.
    package init?(
        _ database: (text: String, place: String),
        _ passwordFile: (text: String, place: String)?,
        _ path: (String) -> String
    ) throws(ConfigurationError) {
        let isServer = ["postgres://", "postgresql://"].contains { database.text.hasPrefix($0) }
        guard isServer else {
            guard database.text.hasPrefix("sqlite:"), database.text.utf8.count > 7 else {
                throw ConfigurationError(
                    "\(database.place): must be sqlite:PATH or postgres://USER@HOST/DATABASE"
                )
            }
            if let passwordFile {
                throw ConfigurationError("\(passwordFile.place): is for a database on a server")
            }
            return nil
        }
        (url, place) = database
        password = try passwordFile.map { file throws(ConfigurationError) in
            try SecretFile.read(path(file.text), for: file.place)
        }
    }

    /// Whether who reads `url` reads a password.
    var holdsPassword: Bool {
        let parts = url.split(separator: "@", maxSplits: 1)
        // After the scheme.
        let user = parts.count == 2 ? parts[0].dropFirst("postgres://".count) : ""
        return url.contains("password=") || user.contains(":")
    }
}

extension Configuration {
    /// How messages name the database.
    package var databaseName: String { databaseServer == nil ? database : "the database" }
}
