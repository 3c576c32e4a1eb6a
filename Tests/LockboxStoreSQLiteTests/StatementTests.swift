import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import LockboxStoreSQLite
import Testing

struct StatementTests {
    @Test func everyKindOfValueComesBackAsItWent() async throws {
        let engine = try SQLiteEngine.temporary()
        let values: [SQLValue] = [
            .null, .integer(.min), .integer(.max), .text(""), .text("Zoë 🔐"), .blob([]),
            .blob([0, 255, 7]),
        ]
        let found = try await engine.read { tx in
            try tx.queryOne("SELECT $1, $2, $3, $4, $5, $6, $7", values) { row in
                try values.indices.map { try row.value(.place($0)) }
            }
        }
        #expect(found == values)
        try await engine.close()
    }

    @Test func textWithANulIsRefusedAsItWouldBeCutOffAtIt() async throws {
        let engine = try SQLiteEngine.temporary()
        let violation = await #expect(throws: SQLConstraintViolation.self) {
            try await engine.write { tx in
                try tx.query("SELECT $1", [.text("a\u{0}b")]) { try $0.text(0) }
            }
        }
        #expect(violation?.kind == .check)
        try await engine.close()
    }

    @Test func placeholderUsedTwiceTakesOneValue() async throws {
        let engine = try SQLiteEngine.temporary()
        let sum = try await engine.read { tx in
            try tx.queryOne("SELECT $1 * 100 + $2 * 10 + $1", [.integer(1), .integer(2)]) {
                try $0.integer(0)
            }
        }
        #expect(sum == 121)
        try await engine.close()
    }

    @Test func wrongNumberOfValuesFails() async throws {
        let engine = try SQLiteEngine.temporary()
        for values: [SQLValue] in [[], [.integer(1)], [.integer(1), .integer(2), .integer(3)]] {
            await #expect(throws: StoreError.self) {
                try await engine.read { tx in try tx.query("SELECT $1, $2", values) { _ in } }
            }
        }
        try await engine.close()
    }

    @Test(arguments: [
        ("SELECT 1", true), ("a = $1 AND b = $2", true), ("a = $1 OR b = $1 OR c = $2", true),
        ("a = $2 AND b = $1", false), ("a = $1 AND b = $3", false), ("a = $0", false),
        ("a = $name", false),
        ("$1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $11", true),
    ])
    func placeholdersMustFirstAppearInOrder(sql: String, inOrder: Bool) {
        #expect(placeholdersAreInOrder(sql) == inOrder)
    }

    @Test func rowsChangedAreCountedAndNothingElse() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        let counts = try await engine.write { tx in
            [
                try tx.execute("INSERT INTO entry (word) VALUES ('a'), ('b'), ('c')"),
                try tx.execute(
                    "UPDATE entry SET word = word || '!' WHERE word <> $1",
                    [.text("a")]
                ),
                try tx.execute("CREATE TABLE other (id INTEGER)"),
                try tx.execute("DELETE FROM entry WHERE word = 'nobody'"),
                try tx.execute("DELETE FROM entry"),
            ]
        }
        #expect(counts == [3, 2, 0, 0, 3])
        try await engine.close()
    }

    @Test func insertMayReturnRows() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        let id = try await engine.write { tx in
            try tx.queryOne("INSERT INTO entry (word) VALUES ($1) RETURNING id", [.text("x")]) {
                try $0.integer(0)
            }
        }
        #expect(id == 1)
        #expect(try await engine.words() == ["x"])
        try await engine.close()
    }

    @Test func columnOfAnotherTypeIsCorruptionNotACrash() throws {
        let row = SQLRow([.integer(1), .text("a"), .blob([1]), .null], places: ["first": 0])
        #expect(try row.integer(0) == 1 && row.integer("first") == 1)
        #expect(try row.text(1) == "a")
        #expect(try row.blob(2) == [1])
        #expect(try row.optionalText(3) == nil)
        #expect(try row.optionalInteger(3) == nil)
        #expect(try row.optionalBlob(3) == nil)
        #expect(throws: StoreError.corrupt("column 1 is not an integer")) { try row.integer(1) }
        #expect(throws: StoreError.corrupt("column 0 is not text")) { try row.optionalText(0) }
        #expect(throws: StoreError.corrupt("column 1 is not bytes")) { try row.blob(1) }
        #expect(throws: StoreError.corrupt("column 3 is not text")) { try row.text(3) }
        #expect(throws: StoreError.corrupt("column 4 of a row of 4")) { try row.value(4) }
        #expect(throws: StoreError.corrupt("column last of a row of 4")) { try row.value("last") }
    }

    @Test func floatingPointInTheDatabaseIsCorruption() async throws {
        let engine = try SQLiteEngine.temporary()
        let error = await #expect(throws: StoreError.self) {
            try await engine.read { tx in try tx.query("SELECT 0.5") { try $0.integer(0) } }
        }
        guard case .corrupt = error else { throw Refused(why: "\(String(describing: error))") }
        try await engine.close()
    }

    @Test func secondRowWhereOneWasPromisedIsCorruption() async throws {
        let engine = try SQLiteEngine.temporary()
        await #expect(throws: StoreError.corrupt("2 rows where one was promised")) {
            try await engine.read { tx in
                try tx.queryOne("SELECT 1 UNION SELECT 2") { try $0.integer(0) }
            }
        }
        try await engine.close()
    }

    @Test func wrongStatementFailsWithoutItsValuesInTheText() async throws {
        let engine = try SQLiteEngine.temporary()
        let error = await #expect(throws: StoreError.self) {
            try await engine.write { tx in
                _ = try tx.execute("INSERT INTO nowhere VALUES ($1)", [.text("secret")])
            }
        }
        #expect(error != nil && !"\(error as Any)".contains("secret"))
        try await engine.close()
    }
}
