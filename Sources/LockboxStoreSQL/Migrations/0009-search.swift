extension Migration {
    /// An index of the texts beside the records, by every three characters that follow each other.
    ///
    /// One row for each record that has texts. Its number is that of the log, times 2^40, plus the
    /// record's position: so what is read of the index is one log's alone, in the log's own order.
    /// It keeps no text (`content = ''`), and knows for each three characters in which records they
    /// are, and whether in a name or address (`names`) or elsewhere (`others`). Two line breaks stand
    /// around each text, so that no three characters are of two texts, and a text that is erased can
    /// be taken out again whatever order the others came in.
    static let search = Migration(
        number: 7,
        name: "search",
        sqlite: """
            CREATE TABLE log_number (
                log TEXT NOT NULL PRIMARY KEY,
                number INTEGER NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 4194303)
            ) STRICT;

            CREATE TRIGGER log_number_update_guard
            BEFORE UPDATE ON log_number

            BEGIN
                SELECT RAISE(ABORT, 'log_number: rows never change');
            END;

            CREATE TRIGGER log_number_delete_guard
            BEFORE DELETE ON log_number

            BEGIN
                SELECT RAISE(ABORT, 'log_number: rows are kept for ever');
            END;

            CREATE VIRTUAL TABLE log_words USING fts5 (
                names, others,
                content = '', columnsize = 0, detail = 'column', tokenize = 'trigram'
            );

            INSERT INTO log_number (log, number)
            SELECT log, row_number() OVER (ORDER BY log) FROM log_head;

            INSERT INTO log_words (rowid, names, others)
            SELECT
                n.number * 1099511627776 + t.position,
                coalesce(group_concat(
                    CASE WHEN t.names_someone = 1
                        THEN char(10, 10) || t.content || char(10, 10) END, ''), ''),
                coalesce(group_concat(
                    CASE WHEN t.names_someone = 0
                        THEN char(10, 10) || t.content || char(10, 10) END, ''), '')
            FROM log_text t JOIN log_number n ON n.log = t.log
            WHERE t.content IS NOT NULL
            GROUP BY n.number, t.position;
            """
    )
}
