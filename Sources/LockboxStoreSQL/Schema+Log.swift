/// The logs: what was hashed, the texts beside it, the tree above it and what was signed of it.
struct LogTables: SchemaPart {
    let dialect: SQLDialect

    var tables: [String] {
        [
            """
            CREATE TABLE log_head (
                log \(text) NOT NULL PRIMARY KEY,
                size \(integer) NOT NULL CHECK (size > 0),
                range_hashes \(bytes) NOT NULL,
                last_time \(integer) NOT NULL
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE log_entry (
                log \(text) NOT NULL,
                position \(integer) NOT NULL CHECK (position >= 0),
                time \(integer) NOT NULL,
                activity \(text) NOT NULL,
                actor \(text) NOT NULL,
                request \(text),
                leaf \(bytes) NOT NULL,
                hash \(bytes) NOT NULL CHECK (length(hash) = 32),
                PRIMARY KEY (log, position)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE log_text (
                log \(text) NOT NULL,
                position \(integer) NOT NULL,
                field \(text) NOT NULL,
                ordinal \(integer) NOT NULL,
                salt \(bytes) NOT NULL,
                \(flag("names_someone")),
                content \(text),
                PRIMARY KEY (log, position, ordinal),
                FOREIGN KEY (log, position) REFERENCES log_entry (log, position)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE log_tile (
                log \(text) NOT NULL,
                level \(integer) NOT NULL CHECK (level > 0),
                position \(integer) NOT NULL CHECK (position >= 0),
                hash \(bytes) NOT NULL CHECK (length(hash) = 32),
                PRIMARY KEY (log, level, position)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE log_checkpoint (
                log \(text) NOT NULL,
                size \(integer) NOT NULL CHECK (size >= 0),
                ordinal \(integer) NOT NULL,
                root \(bytes) NOT NULL CHECK (length(root) = 32),
                note \(text) NOT NULL,
                PRIMARY KEY (log, size, ordinal)
            )\(dialect.tableEnd)
            """,
        ]
    }

    var indices: [String] {
        [
            "CREATE INDEX log_entry_by_time ON log_entry (log, time, position)",
            "CREATE INDEX log_entry_by_activity ON log_entry (log, activity, position)",
            "CREATE INDEX log_entry_by_actor ON log_entry (log, actor, position)",
            "CREATE INDEX log_entry_by_request ON log_entry (log, request, position)",
        ]
    }

    var guards: [SQLDialect.Guard] {
        [
            .init(
                table: "log_entry",
                change: .insert,
                condition:
                    "NEW.position <> coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0)",
                name: "dense",
                message: "log_entry: the next position is the size of the log"
            ),
            .init(
                table: "log_entry",
                change: .insert,
                condition: "NEW.time < (SELECT last_time FROM log_head WHERE log = NEW.log)",
                name: "time",
                message: "log_entry: time does not run backwards"
            ),
            headFits(.insert, before: "0"),
            headFits(.update, before: "OLD.size"),
            dialect.unchanging("log_head", ["log"]),
            dialect.keptForever("log_head"),
            .init(
                table: "log_text",
                change: .insert,
                condition: "NEW.position < (SELECT size FROM log_head WHERE log = NEW.log)",
                message: "log_text: texts come with their entry"
            ),
            .init(
                table: "log_text",
                change: .insert,
                condition: """
                    EXISTS (
                        SELECT 1 FROM log_text
                        WHERE log = NEW.log AND position = NEW.position AND field = NEW.field
                    )
                    """,
                name: "field",
                message: "log_text: a field has one text"
            ),
            // Erasing takes the text and nothing else.
            dialect.unchanging(
                "log_text",
                ["log", "position", "field", "ordinal", "salt", "names_someone"]
            ),
            .init(
                table: "log_text",
                change: .update,
                condition: "NEW.content IS NOT NULL",
                name: "erased",
                message: "log_text: a text can only be erased"
            ),
            dialect.keptForever("log_text"),
            .init(
                table: "log_checkpoint",
                change: .insert,
                condition: """
                    EXISTS (
                        SELECT 1 FROM log_checkpoint
                        WHERE log = NEW.log AND size = NEW.size AND root <> NEW.root
                    )
                    """,
                name: "root",
                message: "log_checkpoint: another root was signed at this size"
            ),
            .init(
                table: "log_checkpoint",
                change: .insert,
                condition:
                    "NEW.size > coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0)",
                name: "size",
                message: "log_checkpoint: the log is not that long"
            ),
        ] + ["log_entry", "log_tile", "log_checkpoint"].flatMap(dialect.appendOnly)
    }

    /// A head moves by the one entry that was written before it.
    private func headFits(_ change: SQLDialect.Guard.Change, before: String) -> SQLDialect.Guard {
        .init(
            table: "log_head",
            change: change,
            condition: """
                NEW.size <> \(before) + 1 OR NOT EXISTS (
                    SELECT 1 FROM log_entry
                    WHERE log = NEW.log AND position = NEW.size - 1 AND time = NEW.last_time
                )
                """,
            name: "step",
            message: "log_head: a head moves with its entry"
        )
    }
}
