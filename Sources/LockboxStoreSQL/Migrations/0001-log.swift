extension Migration {
    /// The logs: what was hashed, the texts beside it, the tree above it and what was signed of
    /// it.
    static let log = """
        CREATE TABLE log_head (
            log TEXT NOT NULL PRIMARY KEY,
            size INTEGER NOT NULL CHECK (size > 0),
            range_hashes BLOB NOT NULL,
            last_time INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE log_entry (
            log TEXT NOT NULL,
            position INTEGER NOT NULL CHECK (position >= 0),
            time INTEGER NOT NULL,
            activity TEXT NOT NULL,
            actor TEXT NOT NULL,
            request TEXT,
            leaf BLOB NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (log, position)
        ) STRICT;

        CREATE TABLE log_text (
            log TEXT NOT NULL,
            position INTEGER NOT NULL,
            field TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            salt BLOB NOT NULL,
            names_someone INTEGER NOT NULL CHECK (names_someone IN (0, 1)),
            content TEXT,
            PRIMARY KEY (log, position, ordinal),
            FOREIGN KEY (log, position) REFERENCES log_entry (log, position)
        ) STRICT;

        CREATE TABLE log_tile (
            log TEXT NOT NULL,
            level INTEGER NOT NULL CHECK (level > 0),
            position INTEGER NOT NULL CHECK (position >= 0),
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (log, level, position)
        ) STRICT;

        CREATE TABLE log_checkpoint (
            log TEXT NOT NULL,
            size INTEGER NOT NULL CHECK (size >= 0),
            ordinal INTEGER NOT NULL,
            root BLOB NOT NULL CHECK (length(root) = 32),
            note TEXT NOT NULL,
            PRIMARY KEY (log, size, ordinal)
        ) STRICT;

        CREATE INDEX log_entry_by_time ON log_entry (log, time, position);

        CREATE INDEX log_entry_by_activity ON log_entry (log, activity, position);

        CREATE INDEX log_entry_by_actor ON log_entry (log, actor, position);

        CREATE INDEX log_entry_by_request ON log_entry (log, request, position);

        CREATE TRIGGER log_entry_insert_dense
        BEFORE INSERT ON log_entry
        WHEN NEW.position <> coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0)
        BEGIN
            SELECT RAISE(ABORT, 'log_entry: the next position is the size of the log');
        END;

        CREATE TRIGGER log_entry_insert_time
        BEFORE INSERT ON log_entry
        WHEN NEW.time < (SELECT last_time FROM log_head WHERE log = NEW.log)
        BEGIN
            SELECT RAISE(ABORT, 'log_entry: time does not run backwards');
        END;

        CREATE TRIGGER log_head_insert_step
        BEFORE INSERT ON log_head
        WHEN NEW.size <> 0 + 1 OR NOT EXISTS (
            SELECT 1 FROM log_entry
            WHERE log = NEW.log AND position = NEW.size - 1 AND time = NEW.last_time
        )
        BEGIN
            SELECT RAISE(ABORT, 'log_head: a head moves with its entry');
        END;

        CREATE TRIGGER log_head_update_step
        BEFORE UPDATE ON log_head
        WHEN NEW.size <> OLD.size + 1 OR NOT EXISTS (
            SELECT 1 FROM log_entry
            WHERE log = NEW.log AND position = NEW.size - 1 AND time = NEW.last_time
        )
        BEGIN
            SELECT RAISE(ABORT, 'log_head: a head moves with its entry');
        END;

        CREATE TRIGGER log_head_update_unchanging
        BEFORE UPDATE ON log_head
        WHEN NEW.log IS NOT OLD.log
        BEGIN
            SELECT RAISE(ABORT, 'log_head: what it is about never changes');
        END;

        CREATE TRIGGER log_head_delete_guard
        BEFORE DELETE ON log_head

        BEGIN
            SELECT RAISE(ABORT, 'log_head: rows are kept for ever');
        END;

        CREATE TRIGGER log_text_insert_guard
        BEFORE INSERT ON log_text
        WHEN NEW.position < (SELECT size FROM log_head WHERE log = NEW.log)
        BEGIN
            SELECT RAISE(ABORT, 'log_text: texts come with their entry');
        END;

        CREATE TRIGGER log_text_insert_field
        BEFORE INSERT ON log_text
        WHEN EXISTS (
            SELECT 1 FROM log_text
            WHERE log = NEW.log AND position = NEW.position AND field = NEW.field
        )
        BEGIN
            SELECT RAISE(ABORT, 'log_text: a field has one text');
        END;

        CREATE TRIGGER log_text_update_unchanging
        BEFORE UPDATE ON log_text
        WHEN NEW.log IS NOT OLD.log
            OR NEW.position IS NOT OLD.position
            OR NEW.field IS NOT OLD.field
            OR NEW.ordinal IS NOT OLD.ordinal
            OR NEW.salt IS NOT OLD.salt
            OR NEW.names_someone IS NOT OLD.names_someone
        BEGIN
            SELECT RAISE(ABORT, 'log_text: what it is about never changes');
        END;

        CREATE TRIGGER log_text_update_erased
        BEFORE UPDATE ON log_text
        WHEN NEW.content IS NOT NULL
        BEGIN
            SELECT RAISE(ABORT, 'log_text: a text can only be erased');
        END;

        CREATE TRIGGER log_text_delete_guard
        BEFORE DELETE ON log_text

        BEGIN
            SELECT RAISE(ABORT, 'log_text: rows are kept for ever');
        END;

        CREATE TRIGGER log_checkpoint_insert_root
        BEFORE INSERT ON log_checkpoint
        WHEN EXISTS (
            SELECT 1 FROM log_checkpoint
            WHERE log = NEW.log AND size = NEW.size AND root <> NEW.root
        )
        BEGIN
            SELECT RAISE(ABORT, 'log_checkpoint: another root was signed at this size');
        END;

        CREATE TRIGGER log_checkpoint_insert_size
        BEFORE INSERT ON log_checkpoint
        WHEN NEW.size > coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0)
        BEGIN
            SELECT RAISE(ABORT, 'log_checkpoint: the log is not that long');
        END;

        CREATE TRIGGER log_entry_update_guard
        BEFORE UPDATE ON log_entry

        BEGIN
            SELECT RAISE(ABORT, 'log_entry: rows never change');
        END;

        CREATE TRIGGER log_entry_delete_guard
        BEFORE DELETE ON log_entry

        BEGIN
            SELECT RAISE(ABORT, 'log_entry: rows are kept for ever');
        END;

        CREATE TRIGGER log_tile_update_guard
        BEFORE UPDATE ON log_tile

        BEGIN
            SELECT RAISE(ABORT, 'log_tile: rows never change');
        END;

        CREATE TRIGGER log_tile_delete_guard
        BEFORE DELETE ON log_tile

        BEGIN
            SELECT RAISE(ABORT, 'log_tile: rows are kept for ever');
        END;

        CREATE TRIGGER log_checkpoint_update_guard
        BEFORE UPDATE ON log_checkpoint

        BEGIN
            SELECT RAISE(ABORT, 'log_checkpoint: rows never change');
        END;

        CREATE TRIGGER log_checkpoint_delete_guard
        BEFORE DELETE ON log_checkpoint

        BEGIN
            SELECT RAISE(ABORT, 'log_checkpoint: rows are kept for ever');
        END;
        """
}
