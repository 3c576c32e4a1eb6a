import Foundation
import Testing

/// What the threat model says holds a line, is there: each file, type, function, finding, vector and
/// test that it names.
@Suite("The threat model names what exists")
struct ThreatModelTests {
    private static let path = "docs/security/threat-model.md"

    /// What a name between backticks stands for, told by its form.
    private enum Kind {
        case file, endToEndTest, unitTest, member, type, vectorsOrFinding, option, command, activity

        init?(_ name: String) {
            func has(_ form: String) -> Bool {
                name.range(of: "^(\(form))$", options: .regularExpression) != nil
            }
            if has(#"[\w+.-]*/[\w+./-]*"#) || has(#"\w+\.py"#) {
                self = .file
            } else if has("test_[a-z_0-9]+") {
                self = .endToEndTest
            } else if has(#"[A-Z]\w+\.[a-z]\w*"#) {
                self = .member
            } else if has("[A-Z][A-Za-z]+") {
                self = .type
            } else if has("[a-z]+([A-Z][A-Za-z]*)+") {
                self = .unitTest
            } else if has("--[a-z-]+( [0-9]+)?") {
                self = .option
            } else if has(#"[a-z]+\.[a-zA-Z]+"#) {
                self = .activity
            } else if has("lockboxd?( [a-z-]+)*") {
                self = .command
            } else if has("[a-z0-9]+(-[a-z0-9]+)*(-[*])?") {
                self = .vectorsOrFinding
            } else {
                return nil
            }
        }
    }

    private static func names(in text: String) throws -> [String] {
        let expression = try NSRegularExpression(pattern: "`([^`\n]+)`")
        return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).map {
            Range($0.range(at: 1), in: text).map { String(text[$0]) } ?? ""
        }
    }

    private static func isThere(_ name: String, _ kind: Kind) throws -> Bool {
        switch kind {
        case .file:
            return ["", "Sources/", "Tests/", "Tests/EndToEnd/"].contains {
                FileManager.default.fileExists(atPath: Tree.root.appending(path: $0 + name).path)
            }
        case .endToEndTest:
            let files = try Tree.paths(under: ["Tests/EndToEnd"], endingIn: [".py"])
            return try files.contains { try Tree.text($0).contains("\ndef \(name)(") }
        case .unitTest:
            return try declarations.get().contains {
                $0.path.hasPrefix("Tests/") && $0.names.contains("func \(name)")
            }
        case .member:
            let parts = name.split(separator: ".").map(String.init)
            return try declarations.get().contains { file in
                inSources(file.path) && declares(parts[0], file.names)
                    && ["func", "var", "let"].contains {
                        file.names.contains("\($0) \(parts[1])")
                    }
            }
        case .type:
            return try Tree.files.get().contains { $0.room == name }
                || declarations.get().contains { declares(name, $0.names) }
        case .vectorsOrFinding:
            let vectors = try Tree.text("Tests/Vectors/audit/vectors.json")
            guard !name.hasSuffix("*") else {
                return vectors.contains(#""name": "\#(name.dropLast())"#)
            }
            return try vectors.contains(#""name": "\#(name)""#)
                || Tree.text("Sources/LockboxClient/AuditReport.swift").contains(#""\#(name)""#)
        case .option:
            let words = name.dropFirst(2).split(separator: " ")[0].split(separator: "-")
            let first = words.prefix(1) + words.dropFirst().map { $0.capitalized[...] }
            return try programs().contains { $0.contains("var \(first.joined())") }
        case .command:
            guard let last = name.split(separator: " ").dropFirst().last else { return true }
            let type = last.split(separator: "-").map(\.capitalized).joined()
            return try programs().contains {
                $0.contains(#"commandName: "\#(last)""#)
                    || $0.contains("struct \(type): ")
            }
        case .activity:
            return try Tree.files.get().contains {
                $0.room == "LockboxAudit" && $0.literals.contains { $0.contains(name) }
            }
        }
    }

    /// By file, what it declares: `struct Person`, `func isSame`.
    private static let declarations = Result {
        try Tree.files.get().map { file in
            (path: file.path, names: Set(file.code.flatMap(declared)))
        }
    }

    private static let types: Set = ["struct", "enum", "actor", "class", "protocol", "extension"]
    private static let keywords = types.union(["func", "var", "let"])

    private static func declared(in line: String) -> [String] {
        let words = line.utf8.split { byte in
            !(byte == UInt8(ascii: "_") || (48...57).contains(byte)
                || (97...122).contains(byte | 32))
        }.map { String(Substring($0)) }
        return zip(words, words.dropFirst()).filter { keywords.contains($0.0) }.map {
            "\($0.0) \($0.1)"
        }
    }

    private static func declares(_ type: String, _ names: Set<String>) -> Bool {
        types.contains { names.contains("\($0) \(type)") }
    }

    private static func programs() throws -> [String] {
        try Tree.files.get().filter { ["lockbox", "lockboxd"].contains($0.room) }.map {
            $0.lines.joined(separator: "\n")
        }
    }

    @Test func eachNameInItIsOfSomethingThatExists() throws {
        let names = try Set(Self.names(in: Tree.text(Self.path)))
        #expect(names.count > 80)
        for name in names.sorted() {
            guard let kind = Kind(name) else {
                Issue.record("\(name) has the form of nothing that is looked up")
                continue
            }
            #expect(try Self.isThere(name, kind), "\(name) does not exist (\(kind))")
        }
    }

    @Test func eachLineOfATableWithTestsNamesOne() throws {
        var hasTests = false
        var lines = 0
        let text = try Tree.text(Self.path)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("|") else {
                hasTests = false
                continue
            }
            let cells = line.split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            if cells.last == "tests" {
                hasTests = true
            } else if hasTests, !line.hasPrefix("| ---") {
                lines += 1
                let last = cells.last ?? ""
                #expect(last.contains("`") || last.hasPrefix("none: "), "\(line)")
            }
        }
        #expect(lines > 30)
    }

    @Test(arguments: [
        "LockboxDomain/Gone.swift", "test_that_is_not_there", "nothingIsCalledSo", "GoneType",
        "KeyRule.gone", "gone-vector", "gone-*", "--gone", "lockbox gone", "gone.activity",
    ])
    func whatDoesNotExistIsFound(_ name: String) throws {
        let kind = try #require(Kind(name))
        #expect(try !Self.isThere(name, kind))
    }
}
