import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxService

extension Scene {
    /// Support requests, for both sides.
    static let support: [Scene] = [
        Scene("Support", "none yet", as: "sue", .page("/support")),
        Scene("Support", "none yet, for an engineer", as: "eve", .page("/support")),
        Scene(
            "Support",
            "many",
            as: "adam",
            .page("/support"),
            after: { world in
                for number in 1...27 {
                    try await world.support("Mail does not arrive, part \(number)")
                }
            }
        ),
        Scene(
            "Support",
            "of all tenants, for an engineer",
            as: "eve",
            .page("/support"),
            after: { world in
                try await world.support()
                try await world.support("Search finds nothing", by: "frida")
            }
        ),
        Scene(
            "Support",
            "of one tenant, for an engineer",
            as: "eve",
            .page("/support?tenant=fabrikam"),
            after: { world in try await world.support() }
        ),
        Scene(
            "Support",
            "of an unknown tenant",
            as: "eve",
            .page("/support?tenant=nobody"),
            status: 404
        ),
        Scene("Support", "the form", as: "sue", .page("/support/new"), isKey: true),
        Scene(
            "Support",
            "the form, for the provider",
            as: "eve",
            .page("/support/new"),
            status: 404
        ),
        Scene(
            "Support",
            "opened",
            as: "sue",
            .fill(
                "/support/new",
                on: "/support/new",
                typing: [
                    ("subject", "Mail does not arrive"), ("description", "Since this morning."),
                    ("service", "mail"),
                ]
            )
        ),
        Scene(
            "Support",
            "without a subject",
            as: "sue",
            .fill(
                "/support/new",
                on: "/support/new",
                typing: [("description", "Since this morning.")]
            ),
            status: 422
        ),
        Scene(
            "Support",
            "a bad number",
            as: "sue",
            .fill(
                "/support/new",
                on: "/support/new",
                typing: [
                    ("subject", "Mail"), ("description", "It is gone."),
                    ("number", "no number at all!"),
                ]
            ),
            status: 422
        ),
        Scene(
            "Support",
            "a script for an address",
            as: "sue",
            .fill(
                "/support/new",
                on: "/support/new",
                typing: [
                    ("subject", "Mail"), ("description", "It is gone."),
                    ("url", "javascript:alert(1)"),
                ]
            ),
            status: 422
        ),
        Scene(
            "Support",
            "one, untouched",
            as: "sue",
            .page("/support/{support}"),
            after: { world in
                try await world.support(
                    number: "T-1000",
                    url: "https://tickets.contoso.test/T-1000"
                )
            }
        ),
        Scene(
            "Support",
            "one, with access asked for",
            as: "eve",
            .page("/support/{support}?tenant=contoso"),
            after: { world in try await world.approved() }
        ),
        Scene(
            "Support",
            "hostile texts",
            as: "adam",
            .page("/support/{support}"),
            after: { world in
                try await world.support(Texts.hostile, Texts.hostile + Texts.long(4000))
            }
        ),
        Scene(
            "Support",
            "another tenant",
            as: "finn",
            .page("/support/{support}"),
            status: 404,
            after: { world in try await world.support() }
        ),
        Scene(
            "Support",
            "another member’s",
            as: "tom",
            .page("/support/{support}"),
            status: 404,
            after: { world in try await world.support() }
        ),
    ]

