import LockboxDomain
import LockboxPortalWorld
import Testing

@testable import LockboxPortal

/// The list of a tenant's people, which may be long.
struct PeopleListTests {
    private static func names(_ html: String) -> [String] {
        HTMLDocument(html).all("a").filter { $0["class"] == "main-link" }.map(\.text)
    }

    @Test func whoCanApproveStandsOnceAndTheOthersInPages() async throws {
        try await PortalWorld.with { world in
            try await world.crowded(requests: 0, waiting: 0, open: 0, people: 60)
            let first = Self.names(try await world.visit("/people", as: "gita").html)
            #expect(first.filter { $0 == "Adam Cole" } == ["Adam Cole"])
            #expect(first.count == 2 + PortalLimits.pageSize)
            var (found, path): ([String], String?) = ([], "/people")
            while let next = path {
                let page = HTMLDocument(try await world.visit(next, as: "gita").html)
                found += page.all("a").filter { $0["class"] == "main-link" }.map(\.text)
                path = page.all("a").first { $0["rel"] == "next" }?["href"]
            }
            // Adam and Gita approve; Sue, Tom and Uma do not.
            #expect(found.count == 65 && Set(found).count == 65)
        }
    }

    @Test func searchFindsByNameAndAddressWithinARole() async throws {
        try await PortalWorld.with { world in
            let expected = [
                ("text=ADAM", ["Adam Cole"]), ("text=sue%40contoso", ["Sue Reyes"]),
                ("role=auditors", ["Uma Bell"]), ("role=approvers", ["Adam Cole", "Gita Rao"]),
                ("text=adam&role=auditors", []), ("text=finn", []),
            ]
            for (query, names) in expected {
                let html = try await world.visit("/people?\(query)", as: "uma").html
                #expect(Self.names(html) == names, "\(query)")
            }
        }
    }
}
