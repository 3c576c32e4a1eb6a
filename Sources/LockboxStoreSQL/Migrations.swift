/// One step of the schema. Once released it never changes: a correction is a new migration.
package struct Migration: Equatable, Sendable {
    /// 1, 2, 3, … without gaps.
    package let number: Int
    package let name: String
    /// One statement each.
    package let statements: [String]

    package init(number: Int, name: String, statements: [String]) {
        self.number = number
        self.name = name
        self.statements = statements
    }
}

/// The database and the program do not know the same schema. Nothing was changed.
package enum SchemaMismatch: Error, Equatable, Sendable {
    /// A newer program has been here. An older one would not know what its rows mean.
    case databaseIsNewer(database: Int, program: Int)
    /// The database's history is not the program's: another product's file, or an edited migration.
    case historyDiffers(number: Int, database: String, program: String?)
}

extension SQLEngine {
    /// Brings the schema to the last of `migrations`, which are numbered from 1 without gaps.
    ///
    /// Two processes may do this at once: each step looks again, under the write lock, at what is
    /// already applied. A crash between two steps leaves a schema that the next start continues
    /// from; a crash within a step leaves none of it, for its row in `schema_migration` commits
    /// with its statements.
    package func migrate(_ migrations: [Migration]) async throws {
        precondition(
            migrations.enumerated().allSatisfy { $1.number == $0 + 1 },
            "migrations are numbered from 1"
        )
        _ = try await write { connection in
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
                guard try appliedCount(connection, migrations) < migration.number else { return }
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
        _ = try await read { try appliedCount($0, migrations) }
    }
}

/// How many of `migrations` the database has, having checked that it has them in order and nothing
/// else.
private func appliedCount(_ connection: any SQLConnection, _ migrations: [Migration]) throws -> Int
{
    let applied = try connection.query("SELECT number, name FROM schema_migration ORDER BY number")
    { row in
        (number: Int(try row.integer(0)), name: try row.text(1))
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
        throw SchemaMismatch.databaseIsNewer(database: applied.count, program: migrations.count)
    }
    return applied.count
}
