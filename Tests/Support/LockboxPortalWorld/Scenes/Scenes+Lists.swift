/// Lists that are searched.
extension Scene {
    static let lists: [Scene] = [
        Scene(
            "Requests",
            "found by a search",
            as: "adam",
            .page("/lockbox?text=lost&from=2026-11-23&changes=yes"),
            isKey: true,
            after: { world in
                _ = try await world.submitted(
                    "Look for the lost letters.",
                    actions: ["read", "write"]
                )
                _ = try await world.submitted("Look for other letters.")
            }
        ),
        Scene("Requests", "a day that is none", as: "adam", .page("/lockbox?from=yesterday")),
    ]
}
