/// Why a database that was reached is not used. Nothing was changed.
package enum PostgresRefusal: Error, Equatable, Sendable {
    /// The server is older than the oldest that is used.
    case oldServer(version: Int)
    /// The database's text is not UTF-8.
    case encoding(String)
    /// The server, or the user on it, takes no writes.
    case readOnly
    /// The user may do what nobody may who only keeps records.
    case mayTooMuch(user: String, what: String)
    /// The user may not make or use the tables.
    case mayTooLittle(user: String, what: String)
}

extension PostgresRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .oldServer(let version):
            """
            The database's server is PostgreSQL \(version / 10_000); Lockbox needs 14 or later. \
            Nothing was changed.
            """
        case .encoding(let name):
            """
            The database's encoding is \(name). Nothing was changed. Make another one with \
            CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.
            """
        case .readOnly:
            """
            The database takes no writes: it is a standby, or default_transaction_read_only is on. \
            Nothing was changed. Name the primary, or all servers: \
            postgres://USER@HOST1,HOST2/DATABASE.
            """
        case .mayTooMuch(let user, let what):
            """
            The database's user \(user) \(what), which is more than Lockbox may have. Nothing was \
            changed. Make a user of its own: CREATE ROLE lockbox LOGIN; and the database its own: \
            CREATE DATABASE lockbox OWNER lockbox.
            """
        case .mayTooLittle(let user, let what):
            """
            The database's user \(user) \(what). Nothing was changed. The database must be its own \
            (ALTER DATABASE … OWNER TO \(user)), or its owner prepares it: lockboxd init-database.
            """
        }
    }
}
