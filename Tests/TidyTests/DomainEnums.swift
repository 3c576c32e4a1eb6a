import Foundation

/// The enumerations of the domain that grow, and switches over them that would not notice.
enum DomainEnums {
    /// Files that declare them.
    private static let files = [
        "Refusal", "Event", "RequestEvent", "AccessEvent", "DirectoryEvent", "SignInEvent",
        "AccessRequest", "Ending", "Decision", "Removal",
    ]

    static let exceptions: [String: String] = [:]

    /// The names of all their cases.
    private static let cases: Set<String> = {
        var names: Set<String> = []
        for file in files {
            let path = "Sources/LockboxDomain/\(file).swift"
            // Where the file is missing, the names are missing too, and the rule's own bad snippet
            // fails.
            guard let text = try? Tree.text(path) else { continue }
            for line in SourceText(path: path, text: text).code {
                // A pattern of a switch begins with a full stop.
                guard let declared = line.firstMatch(of: /^\s+case ([a-z].*)$/)?.1 else {
                    continue
                }
                let bare = declared.replacing(/\(.*\)|=.*/, with: "")
                names.formUnion(
                    bare.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                )
            }
        }
        return names
    }()

    /// Lines with `case _:` or `default:` in a switch of which another pattern names one of these
    /// cases. What a switch is over cannot be told from the text; its patterns can.
    static func catchAlls(in file: SourceText) -> [Int] {
        matches(#"^\s*(case _\s*:|(@unknown\s+)?default\s*:)"#, in: file.code).filter { line in
            let indent = file.code[line - 1].prefix { $0 == " " }.count
            for text in file.code[..<(line - 1)].reversed() {
                let trimmed = text.trimmingCharacters(in: .whitespaces)
                guard !trimmed.isEmpty, text.prefix(while: { $0 == " " }).count <= indent else {
                    continue
                }
                if !trimmed.hasPrefix("case ") { return false }
                let pattern = trimmed.prefix { $0 != ":" }
                let named = pattern.matches(of: /(?:^case|,) \.(\w+)/).map {
                    String($0.1)
                }
                if !cases.isDisjoint(with: named) { return true }
            }
            return false
        }
    }
}
