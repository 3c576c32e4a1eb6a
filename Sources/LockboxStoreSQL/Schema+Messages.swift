/// The second step: what people write to each other about a request, and which letters a person
/// does not want.
struct MessageTables: SchemaPart {
    let dialect: SQLDialect

    var tables: [String] {
        [
            """
            CREATE TABLE message (
                request \(text) NOT NULL REFERENCES access_request (id),
                number \(integer) NOT NULL CHECK (number > 0),
                person \(text) NOT NULL REFERENCES person (id),
                content \(text) NOT NULL CHECK (content <> ''),
                posted_at \(integer) NOT NULL,
                PRIMARY KEY (request, number)
            )\(dialect.tableEnd)
            """,
            "ALTER TABLE person ADD COLUMN muted_letters \(integer) NOT NULL DEFAULT 0 CHECK (muted_letters >= 0)",
        ]
    }

    var indices: [String] { [] }

    var guards: [SQLDialect.Guard] {
        [
            .init(
                table: "message",
                change: .insert,
                condition:
                    "NEW.number <> 1 + (SELECT count(*) FROM message WHERE request = NEW.request)",
                name: "dense",
                message: "message: numbers have no gaps"
            )
        ] + dialect.appendOnly("message")
    }
}
