import LockboxDomain
import LockboxFixtures
import LockboxOIDC
import LockboxTestProvider

extension Scene {
    /// Coming in and going out.
    static let door = [
        Scene("Door", "sign in", as: nil, .page("/sign-in")),
        Scene("Door", "sent here from a page", as: nil, .page("/?from=a%20b")),
        Scene("Door", "signed out", as: "adam", .fill("/sign-out", on: "/account", typing: [])),
        Scene(
            "Door",
            "wrong password",
            as: nil,
            .fill(
                "/sign-in",
                on: "/sign-in",
                typing: [("email", "adam@contoso.test"), ("password", "wrong horse")]
            ),
            status: 422,
            isKey: true
        ),
        Scene(
            "Door",
            "hostile address",
            as: nil,
            .fill(
                "/sign-in",
                on: "/sign-in",
                typing: [("email", Texts.hostile), ("password", "x")]
            ),
            status: 422
        ),
        Scene("Door", "invitation", as: nil, .page("/invitation/{invitation}"), isKey: true) {
            world in
            try await world.invited("sue")
        },
        Scene(
            "Door",
            "invitation, wrong code",
            as: nil,
            .fill(
                "/invitation/{invitation}",
                on: "/invitation/{invitation}",
                typing: [("code", "AAAA-AAAA-AAAA")] + PortalWorld.chosen
            ),
            status: 422,
            isKey: true,
            after: { world in try await world.invited("sue") }
        ),
        Scene(
            "Door",
            "invitation, password that others would guess",
            as: nil,
            .fill(
                "/invitation/{invitation}",
                on: "/invitation/{invitation}",
                typing: [
                    ("code", "{code}"), ("newPassword", "contoso-contoso"),
                    ("newPasswordAgain", "contoso-contoso"),
                ]
            ),
            status: 422,
            after: { world in try await world.invited("sue") }
        ),
        Scene(
            "Door",
            "invitation used already",
            as: nil,
            .page("/invitation/{invitation}"),
            status: 410,
            isKey: true
        ) { world in
            try await world.invited("sue")
            try await world.chosePassword()
        },
        Scene(
            "Door",
            "invitation too old",
            as: nil,
            .page("/invitation/{invitation}"),
            status: 410,
            isKey: true
        ) { world in
            try await world.invited("sue")
            world.clock.advance(by: .hours(72))
        },
        Scene(
            "Door",
            "invitation of somebody else",
            as: "adam",
            .page("/invitation/{invitation}"),
            status: 409,
            isKey: true
        ) { world in
            try await world.invited("sue")
        },
        Scene(
            "Door",
            "invitation that there is not",
            as: nil,
            .page("/invitation/x"),
            status: 404
        ),
        Scene("Door", "forgotten password", as: nil, .page("/forgotten-password"), isKey: true),
        Scene(
            "Door",
            "forgotten password, sent",
            as: nil,
            .fill(
                "/forgotten-password",
                on: "/forgotten-password",
                typing: [("email", "sue@contoso.test")]
            ),
            isKey: true
        ),
        Scene(
            "Door",
            "too many attempts",
            as: nil,
            .fill(
                "/sign-in",
                on: "/sign-in",
                typing: [("email", "adam@contoso.test"), ("password", "wrong horse")]
            ),
            status: 429,
            after: { world in
                for _ in 0..<30 {
                    let form = [("email", "adam@contoso.test"), ("password", "wrong horse")]
                    _ = try await world.send("/sign-in", form: form, as: nil)
                }
            }
        ),
    ]

    /// Where an organisation has a provider of its own.
    static let elsewhere = [
        Scene(
            "Door",
            "address first",
            as: nil,
            .page("/sign-in"),
            after: { try await $0.signsInElsewhere() }
        ),
        Scene(
            "Door",
            "on to the organisation's own sign-in",
            as: nil,
            .fill("/sign-in", on: "/sign-in", typing: [("email", "adam@contoso.test")]),
            isKey: true,
            after: { try await $0.signsInElsewhere() }
        ),
        Scene(
            "Door",
            "there, or with a password",
            as: nil,
            .fill("/sign-in", on: "/sign-in", typing: [("email", "adam@contoso.test")]),
            after: { try await $0.signsInElsewhere(passwords: true) }
        ),
        Scene(
            "Door",
            "address of another domain",
            as: nil,
            .fill("/sign-in", on: "/sign-in", typing: [("email", "frida@fabrikam.test")]),
            after: { try await $0.signsInElsewhere() }
        ),
        Scene(
            "Door",
            "the organisation's own sign-in is down",
            as: nil,
            .fill("/sign-in", on: "/sign-in", typing: [("email", "adam@contoso.test")]),
            status: 503,
            after: { world in
                try await world.signsInElsewhere()
                world.provider.fail(with: ProviderFault(.unreachable, "answered 500"))
            }
        ),
        Scene(
            "Door",
            "back from a sign-in that was not begun here",
            as: nil,
            .page("/oidc/callback?code=a&state=b"),
            status: 403,
            isKey: true,
            after: { try await $0.signsInElsewhere() }
        ),
        Scene(
            "Door",
            "signed out here and not there",
            as: "adam",
            .fill("/sign-out", on: "/lockbox", typing: []),
            isKey: true,
            after: { world in
                try await world.signsInElsewhere(passwords: true)
                try await world.cameFromElsewhere("adam")
                world.provider.saysWhereToSignOut()
            }
        ),
        Scene(
            "Door",
            "a decision to be confirmed elsewhere",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                try await world.reviewed()
                try await world.signsInElsewhere()
                try await world.cameFromElsewhere("adam")
                try await world.after(.minutes(11))
            }
        ),
    ]

    /// Pages that nobody asked for.
    static let errors = [
        Scene("Errors", "unknown page", as: "adam", .page("/no-such-page"), status: 404),
        Scene(
            "Errors",
            "unknown page, nobody signed in",
            as: nil,
            .page("/no-such-page"),
            status: 404
        ),
        Scene("Errors", "page of the other side", as: "adam", .page("/work"), status: 404),
        Scene(
            "Errors",
            "form of another site",
            as: "adam",
            .send("/sign-out", [("csrf", "guessed")]),
            status: 403
        ),
        Scene(
            "Errors",
            "too much",
            as: "adam",
            .send("/sign-out", [("text", String(repeating: "x", count: 70_000))]),
            status: 413
        ),
        Scene(
            "Errors",
            "database away",
            as: "adam",
            .page("/"),
            status: 503,
            after: { world in
                _ = try await world.visit("/sign-in", as: "adam")
                world.store.setBroken(true)
            }
        ),
    ]
}