    /// One's own account.
    static let account: [Scene] = [
        Scene("Account", "of an approver", as: "adam", .page("/account"), isKey: true),
        Scene("Account", "of an engineer", as: "eve", .page("/account")),
        Scene(
            "Account",
            "a time zone that is not known",
            as: "adam",
            .fill(
                "/account/time-zone",
                on: "/account/time-zone",
                typing: [("timeZone", "Europe/Atlantis")]
            ),
            status: 422
        ),
        Scene(
            "Account",
            "a time zone chosen",
            as: "adam",
            .fill(
                "/account/time-zone",
                on: "/account/time-zone",
                typing: [("timeZone", "Asia/Tokyo")]
            )
        ),
        Scene(
            "Account",
            "letters changed",
            as: "adam",
            .fill("/account/letters", on: "/account", typing: [("wanted", nil)])
        ),
        Scene(
            "Account",
            "an unknown letter",
            as: "adam",
            .fill("/account/letters", on: "/account", typing: [("wanted", "everything")]),
            status: 409
        ),
        Scene(
            "Account",
            "a new token",
            as: "eve",
            .fill("/account/tokens", on: "/account", typing: [("label", "My laptop")])
        ),
        Scene(
            "Account",
            "a token from nowhere",
            as: "adam",
            .fill(
                "/account/tokens",
                on: "/account",
                typing: [
                    ("label", "Nightly"), ("scope", "decide"), ("days", "30"),
                    ("addresses", "10.0.0.1/8"),
                ]
            ),
            status: 422
        ),
        Scene(
            "Account",
            "tokens in use",
            as: "adam",
            .page("/account"),
            isKey: true,
            after: { world in try await world.tokensInUse(of: "adam") }
        ),
        Scene(
            "People",
            "somebody with tokens",
            as: "gita",
            .page("/people/{adam}"),
            isKey: true,
            after: { world in try await world.tokensInUse(of: "adam") }
        ),
        Scene(
            "People",
            "a token is ended",
            as: "gita",
            .fill("/people/{adam}/tokens/{token}/revoke", on: "/people/{adam}", typing: []),
            after: { world in try await world.tokensInUse(of: "adam") }
        ),
        Scene(
            "Account",
            "where no token decides",
            as: "adam",
            .page("/account"),
            after: { world in try await world.policy { $0.withheldFromTokens = .decide } }
        ),
        Scene(
            "Account",
            "a new token, with a wrong password",
            as: "eve",
            .fill(
                "/account/tokens",
                on: "/account",
                typing: [("label", "My laptop"), ("password", "wrong horse")]
            ),
            status: 422,
            after: { world in
                _ = try await world.visit("/account", as: "eve")
                world.clock.advance(by: .minutes(12))
            }
        ),
        Scene(
            "Account",
            "with a token",
            as: "eve",
            .page("/account"),
            after: { world in
                _ = try await world.fill(
                    "/account/tokens",
                    on: "/account",
                    typing: [("label", Texts.hostile)],
                    as: "eve"
                )
            }
        ),
        Scene(
            "Account",
            "signed in elsewhere too",
            as: "adam",
            .page("/account"),
            after: { world in
                _ = try await world.visit("/account", as: "adam")
                _ = try await world.sessions.begin(
                    email: Fixture.adam.email.text,
                    password: PortalWorld.password,
                    from: ClientKey(address: "192.0.2.7")
                )
            }
        ),
        Scene(
            "Account",
            "a new password",
            as: "adam",
            .fill(
                "/account/password",
                on: "/account",
                typing: newPassword("otter lamp violin tram")
            )
        ),
        Scene(
            "Account",
            "a new password that others would guess",
            as: "adam",
            .fill("/account/password", on: "/account", typing: newPassword("password1234")),
            status: 422
        ),
        Scene(
            "Account",
            "signed out everywhere",
            as: "adam",
            .fill("/account/sign-out-everywhere", on: "/account", typing: [])
        ),
    ]

    private static func newPassword(_ new: String) -> [(String, String?)] {
        [("password", PortalWorld.password), ("newPassword", new), ("newPasswordAgain", new)]
    }

