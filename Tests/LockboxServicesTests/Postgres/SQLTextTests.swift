import Testing

@testable import LockboxServices

struct SQLTextTests {
    @Test(arguments: [
        "SELECT 1", " select * from a where b = 'c' for update;", "(SELECT 1) UNION (SELECT 2)",
        "/* a /* b */ */ -- c\n SELECT 1", "SHOW all", "TABLE customers", "VALUES (1)",
        "EXPLAIN SELECT 1", "WITH x AS (SELECT 1) SELECT * FROM x", "BEGIN; SELECT 1; COMMIT;",
        "COPY (SELECT 1) TO STDOUT", "COPY customers TO stdout", "SET ROLE crm_read",
        "FETCH 10 FROM c",
        "DECLARE c CURSOR FOR SELECT 1", "PREPARE x AS SELECT $1", ";", "",
    ])
    func readsAreKnown(_ text: String) { #expect(SQLText.isRead(text)) }

    @Test(arguments: [
        "INSERT INTO a VALUES (1)", "select 1; drop table a", "SELECT 1 INTO a",
        "SELECT 1 a$INTO b",
        "WITH x AS (DELETE FROM a RETURNING 1) SELECT * FROM x", "EXPLAIN ANALYZE DELETE FROM a",
        "EXPLAIN (ANALYZE) SELECT 1", "COPY a FROM STDIN", "COPY (SELECT 1) TO PROGRAM 'cat'",
        "COPY a TO '/tmp/a'", "DO $$ BEGIN END $$", "CALL f()", "EXECUTE x", "VACUUM",
        "-- a\rDROP TABLE b",
        "/* a", "-- a\nDROP TABLE b", "PREPARE TRANSACTION 'a'", "COMMIT PREPARED 'a'",
        "SELECT ';x'",
        "((WITH x AS (MERGE INTO a USING b ON true WHEN MATCHED THEN DO NOTHING) SELECT 1))",
        "\u{feff}SELECT 1",
        "TRUNCATE a", "LOCK a", "GRANT a TO b", "SELECT 1;/* a */ALTER TABLE b ADD c int",
    ])
    func everythingElseIsAWrite(_ text: String) { #expect(!SQLText.isRead(text)) }

    @Test(arguments: [
        ("ALTER ROLE a PASSWORD 'it''s'", "ALTER ROLE a PASSWORD '…'"),
        (
            "create user a encrypted password E'b\\'c' valid until 'd'",
            "create user a encrypted password '…' valid until 'd'"
        ),
        (
            "ALTER ROLE a PASSWORD /* x */ 'b'\n'c' LOGIN",
            "ALTER ROLE a PASSWORD /* x */ '…'\n'…' LOGIN"
        ),
        ("ALTER ROLE a PASSWORD 'b", "ALTER ROLE a PASSWORD '…'"),
        ("ALTER ROLE a PASSWORD U&'b'", "ALTER ROLE a PASSWORD '…'"),
        (
            "CREATE USER MAPPING FOR a SERVER b OPTIONS (user 'c', password 'd')",
            "CREATE USER MAPPING FOR a SERVER b OPTIONS (user 'c', password '…')"
        ),
        (
            "CREATE SUBSCRIPTION a CONNECTION 'host=b password=c d=e'",
            "CREATE SUBSCRIPTION a CONNECTION 'host=b password=… d=e'"
        ),
        (
            "DO $x$ BEGIN EXECUTE $$ALTER ROLE a PASSWORD 'b'$$; END $x$",
            "DO $x$ BEGIN EXECUTE $$ALTER ROLE a PASSWORD '…'$$; END $x$"
        ),
        (
            "SELECT * FROM a WHERE password = 'b' AND c = 'd'",
            "SELECT * FROM a WHERE password = '…' AND c = 'd'"
        ),
    ])
    func passwordsAreMasked(_ text: String, _ masked: String) {
        #expect(SQLText.withoutPasswords(text) == masked)
    }

    /// Nothing that is run can hide as a password.
    @Test(arguments: [
        "/* password '*/ DROP TABLE customers /*'*/", "-- password '\nDROP TABLE customers --'",
        "SELECT \"password '\", f(), \"'\"", "SELECT $$password '$$, f(), $$'$$",
        "DO LANGUAGE plperl $$ q(password '); f(); q(') $$",
        "SELECT 'a\\' password ', f(), '", "SELECT 'password', f(), 'a'", "SELECT password, 'a'",
        "SELECT a.password FROM b; DELETE FROM c WHERE d = 'e'",
        "SET app.password = 'delete from customers'", "SET app.password = E'delete\\x20from\\x20a'",
        "DO $$ BEGIN password := 'TRUNCATE\"customers\"'; EXECUTE password; END $$",
        "DO $$ BEGIN password := 'delete/**/from/**/a'; EXECUTE password; END $$",
        "DO 'declare password int; begin password=0;delete/**/from/**/customers; end'",
        "DO $$ BEGIN EXECUTE 'SELECT password=secret/**/FROM/**/t'; END $$",
        "DO $$ BEGIN EXECUTE 'SELECT password=a FROM t'; END $$",
    ])
    func whatIsRunIsNotMasked(_ text: String) { #expect(SQLText.withoutPasswords(text) == text) }

    /// An engineer can nest them as she likes, and the record is made all the same.
    @Test func bodiesThatAreNestedWithoutEndAreRead() {
        let marks = (0..<4000).map { "$a\($0)$" }
        let text =
            "DO " + marks.joined() + "ALTER ROLE a PASSWORD 'b'" + marks.reversed().joined()
        #expect(SQLText.withoutPasswords(text) == text)
    }
}
