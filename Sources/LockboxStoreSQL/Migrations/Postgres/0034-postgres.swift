extension Migration {
    /// All that the steps before have made of SQLite's tables. `store_write` counts the groups of
    /// writes that were committed, so that each process knows of those that were not its own.
    static let postgresTables = Migration(
        number: 34,
        name: "tables of step 34",
        postgres: [
            postgresTables1, postgresTables2, postgresIndices, postgresGuards1, postgresGuards2,
            """
            CREATE TABLE store_write (
                id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
                writes BIGINT NOT NULL
            ) WITH (fillfactor = 10);

            INSERT INTO store_write (id, writes) VALUES (1, 0)
            """,
        ].joined(separator: ";\n\n")
    )
}