    /// The audit log.
    static let audit: [Scene] = [
        Scene(
            "Audit",
            "newest first",
            as: "uma",
            .page("/audit"),
            isKey: true,
            after: { world in
                let request = try await world.approved()
                _ = try await world.opened(request)
                try await world.finished(request)
            }
        ),
        Scene(
            "Audit",
            "a search",
            as: "adam",
            .page("/audit?text=delivery+queue&activity=request.submitted"),
            after: { world in try await world.submitted() }
        ),
        Scene(
            "Audit",
            "everything",
            as: "uma",
            .page("/audit?activity=all"),
            isKey: true,
            after: { world in try await world.policy { $0.requireApproval = false } }
        ),
        Scene(
            "Audit",
            "one access from beginning to end",
            as: "uma",
            .page("/audit/requests/{request}"),
            isKey: true,
            after: { world in
                let request = try await world.reviewed(
                    try await world.submitted(actions: ["read", "write"])
                )
                for number in 1...7 {
                    try await world.said("Question \(number)?", on: request, by: "adam")
                }
                let given = try await world.approved(request, .yes("One hour.", for: .hours(1)))
                _ = try await world.opened(given)
                try await world.finished(given)
                try await world.removing()
            }
        ),
        Scene(
            "Audit",
            "one access that was denied, hostile texts",
            as: "adam",
            .page("/audit/requests/{request}"),
            after: { world in
                let request = try await world.reviewed(try await world.submitted(Texts.hostile))
                try await world.decide(.no(Texts.hostile), on: request, by: "adam")
            }
        ),
        Scene(
            "Audit",
            "the report of a month",
            as: "uma",
            .page("/audit/report"),
            after: { world in
                let used = try await world.approved()
                _ = try await world.opened(used)
                try await world.finished(used)
                try await world.removing()
                let unused = try await world.approved(
                    try await world.reviewed(
                        try await world.submitted(
                            "See why the rules fail.",
                            actions: ["read", "write"]
                        )
                    )
                )
                try await world.finished(unused)
                _ = try await world.approved()
                try await world.submitted()
                let denied = try await world.reviewed(try await world.submitted(Texts.hostile))
                try await world.decide(.no(Texts.hostile), on: denied, by: "adam")
            }
        ),
        Scene(
            "Audit",
            "the report of a month without requests",
            as: "uma",
            .page("/audit/report?month=2025-01")
        ),
        Scene(
            "Audit",
            "one access of another tenant",
            as: "finn",
            .page("/audit/requests/{request}"),
            status: 404,
            after: { world in try await world.submitted() }
        ),
        Scene(
            "Audit",
            "one access, not for plain members",
            as: "sue",
            .page("/audit/requests/{request}"),
            status: 403,
            after: { world in try await world.submitted() }
        ),
        Scene("Audit", "nothing found", as: "uma", .page("/audit?person=nobody+at+all")),
        Scene(
            "Audit",
            "a bad day and number",
            as: "uma",
            .page("/audit?from=yesterday&request=17")
        ),
        Scene(
            "Audit",
            "hostile search",
            as: "uma",
            .page(
                "/audit?text=%3Cscript%3Ealert(%22x%22)%3C%2Fscript%3E&person=%22%3E%3Cimg%20src%3Dx%3E"
            )
        ),
        Scene("Audit", "of the provider", as: "vera", .page("/audit")),
        Scene("Audit", "not for engineers", as: "eve", .page("/audit"), status: 403),
        Scene("Audit", "not for plain members", as: "sue", .page("/audit"), status: 403),
        Scene(
            "Audit",
            "one record",
            as: "uma",
            .page("/audit/record/5"),
            isKey: true,
            after: { world in try await world.submitted() }
        ),
        Scene(
            "Audit",
            "a record with hostile texts",
            as: "uma",
            .page("/audit/record/6"),
            after: { world in try await world.support(Texts.hostile, Texts.hostile) }
        ),
        Scene(
            "Audit",
            "a record of what was done",
            as: "uma",
            .page("/audit/record/11"),
            after: { world in
                let issued = try await world.opened(try await world.approved())
                let plans = (0..<120).map { "/plans/\($0)?draft=1" }
                try await world.worked(issued, at: [Texts.hostile] + plans)
            }
        ),
        Scene("Audit", "no such record", as: "uma", .page("/audit/record/4711"), status: 404),
        Scene("Audit", "no record at all", as: "uma", .page("/audit/record/-1"), status: 404),
        Scene(
            "Audit",
            "verified",
            as: "uma",
            .fill("/audit/verify", on: "/audit", typing: []),
            isKey: true,
            after: { world in try await world.approved() }
        ),
        Scene(
            "Audit",
            "verified too often",
            as: "uma",
            .fill("/audit/verify", on: "/audit", typing: []),
            status: 429,
            after: { world in
                for _ in 0..<5 {
                    _ = try await world.fill("/audit/verify", on: "/audit", typing: [], as: "uma")
                }
            }
        ),
    ]
}
