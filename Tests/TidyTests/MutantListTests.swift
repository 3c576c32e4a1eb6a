import Foundation
import Testing

/// A small fault that a test must notice (`make mutants`).
private struct Mutant: Decodable {
    let name: String
    let file: String
    let old: String
    let new: String
    /// The tests that must fail, as `swift test --filter` takes them.
    let fails: String
    let why: String
    let form: String?
}

@Suite("The list of mutants fits the sources")
struct MutantListTests {
    private static let lists = ["rules", "index", "log", "evidence", "work", "doors"]

    private static func mutants(_ list: String) throws -> [Mutant] {
        let text = try Tree.text("Tests/Mutants/\(list).json")
        return try JSONDecoder().decode([Mutant].self, from: Data(text.utf8))
    }

    @Test func thereAreEnoughOfEachKind() throws {
        let counts = try Self.lists.map { try Self.mutants($0).count }
        #expect(counts.allSatisfy { $0 >= 5 }, "\(counts)")
        #expect(counts.reduce(0, +) >= 60)
        let folder = Tree.root.appending(path: "Tests/Mutants").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(Set(files) == Set(Self.lists.map { "\($0).json" }))
    }

    @Test(arguments: lists)
    func eachTextIsInItsFileOnceAndIsChanged(_ list: String) throws {
        let mutants = try Self.mutants(list)
        #expect(Set(mutants.map(\.name)).count == mutants.count, "a name is given twice")
        for mutant in mutants {
            let text = try Tree.text(mutant.file)
            let count = text.components(separatedBy: mutant.old).count - 1
            #expect(count == 1, "\(list): \(mutant.name): \(count) times in \(mutant.file)")
            #expect(mutant.old != mutant.new, "\(mutant.name)")
            #expect(mutant.why.hasSuffix("."), "\(mutant.name) says no reason")
            let form = mutant.form ?? "expression"
            #expect(["expression", "statement"].contains(form))
            // Each stands in a choice between the two.
            let ends = ["&&", "||", ","]
            let parts = [mutant.old, mutant.new].map { $0.trimmingCharacters(in: .whitespaces) }
            let areWhole = parts.allSatisfy { part in
                !part.isEmpty && ends.allSatisfy { !part.hasPrefix($0) && !part.hasSuffix($0) }
            }
            #expect(form == "statement" || areWhole, "\(mutant.name) is no expression")
        }
    }

    @Test func noTwoChangeTheSameText() throws {
        let all = try Self.lists.flatMap { try Self.mutants($0) }
        for (file, mutants) in Dictionary(grouping: all, by: \.file) {
            let text = try Tree.text(file)
            let places = mutants.compactMap { text.range(of: $0.old) }
                .sorted { $0.lowerBound < $1.lowerBound }
            for (first, second) in zip(places, places.dropFirst()) {
                #expect(first.upperBound <= second.lowerBound, "\(file): \(text[second])")
            }
        }
    }

    /// A filter that matches nothing would fail nothing.
    @Test(arguments: lists)
    func theTestsThatMustFailExist(_ list: String) throws {
        let tests = try Tree.files.get().filter { $0.path.hasPrefix("Tests/") }
        let targets = Set(tests.map(\.room))
        let suites = Set(
            tests.flatMap { file in
                file.code.compactMap { line in
                    line.firstMatch(of: /\bstruct (\w+)/).map { "\(file.room).\($0.1)" }
                }
            }
        )
        for mutant in try Self.mutants(list) {
            let known =
                targets.contains(mutant.fails) || suites.contains(mutant.fails)
                || suites.contains { $0.hasSuffix(".\(mutant.fails)") }
            #expect(known, "\(list): \(mutant.name): no tests are called \(mutant.fails)")
        }
    }
}
