import Foundation
import Testing

/// What a change touches is a fact about the source, so the table that says it is checked.
@Suite("What a change touches is as the architecture says")
struct ChangeTests {
    /// One row: a word that the source uses for one thing, and the files that use it.
    struct Change: Equatable, CustomTestStringConvertible {
        let word: String
        let files: Set<String>

        var testDescription: String { word }
    }

    @Test func eachThingIsKnownInTheFilesThatTheTableNames() throws {
        let changes = try Self.changes(in: Tree.text("ARCHITECTURE.md"))
        #expect(changes.count >= 10)
        let sources = try Self.sources()
        for change in changes {
            let found = sources.filter { Self.mentions(change.word, $0.value) }.map(\.key)
            #expect(Set(found) == change.files, "\(change.word)")
        }
    }

    @Test func aRowIsReadAndAWordIsFoundWhole() throws {
        let table = """
            <!-- changes -->
            | to add | for example | known in |
            | --- | --- | --- |
            | an event | `ended` | `A/B.swift`, and who emits it: `C/d.json` |
            <!-- end of changes -->
            """
        #expect(
            try Self.changes(in: table) == [
                Change(word: "ended", files: ["A/B.swift", "C/d.json"])
            ]
        )
        #expect(Self.mentions("ended", "case ended(Person)"))
        #expect(!Self.mentions("ended", "case hasended2, endedAt"))
    }

    private static func changes(in text: String) throws -> [Change] {
        let begin = try #require(text.range(of: "<!-- changes -->"))
        let end = try #require(text.range(of: "<!-- end of changes -->"))
        return text[begin.upperBound..<end.lowerBound].split(separator: "\n").dropFirst(2)
            .compactMap { row in
                let cells = row.split(separator: "|").map { quoted(in: $0) }
                guard cells.count == 3, let word = cells[1].first else { return nil }
                return Change(word: word, files: Set(cells[2]))
            }
    }

    /// What stands between backticks.
    private static func quoted(in cell: Substring) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }

    private static func mentions(_ word: String, _ text: String) -> Bool {
        let pattern =
            #"(?<![A-Za-z0-9_])\#(NSRegularExpression.escapedPattern(for: word))(?![A-Za-z0-9_])"#
        return text.range(of: pattern, options: .regularExpression) != nil
    }

    /// The texts below `Sources`, by their paths from there.
    private static func sources() throws -> [String: String] {
        let root = Tree.root.appending(path: "Sources")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        var texts: [String: String] = [:]
        for path in paths where path.hasSuffix(".swift") || path.hasSuffix(".json") {
            texts[path] = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        }
        return texts
    }
}
