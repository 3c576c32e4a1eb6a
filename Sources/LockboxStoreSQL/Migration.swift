import Foundation

/// One step of the schema, in the words of one database. Once released it never changes: a
/// correction is a new migration. It is text and nothing else, so that no change of the program can
/// change what it did.
package struct Migration: Equatable, Sendable {
    /// Without gaps.
    package let number: Int
    package let name: String
    /// One statement each.
    package let statements: [String]

    package init(number: Int, name: String, statements: [String]) {
        self.number = number
        self.name = name
        self.statements = statements
    }

    /// `sqlite` is a script for SQLite 3.37 or later. Each statement ends with a semicolon, and an
    /// empty line stands between two.
    init(number: Int, name: String, sqlite: String) {
        self.init(number: number, name: name, statements: Self.statements(sqlite))
    }

    /// `postgres` is a script for PostgreSQL 14 or later, written in the same way.
    init(number: Int, name: String, postgres: String) {
        self.init(number: number, name: name, statements: Self.statements(postgres))
    }

    private static func statements(_ script: String) -> [String] {
        (script + "\n\n").components(separatedBy: ";\n\n").filter { !$0.isEmpty }
    }
}

/// The database and the program do not know the same schema. No table was changed.
package enum SchemaMismatch: Error, Equatable, Sendable {
    /// A newer program has been here. An older one would not know what its rows mean.
    case databaseIsNewer(database: Int, program: Int)
    /// The database's history is not the program's: an edited migration, or one of another branch.
    case historyDiffers(number: Int, database: String, program: String?)
    /// Tables, but no history: another product's file.
    case notOurs(table: String)
}

extension SchemaMismatch: CustomStringConvertible {
    package var description: String {
        switch self {
        case .databaseIsNewer(let database, let program):
            """
            The database is newer than this program: it has schema \(database), and the program \
            knows schema \(program). Nothing was changed. Start the version of Lockbox that last \
            ran on it, or a later one; or go back to a copy from before.
            """
        case .historyDiffers(let number, let database, let program):
            """
            The database is not one that this program can read: step \(number) of its schema is \
            “\(database)”, not “\(program ?? "nothing")”. Nothing was changed. Start the version of \
            Lockbox that last ran on it.
            """
        case .notOurs(let table):
            """
            The database is not one of Lockbox: it has a table “\(table)” and no schema of ours. No \
            table was changed. Name another file under “database” in the configuration.
            """
        }
    }
}

extension SQLEngine {
    /// Brings the schema to the last of `migrations`, which are numbered without gaps.
    ///
    /// Two processes may do this at once: each step looks again, under the write lock, at what is
    /// already applied. A crash between two steps leaves a schema that the next start continues
    /// from; a crash within a step leaves none of it, for its row in `schema_migration` commits
    /// with its statements.
    package func migrate(_ migrations: [Migration], _ dialect: SQLDialect) async throws {
        precondition(
            zip(migrations, migrations.dropFirst()).allSatisfy { $1.number == $0.number + 1 },
            "migrations are numbered without gaps"
        )
        try await write { connection in
            let tables = try connection.query(dialect.tableNames) { try $0.text("name") }
            if let other = tables.first, !tables.contains("schema_migration") {
                throw SchemaMismatch.notOurs(table: other)
            }
            // A user of PostgreSQL who may not make tables is refused this even where it is there.
            guard !tables.contains("schema_migration") else { return }
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS schema_migration (
                    number BIGINT NOT NULL PRIMARY KEY CHECK (number > 0),
                    name TEXT NOT NULL
                )
                """
            )
        }
        for migration in migrations {
            try await write { connection in
                guard try lastApplied(connection, migrations) < migration.number else { return }
                for statement in migration.statements {
                    try connection.execute(statement)
                }
                try connection.execute(
                    "INSERT INTO schema_migration (number, name) VALUES ($1, $2)",
                    [.integer(Int64(migration.number)), .text(migration.name)]
                )
            }
        }
        // A newer program may have migrated between our last step and now; and there may have been
        // no step at all.
        _ = try await read { try lastApplied($0, migrations) }
    }
}

/// The number of the last of `migrations` that the database has, 0 if it has none; having checked
/// that it has them in order and nothing else.
private func lastApplied(_ connection: any SQLConnection, _ migrations: [Migration]) throws -> Int {
    let applied = try connection.query("SELECT number, name FROM schema_migration ORDER BY number")
    {
        row in
        (number: try row.count("number"), name: try row.text("name"))
    }
    for (known, found) in zip(migrations, applied)
    where known.number != found.number || known.name != found.name {
        throw SchemaMismatch.historyDiffers(
            number: found.number,
            database: found.name,
            program: known.name
        )
    }
    guard applied.count <= migrations.count else {
        throw SchemaMismatch.databaseIsNewer(
            database: applied.last?.number ?? 0,
            program: migrations.last?.number ?? 0
        )
    }
    return applied.last?.number ?? 0
}
