import LockboxDomain
import LockboxFixtures

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

extension Scene {
    /// Passkeys, and what becomes of answers that are none.
    static let passkeys = [
        Scene(
            "Account",
            "with passkeys",
            as: "adam",
            .page("/account"),
            isKey: true,
            after: { world in try await world.hasPasskeys("adam") }
        ),
        Scene(
            "Account",
            "a passkey that its browser did not make",
            as: "adam",
            .fill("/account/passkeys", on: "/account", typing: [("passkeyName", "My phone")]),
            status: 422
        ),
        Scene(
            "Account",
            "a passkey that cannot be read",
            as: "adam",
            .fill(
                "/account/passkeys",
                on: "/account",
                typing: [("passkeyName", "My phone"), ("newPasskey", "{}")]
            ),
            status: 422
        ),
        Scene(
            "Account",
            "passkey removed",
            as: "adam",
            .fill("/account/passkeys/{passkey}/remove", on: "/account", typing: []),
            after: { world in try await world.hasPasskeys("adam") }
        ),
        Scene(
            "People",
            "somebody with passkeys",
            as: "gita",
            .page("/people/{adam}"),
            isKey: true,
            after: { world in try await world.hasPasskeys("adam") }
        ),
        Scene(
            "People",
            "passkey of somebody removed",
            as: "gita",
            .fill("/people/{adam}/passkeys/{passkey}/remove", on: "/people/{adam}", typing: []),
            after: { world in try await world.hasPasskeys("adam") }
        ),
        Scene(
            "Requests",
            "to be confirmed with a passkey or the password",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                _ = try await world.reviewed()
                try await world.hasPasskeys("adam")
                _ = try await world.visit("/account", as: "adam")
                world.clock.advance(by: .minutes(12))
            }
        ),
        Scene(
            "Requests",
            "confirmed with a passkey that is none",
            as: "adam",
            .fill(
                "/lockbox/{request}/approve",
                on: "/lockbox/{request}",
                typing: [("passkey", "{}")]
            ),
            status: 422,
            after: { world in
                _ = try await world.reviewed()
                try await world.hasPasskeys("adam")
                _ = try await world.visit("/account", as: "adam")
                world.clock.advance(by: .minutes(12))
            }
        ),
        Scene(
            "Door",
            "a passkey that opens nothing",
            as: nil,
            .fill("/sign-in/passkey", on: "/sign-in", typing: [("passkey", "{}")]),
            status: 422,
            isKey: true
        ),
    ]
}
