import LockboxDomain

/// The keys that the script listens to (`portal.js`, “Keys”), which the script shows in a sheet.
struct KeysPage: Page {
    static let template = PageTemplate(PackageResources.keys_mustache)

    struct Line: Sendable {
        /// The key before, where two follow each other.
        let first: String?
        let last: String
        let does: String
    }

    let title = "Keyboard shortcuts"
    let lines: [Line]

    init(_ viewer: Viewer) {
        let ticks = viewer.mayDecide ? [Line(first: nil, last: "x", does: "Tick it")] : []
        lines =
            [
                Line(first: nil, last: "j", does: "To the next entry of a list"),
                Line(first: nil, last: "k", does: "To the entry before"),
                Line(first: nil, last: "o", does: "Open it, as Enter does"),
            ] + ticks + [
                Line(first: nil, last: "/", does: "Search")
            ]
            + Self.places(of: viewer).map { Line(first: "g", last: $0, does: "Go to \($1)") } + [
                Line(first: nil, last: "?", does: "Show this")
            ]
    }

    private static func places(of viewer: Viewer) -> [(key: String, name: String)] {
        let shown = Set(Frame.navigation(for: viewer).map(\.href))
        return [
            ("o", "/overview", "Overview"), ("w", "/work", "My work"),
            ("r", RequestPath.customer, "Requests"), ("r", RequestPath.provider, "Requests"),
            ("l", "/lockbox/live", "Live access"), ("s", "/support", "Support"),
            ("p", "/people", "People"), ("e", "/settings", "Settings"),
            ("t", "/tenants", "Tenants"), ("a", "/audit", "Audit"),
        ].filter { shown.contains($0.1) }.map { ($0.0, $0.2) }
    }
}
