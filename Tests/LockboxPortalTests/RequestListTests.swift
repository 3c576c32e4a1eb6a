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
