import LockboxDomain

extension Scene {
    /// What an administrator does about how her people sign in, and what comes of it. It has a page of
    /// somebody with another password than the world's, so it comes after those who have that.
    static let signInOfPeople = [
        Scene(
            "Door",
            "invitation taken",
            as: "sue",
            .fill(
                "/invitation/{invitation}",
                on: "/invitation/{invitation}",
                typing: [("code", "{code}")] + PortalWorld.chosen
            ),
            after: { world in try await world.invited("sue") }
        ),
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
