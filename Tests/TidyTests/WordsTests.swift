import Foundation
import Testing

@Suite("Pages and e-mails say what docs/words.md says")
struct WordsTests {
    /// The phrases of the table's last column, in lower case.
    private static func refused() throws -> [String] {
        let document = try Tree.text("docs/words.md")
        let table = try #require(
            document.split(separator: "<!-- words -->").last?
                .split(separator: "<!-- end of words -->").first
        )
        return table.split(separator: "\n").dropFirst(2).flatMap { row -> [String] in
            let columns = row.split(separator: "|")
            guard columns.count == 3 else { return [] }
            return columns[2].split(separator: "`").enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
    }

    /// What a file says to people, on one line and in lower case.
    private static func words(of path: String) throws -> String {
        let text = try Tree.text(path)
        let said =
            path.hasSuffix(".swift")
            ? SourceText(path: path, text: text).literals.joined(separator: " ") : text
        return said.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }

    @Test func noOldWordStandsInAPageOrAnEmail() throws {
        let refused = try Self.refused()
        #expect(refused.count >= 20)
        let files = try Tree.paths(
            under: ["Sources/LockboxPortal", "Sources/LockboxNotifier"],
            endingIn: [".swift", ".mustache", ".js"]
        )
        #expect(files.count > 100)
        for file in files {
            let words = try Self.words(of: file)
            for phrase in refused where words.contains(phrase) {
                Issue.record("\(file) says “\(phrase)”; docs/words.md has another word")
            }
        }
    }
}
