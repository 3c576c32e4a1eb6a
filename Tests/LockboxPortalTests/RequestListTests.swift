import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import Testing

@testable import LockboxPortal

/// Lists of access requests that are longer than a page.
struct RequestListTests {
    private static let many = UInt8(PortalLimits.pageSize) + 10

    /// The addresses of the rows of a page, and of its links to others.
    private static func requests(_ html: String) -> [String] {
        html.matches(of: #/<td class="what"><a href="([^"]+)"/#).map { String($0.output.1) }
    }

    private static func link(_ label: String, in html: String) throws -> String? {
        let links = html.matches(of: #/<a[^>]*href="([^"]+)"[^>]*>([^<]*)<\/a>/#)
        let found = links.first { link in
            link.output.2.split(whereSeparator: \.isWhitespace).joined(separator: " ") == label
        }
        return found.map { String($0.output.1).replacing("&amp;", with: "&") }
    }

    @Test func pagesGoBothWaysAndSayHowManyThereAre() async throws {
        try await PortalWorld.with { world in
            let now = world.clock.now()
            try await world.store.write { tx in
                try tx.insert(Fixture.supportRequest())
                for number in 1...Self.many {
                    for version in try Fixture.history(number, to: .ended, from: now) {
                        try tx.save(version)
                    }
                }
            }
            let first = try await world.visit("/lockbox?state=ended", as: "adam").html
            #expect(first.contains("\(Self.many) requests") && first.contains("(\(Self.many))"))
            #expect(Self.requests(first).count == PortalLimits.pageSize)
            #expect(try Self.link("Newer entries", in: first) == nil)
            let older = try #require(try Self.link("Older entries", in: first))
            #expect(older.contains("state=ended"))
            let second = try await world.visit(older, as: "adam").html
            #expect(Self.requests(second).count == Int(Self.many) - PortalLimits.pageSize)
            #expect(Set(Self.requests(first)).isDisjoint(with: Self.requests(second)))
            let newer = try #require(try Self.link("Newer entries", in: second))
            let back = try await world.visit(newer, as: "adam").html
            #expect(Self.requests(back) == Self.requests(first))
        }
    }

    @Test func orderIsInTheAddressAndKeptFromPageToPage() async throws {
        try await PortalWorld.with { world in
            try await world.crowded(requests: 40, waiting: 3, open: 0, people: 0)
            let first = try await world.visit("/lockbox?sort=oldest", as: "adam").html
            let older = try #require(try Self.link("Older entries", in: first))
            #expect(older.contains("sort=oldest"))
            let second = try await world.visit(older, as: "adam").html
            let newest = try await world.visit("/lockbox", as: "adam").html
            #expect(Self.requests(second).last == Self.requests(newest).first)
            let soonest = try await world.visit("/lockbox?sort=deadline", as: "adam").html
            #expect(soonest.contains("deadline soonest"))
            let boxes = HTMLDocument(soonest).all("input").filter { $0["name"] == "request" }
            #expect(boxes.count == 3)
        }
    }

    @Test(arguments: [
        ("/lockbox?text=&from=&sort=deadline&to=", "/lockbox?sort=deadline"),
        ("/lockbox?text=", "/lockbox"), ("/audit?from=&activity=", "/audit"),
        ("/people?text=a%26b&role=", "/people?text=a%26b"),
    ])
    func emptyFieldsLeaveTheAddress(_ sent: String, _ kept: String) async throws {
        try await PortalWorld.with { world in
            let answer = try await world.visit(sent, as: "gita")
            #expect(answer.status == 303 && answer.location == kept)
        }
    }

    @Test func tableHasAllThatTheListShowsAndNoFormula() async throws {
        try await PortalWorld.with { world in
            try await world.crowded(requests: 30, waiting: 2, open: 0, people: 0)
            let hostile = try await world.submitted("=HYPERLINK(\"http://evil.test\") and more.")
            let html = try await world.visit("/lockbox?sort=oldest", as: "adam").html
            #expect(html.contains("/lockbox/export.csv?sort=oldest"))
            let answer = try await world.visit("/lockbox/export.csv?sort=oldest", as: "adam")
            let lines = answer.html.split(separator: "\r\n")
            #expect(answer.headers[.contentType] == "text/csv; charset=utf-8")
            #expect(lines.count == 34 && lines[0].hasSuffix("uses,reason"))
            #expect(lines[33].hasPrefix(hostile.id.text) && lines[33].contains("'=HYPERLINK"))
            let waiting = try await world.visit(
                "/lockbox/export.csv?state=awaitingCustomer",
                as: "adam"
            )
            #expect(waiting.html.split(separator: "\r\n").count == 3)
            let theirs = try await world.visit("/lockbox/export.csv", as: "finn")
            #expect(theirs.html.split(separator: "\r\n").count == 1)
            #expect(try await world.visit("/requests/export.csv", as: "adam").status == 404)
        }
    }

    @Test func tableForTheProviderNamesNobodyWhoDecided() async throws {
        try await PortalWorld.with { world in
            _ = try await world.approved()
            let table = try await world.visit("/requests/export.csv", as: "eve").html
            #expect(table.contains("Contoso Ltd") && !table.contains("Adam Cole"))
            let nobodys = try await world.visit("/requests/export.csv?tenant=nobody", as: "eve")
            #expect(nobodys.status == 404)
            let own = try await world.visit("/lockbox/export.csv", as: "uma").html
            #expect(own.contains("Adam Cole"))
        }
    }

    @Test func navigationSaysHowManyWaitForTheReader() async throws {
        try await PortalWorld.with { world in
            func count(_ person: String, _ path: String) async throws -> String? {
                let html = try await world.visit(path, as: person).html
                return html.firstMatch(of: #/<span class="count">([^<]*)</#).map {
                    String($0.output.1)
                }
            }
            let request = try await world.submitted()
            #expect(try await count("mark", "/work") == "1")
            #expect(try await count("adam", "/overview") == nil)
            let reviewed = try await world.reviewed(request)
            #expect(try await count("mark", "/work") == nil)
            #expect(try await count("adam", "/settings") == "1")
            #expect(try await count("uma", "/overview") == nil, "she decides nothing")
            #expect(try await count("finn", "/overview") == nil)
            #expect(try await count("eve", "/work") == nil)
            try await world.said("Which folder?", on: reviewed, by: "adam")
            #expect(try await count("eve", "/work") == "1")
            try await world.said("The one of today.", on: reviewed, by: "eve")
            #expect(try await count("eve", "/work") == nil)
            let done = try await world.fill(
                "/lockbox/deny",
                on: "/lockbox/deny?request=\(request.id)",
                typing: [("comment", "No.")],
                as: "adam"
            )
            #expect(!done.html.contains("class=\"count\""), "right after deciding")
        }
    }

    @Test func searchFindsByNumberEngineerResourceAndReasonOfOnesOwnTenantAlone() async throws {
        try await PortalWorld.with { world in
            let ours = try await world.submitted("Look for the lost invoices.")
            for text in [ours.id.text.lowercased(), "eve+park", "SUE%40contoso", "lost+invoices"] {
                let html = try await world.visit("/lockbox?text=\(text)", as: "adam").html
                #expect(Self.requests(html) == ["/lockbox/\(ours.id)"], "\(text)")
                let theirs = try await world.visit("/lockbox?text=\(text)", as: "finn").html
                #expect(Self.requests(theirs) == [], "\(text)")
            }
            let changes = try await world.visit("/lockbox?changes=yes", as: "adam").html
            #expect(Self.requests(changes) == [])
            let tomorrow = try await world.visit("/lockbox?from=2026-11-24", as: "adam").html
            #expect(Self.requests(tomorrow) == [])
            let wrong = try await world.visit("/lockbox?to=soon", as: "adam").html
            #expect(wrong.contains("The last day is not a day"))
        }
    }
}
