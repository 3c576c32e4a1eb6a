import Foundation

/// One source file, taken apart far enough to tell code from comments and from the contents of
/// string literals.
struct SourceText: Sendable {
    /// Relative to the package, such as `Sources/LockboxDomain/Text.swift`.
    let path: String
    let lines: [String]
    /// The lines with comments and the contents of string literals blanked; what is interpolated
    /// into a string is code.
    let code: [String]
    /// The contents of string literals, all else blanked.
    let literals: [String]

    init(path: String, text: String) {
        self.path = path
        var reader = Reader(text)
        reader.readCode(until: nil)
        lines = Self.split(Array(text.unicodeScalars))
        code = Self.split(reader.only(.code))
        literals = Self.split(reader.only(.string))
    }

    /// The room or program it belongs to: the folder under `Sources`.
    var room: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    private static func split(_ scalars: [Unicode.Scalar]) -> [String] {
        scalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(String.UnicodeScalarView(line))
        }
    }
}

extension SourceText {
    /// Marks each scalar as code, comment or string. Knows nested comments, raw and multi-line
    /// strings and interpolation; not regular expression literals, which this package does not use.
    private struct Reader {
        enum Kind { case code, comment, string }

        private let scalars: [Unicode.Scalar]
        private var kinds: [Kind]
        private var position = 0

        init(_ text: String) {
            scalars = Array(text.unicodeScalars)
            kinds = Array(repeating: .code, count: scalars.count)
        }

        /// What is of `kind`, and the ends of lines; all else as spaces.
        func only(_ kind: Kind) -> [Unicode.Scalar] {
            zip(scalars, kinds).map { $0 == "\n" || $1 == kind ? $0 : " " }
        }

        /// Reads up to the end, or past the parenthesis that closes an interpolation.
        mutating func readCode(until close: Unicode.Scalar?) {
            var depth = 0
            while position < scalars.count {
                if starts(with: "//") {
                    while position < scalars.count, scalars[position] != "\n" { take(.comment) }
                } else if starts(with: "/*") {
                    readBlockComment()
                } else if let pounds = stringOpening() {
                    readString(pounds: pounds)
                } else {
                    let scalar = scalars[position]
                    take(.code)
                    if scalar == "(" { depth += 1 }
                    if scalar == ")" {
                        if close == ")" && depth == 0 { return }
                        depth -= 1
                    }
                }
            }
        }

        private mutating func readBlockComment() {
            var depth = 0
            repeat {
                if starts(with: "/*") {
                    depth += 1
                    take(.comment, 2)
                } else if starts(with: "*/") {
                    depth -= 1
                    take(.comment, 2)
                } else {
                    take(.comment)
                }
            } while depth > 0 && position < scalars.count
        }

        /// The number of `#` before the quotation mark, if a string begins here.
        private func stringOpening() -> Int? {
            guard scalars[position] == "\"" || scalars[position] == "#" else { return nil }
            var pounds = 0
            while position + pounds < scalars.count, scalars[position + pounds] == "#" {
                pounds += 1
            }
            return position + pounds < scalars.count && scalars[position + pounds] == "\""
                ? pounds : nil
        }

        private mutating func readString(pounds: Int) {
            let fence = String(repeating: "#", count: pounds)
            take(.code, pounds)
            let quotes = starts(with: "\"\"\"") ? "\"\"\"" : "\""
            take(.code, quotes.count)
            while position < scalars.count {
                if starts(with: quotes + fence) {
                    take(.code, quotes.count + pounds)
                    return
                }
                if quotes.count == 1 && scalars[position] == "\n" { return }
                if starts(with: "\\" + fence + "(") {
                    take(.code, pounds + 2)
                    readCode(until: ")")
                } else if starts(with: "\\" + fence) {
                    take(.string, pounds + 2)
                } else {
                    take(.string)
                }
            }
        }

        private func starts(with text: String) -> Bool {
            var place = position
            for wanted in text.unicodeScalars {
                guard place < scalars.count, scalars[place] == wanted else { return false }
                place += 1
            }
            return true
        }

        private mutating func take(_ kind: Kind, _ count: Int = 1) {
            for _ in 0..<count where position < scalars.count {
                kinds[position] = kind
                position += 1
            }
        }
    }
}

/// The package on disk.
enum Tree {
    /// This file is `Tests/TidyTests/SourceText.swift` under it.
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Every Swift file of the package, in order of their paths.
    static let files = Result {
        try paths(under: ["Sources", "Tests"], endingIn: [".swift"]).map {
            SourceText(path: $0, text: try text($0))
        }
    }

    static func paths(under folders: [String], endingIn suffixes: [String]) throws -> [String] {
        try folders.flatMap { folder in
            try FileManager.default.subpathsOfDirectory(
                atPath: root.appending(path: folder).path
            ).filter { name in
                suffixes.contains { name.hasSuffix($0) } && !name.contains("/.build")
            }.map { "\(folder)/\($0)" }
        }.sorted()
    }
}
