import HTTPTypes
import Hummingbird
import LockboxHTTP
import LockboxPortalWorld
import Testing

@testable import LockboxPortal

/// Every field of every form, and every part of every address, with what no page of ours sends. The
/// forms are those of the pages, so that a new one is covered by being there.
///
/// A trap ends the process of the tests, and with it the whole run: that is the alarm.
struct FormFuzzTests {
    /// Worlds that are made anew for one form because an odd value was taken.
    private static let fresh = 3

    @Test func noValueOfAFormBreaksThePortalAndNoRefusedOneChangesAnything() async throws {
        let forms = try await Self.forms()
        #expect(forms.count > 25, "forms are not found any more")
        var turns: [String: Int] = [:]
        let plans = forms.map { ($0, $0.attacks(&turns)) }
        _ = try await Self.sideBySide(plans) { try await Self.fuzz($0, $1) }
    }

    /// The result of each, some at a time: a world has a dozen files open, and in a process that
    /// has a thousand Foundation reads past the end of its list when a test starts a program.
    private static func sideBySide<Element: Sendable, Result: Sendable>(
        _ elements: [Element],
        _ body: @escaping @Sendable (Element) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results: [Int: Result] = [:]
            for (place, element) in elements.enumerated() {
                if place >= 8, let (done, result) = try await group.next() {
                    results[done] = result
                }
                group.addTask { (place, try await body(element)) }
            }
            for try await (done, result) in group { results[done] = result }
            return results.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// One form of each kind, from the first scene that shows it.
    private static func forms() async throws -> [FuzzedForm] {
        let found = try await sideBySide(Scene.all) {
            FuzzedForm.all(on: try await $0.play(), of: $0)
        }
        var known: Set<String> = []
        return found.flatMap(\.self).filter { known.insert($0.signature).inserted }
    }

    /// Goes through the attacks, in a new world after one that was taken: the next finds the page
    /// as it was. The last world is kept whatever is taken, so that the others meet what is over.
    private static func fuzz(_ form: FuzzedForm, _ attacks: [Attack]) async throws {
        var next = 0
        for round in 0...fresh where next < attacks.count {
            let start = next
            next = try await PortalWorld.with { world in
                let page = try await form.scene.play(in: world)
                let open = try #require(OpenForm(form, on: page), "\(form.scene) has no such form")
                var before = try await world.recordedChanges()
                for (number, attack) in attacks.enumerated().dropFirst(start) {
                    let answer = try await open.send(attack, number: number, in: world)
                    let after = try await world.recordedChanges(since: before)
                    let place = "\(form.scene), \(form.kind): \(attack)"
                    #expect(answer.status < 500, "\(place)")
                    if answer.status >= 400 {
                        #expect(after.count == before.count, "\(place) was refused")
                    }
                    if after.count != before.count, round < fresh { return number + 1 }
                    before = after
                }
                return attacks.count
            }
        }
    }

    // MARK: - Addresses

    @Test(arguments: ["gita", "eve"])
    func noAddressBreaksThePortal(_ person: String) async throws {
        try await PortalWorld.with { world in
            try await world.approved()
            let found = try await Self.addresses(of: person, in: world)
            #expect(found.queries.count > 5, "addresses with queries are not found any more")
            let before = try await world.recordedChanges()
            for (turn, place) in (found.queries + Self.patterns(of: world)).enumerated() {
                for value in OddValues.ofAddress(turn: turn) {
                    let address =
                        place.contains("{")
                        ? place.replacing(#/\{\w+\}/#, with: value) : "\(place)=\(value)"
                    let answer = try await world.visit(address, as: person)
                    #expect(answer.status < 500, "\(address.prefix(120))")
                }
            }
            #expect(try await world.recordedChanges().count == before.count)
        }
    }

    /// Paths of pages that hold an identifier.
    private static func patterns(of world: PortalWorld) -> [String] {
        world.site.routes.filter { $0.method == .get }.map(\.path.description).filter {
            $0.contains("{")
        }
    }

    /// Pages that `person` comes to from her first one by links, and their queries: each path with
    /// one name, up to the `=`.
    private static func addresses(of person: String, in world: PortalWorld) async throws -> (
        pages: Set<String>, queries: [String]
    ) {
        var (seen, queries): (Set<String>, Set<String>) = ([], [])
        var next = ["/"]
        while let address = next.popLast(), seen.count < 80 {
            guard seen.insert(address).inserted else { continue }
            let page = HTMLDocument(
                try await world.follow(try await world.visit(address, as: person)).html
            )
            for form in page.all("form") where form["method"] != "post" {
                let action = form["action"] ?? address
                queries.formUnion(form.controlNames.map { "\(action)?\($0)" })
            }
            for link in page.all("a").compactMap({ $0["href"] }) where link.hasPrefix("/") {
                let parts = link.split(separator: "?", maxSplits: 1)
                let names = (parts.dropFirst().first ?? "").split(separator: "&").compactMap {
                    $0.split(separator: "=").first
                }
                queries.formUnion(names.map { "\(parts[0])?\($0)" })
                if !link.contains(".") { next.append(link) }
            }
            // What follows a form, and lists that are longer than this world's.
            queries.insert("\(address.prefix { $0 != "?" })?done")
            queries.insert("\(address.prefix { $0 != "?" })?cursor")
        }
        return (seen, queries.sorted())
    }
}
