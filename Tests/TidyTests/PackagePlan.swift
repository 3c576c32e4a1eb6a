import Foundation

/// What Package.swift says about rooms, read from its text: the lines `(floor, "Name", ["use",
/// …])`.
struct PackagePlan {
    struct Room: Equatable {
        let floor: Int
        let name: String
        let uses: [String]
    }

    var rooms: [Room]
    /// Names of outside libraries.
    var libraries: [String]
    /// What each program under `Sources` depends on.
    var programs: [String: [String]]

    init(package: String) throws {
        let rooms = try PackagePlan.section(of: package, from: "let rooms:", to: "\n]")
        self.rooms = try PackagePlan.captures(
            #"\(\s*(\d+),\s*"(\w+)",\s*\[([^\]]*)\]\s*\)"#,
            in: rooms
        ).map {
            Room(floor: Int($0[0]) ?? -1, name: $0[1], uses: PackagePlan.names(in: $0[2]))
        }
        let libraries = try PackagePlan.section(of: package, from: "let libraries:", to: "\n]")
        self.libraries = try PackagePlan.captures(#""(\w+)":\s*\.product"#, in: libraries).map {
            $0[0]
        }
        let programs = try PackagePlan.captures(
            #"\.executableTarget\(\s*name: "([\w-]+)",\s*dependencies: dependencies\(\[([^\]]*)\]\)(?!,\s*path:)"#,
            in: package
        )
        self.programs = Dictionary(
            uniqueKeysWithValues: programs.map { ($0[0], PackagePlan.names(in: $0[1])) }
        )
    }

    struct Unreadable: Error {
        let what: String
    }

    /// Uses of a room on the same or a higher floor. `allowed` are pairs with a reason.
    func climbingUses(allowed: [String: String] = [:]) -> [String] {
        let floors = Dictionary(uniqueKeysWithValues: rooms.map { ($0.name, $0.floor) })
        return rooms.flatMap { room in
            room.uses.filter { use in
                guard let floor = floors[use] else { return false }
                return floor >= room.floor && allowed["\(room.name) → \(use)"] == nil
            }.map { "\(room.name) → \($0)" }
        }
    }

    /// Imports of rooms and outside libraries that the importing room or program did not declare.
    func undeclaredImports(in files: [SourceText]) throws -> [String] {
        var uses = programs
        for room in rooms { uses[room.name] = room.uses }
        let known = Set(rooms.map(\.name) + libraries)
        return try files.flatMap { file in
            try file.code.flatMap { line in
                try PackagePlan.captures(
                    #"\bimport\s+(?:(?:struct|enum|class|protocol|func)\s+)?(\w+)"#,
                    in: line
                ).map { $0[0] }
            }.filter { known.contains($0) && uses[file.room]?.contains($0) != true }.map {
                "\(file.path): \($0)"
            }
        }
    }

    /// The table of rooms as ARCHITECTURE.md shows it: floor, name, what it is, uses.
    static func table(in markdown: String) throws -> [Room] {
        let section = try section(of: markdown, from: "<!-- rooms -->", to: "<!-- end of rooms -->")
        return section.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 4, let floor = Int(cells[0]) else { return nil }
            let uses =
                cells[3] == "–"
                ? []
                : cells[3].split(separator: ",").map {
                    $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
                }
            return Room(
                floor: floor,
                name: cells[1].trimmingCharacters(in: CharacterSet(charactersIn: "`")),
                uses: uses
            )
        }
    }

    /// Source files in back quotes, and the targets of links within the repository.
    static func filesNamed(in markdown: String) throws -> [String] {
        let quoted = try captures(#"`([\w/+.-]+/[\w/+.-]+\.swift)`"#, in: markdown)
        let linked = try captures(#"\]\((?!https?:|#|mailto:)([^)#\s]+)"#, in: markdown)
        return (quoted + linked).map { $0[0] }
    }

    private static func section(of text: String, from start: String, to end: String) throws
        -> String
    {
        guard let begin = text.range(of: start),
            let finish = text.range(of: end, range: begin.upperBound..<text.endIndex)
        else { throw Unreadable(what: start) }
        return String(text[begin.upperBound..<finish.lowerBound])
    }

    private static func captures(_ pattern: String, in text: String) throws -> [[String]] {
        let expression = try NSRegularExpression(pattern: pattern)
        return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).map {
            match in
            (1..<match.numberOfRanges).map { index in
                Range(match.range(at: index), in: text).map { String(text[$0]) } ?? ""
            }
        }
    }

    private static func names(in list: String) -> [String] {
        list.split(separator: ",").map {
            $0.trimmingCharacters(in: CharacterSet(charactersIn: " \n\""))
        }
        .filter { !$0.isEmpty }
    }
}
