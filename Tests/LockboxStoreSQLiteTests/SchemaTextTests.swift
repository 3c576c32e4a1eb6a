import Foundation
import LockboxStoreSQL
import LockboxStoreSQLite
import Testing

/// The schema as the database keeps it, letter by letter.
struct SchemaTextTests {
    /// Set it to record the present schema anew, and look at the difference before it is committed.
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil
    private static let steps = Schema.migrations(for: .sqlite)

    /// The first three steps made the databases of the first version: nothing may change them.
    @Test func firstThreeStepsMakeWhatTheyAlwaysMade() async throws {
        #expect(try await text(of: Array(Self.steps.prefix(3))) == Self.kept("0003"))
    }

    @Test func schemaIsTheOneThatIsKept() async throws {
        let text = try await text(of: Self.steps)
        if Self.isRecording { try Data(text.utf8).write(to: Self.file("present")) }
        #expect(
            try text == Self.kept("present"),
            "set RECORD_SNAPSHOTS=1 if a step was added to the end"
        )
    }

    static func kept(_ name: String) throws -> String {
        try String(contentsOf: file(name), encoding: .utf8)
    }

    private static func file(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Schemas/\(name).sql")
    }

    private func text(of steps: [Migration]) async throws -> String {
        let engine = try SQLiteEngine.temporary()
        try await engine.migrate(steps, .sqlite)
        let text = try await engine.schemaText()
        try await engine.close()
        return text
    }
}

extension SQLiteEngine {
    /// Every statement of the schema, and the transitions that it knows.
    func schemaText() async throws -> String {
        try await read { tx in
            let statements = try tx.query(
                "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name"
            ) { "\(try $0.text(0));\n\n" }
            let transitions = try tx.query(
                "SELECT prior, next FROM request_transition ORDER BY prior, next"
            ) { row in
                let prior = try row.text(0)
                return "-- \(prior.isEmpty ? "(none)" : prior) -> \(try row.text(1))\n"
            }
            return (statements + transitions).joined()
        }
    }
}
