extension Scene {
    private static let one = "/requests/{request}"

    /// A service that the engineer opens in a browser.
    static let browser: [Scene] = [
        Scene("Access", "open, in the browser", as: "eve", .page(one), after: approved),
        Scene(
            "Access",
            "credential, in the browser too",
            as: "eve",
            .fill(one + "/credential", on: one, typing: []),
            after: approved
        ),
        Scene(
            "Access",
            "opening in the browser",
            as: "eve",
            .fill(one + "/open", on: one, typing: []),
            isKey: true,
            after: approved
        ),
        Scene(
            "Access",
            "opening in the browser, somebody else",
            as: "max",
            .send(one + "/open", [("service", "mail")]),
            status: 403,
            after: approved
        ),
        Scene(
            "Access",
            "opening what no browser opens",
            as: "eve",
            .send(one + "/open", [("service", "mail")]),
            status: 422
        ) { try await $0.approved() },
    ]

    @Sendable private static func approved(_ world: PortalWorld) async throws {
        try await world.openedInBrowsers()
        try await world.approved()
    }
}
