import LockboxDomain

extension Scene {
    /// What an administrator does about how her people sign in.
    static let signInOfPeople = [
        Scene(
            "People",
            "invitation sent",
            as: "gita",
            .fill("/people/{sue}/invitation", on: "/people/{sue}", typing: []),
            isKey: true
        ),
        Scene(
            "People",
            "switched on again",
            as: "gita",
            .fill("/people/{adam}/switch-on", on: "/people/{adam}", typing: []),
            after: { world in try await world.disabled("adam") }
        ),
    ]
}
