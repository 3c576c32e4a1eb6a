import LockboxDomain
import LockboxFixtures
import LockboxService

extension Scene {
    /// Support requests that are answered, closed and reopened.
    static let supportThreads: [Scene] = [
        Scene(
            "Support thread",
            "answered, for its opener",
            as: "sue",
            .page("/support/{support}"),
            isKey: true,
            after: { world in
                try await world.support()
                try await world.answered()
            }
        ),
        Scene(
            "Support thread",
            "for an engineer",
            as: "eve",
            .page("/support/{support}?tenant=contoso"),
            isKey: true,
            after: { world in
                try await world.support()
                try await world.answered()
                try await world.answered("Not for me, it is still empty.", by: "sue")
            }
        ),
        Scene(
            "Support thread",
            "an approver only reads",
            as: "adam",
            .page("/support/{support}"),
            after: { world in
                try await world.support()
                try await world.answered()
            }
        ),
        Scene(
            "Support thread",
            "closed, for an engineer",
            as: "eve",
            .page("/support/{support}?tenant=contoso"),
            isKey: true,
            after: { world in
                try await world.approved()
                try await world.answered()
                try await world.closedSupport("Thank you, it works.", by: "sue")
            }
        ),
        Scene(
            "Support thread",
            "an empty message",
            as: "sue",
            .fill("/support/{support}/write", on: "/support/{support}", typing: [("text", " ")]),
            status: 422,
            after: { world in try await world.support() }
        ),
        Scene(
            "Support thread",
            "an answer is sent",
            as: "eve",
            .fill(
                "/support/{support}/write",
                on: "/support/{support}?tenant=contoso",
                typing: [("text", Texts.hostile)]
            ),
            after: { world in try await world.support() }
        ),
        Scene(
            "Support thread",
            "hostile messages",
            as: "eve",
            .page("/support/{support}?tenant=contoso"),
            after: { world in
                try await world.support(Texts.hostile)
                try await world.answered(Texts.hostile, by: "sue")
                try await world.answered(Texts.long(1900))
            }
        ),
        Scene(
            "Support thread",
            "states in the list",
            as: "eve",
            .page("/support"),
            isKey: true,
            after: { world in
                try await world.support("Search finds nothing")
                try await world.support("Calendar shows the wrong week", by: "tom")
                try await world.answered()
                try await world.support("Mail does not arrive")
                try await world.answered()
                try await world.closedSupport(by: "sue")
            }
        ),
        Scene(
            "Support thread",
            "none of a state",
            as: "sue",
            .page("/support?state=closed"),
            after: { world in try await world.support() }
        ),
        Scene(
            "Support thread",
            "closing, nothing to end",
            as: "sue",
            .page("/support/{support}/close"),
            after: { world in try await world.support() }
        ),
        Scene(
            "Support thread",
            "closing, with what waits and what is open",
            as: "gita",
            .page("/support/{support}/close"),
            isKey: true,
            after: { world in
                try await world.approved()
                try await world.submitted("Look again.", mailboxes: ["adam@contoso.test"])
            }
        ),
        Scene(
            "Support thread",
            "closing, access that its opener cannot end",
            as: "sue",
            .page("/support/{support}/close"),
            after: { world in try await world.approved() }
        ),
        Scene(
            "Support thread",
            "closing, by the engineer who has access",
            as: "eve",
            .page("/support/{support}/close?tenant=contoso"),
            after: { world in try await world.approved() }
        ),
        Scene(
            "Support thread",
            "closing, with a text that cannot be",
            as: "gita",
            .fill(
                "/support/{support}/close",
                on: "/support/{support}/close",
                typing: [("comment", "Thank\u{202E} you.")]
            ),
            status: 422,
            after: { world in try await world.support() }
        ),
        Scene(
            "Support thread",
            "closed, and access ended",
            as: "gita",
            .fill(
                "/support/{support}/close",
                on: "/support/{support}/close",
                typing: [("end", "{request}")]
            ),
            after: { world in try await world.approved() }
        ),
        Scene(
            "Support thread",
            "reopened",
            as: "sue",
            .fill("/support/{support}/reopen", on: "/support/{support}", typing: []),
            after: { world in
                try await world.support()
                try await world.closedSupport(by: "eve")
            }
        ),
    ]
}

extension Scene {
    /// What everybody sees of her own.
    static let myData: [Scene] = [
        Scene("My data", "nobody asked", as: "sue", .page("/my-data")),
        Scene(
            "My data",
            "for whom another opened the support request",
            as: "sue",
            .page("/my-data"),
            isKey: true,
            after: { world in
                try await world.support("Calendar shows the wrong week", by: "tom")
                let both = try await world.submitted(
                    actions: ["read", "write"],
                    mailboxes: ["adam@contoso.test", "sue@contoso.test"]
                )
                _ = try await world.opened(
                    try await world.approved(try await world.reviewed(both))
                )
                _ = try await world.submitted("Look again.")
            }
        ),
        Scene(
            "My data",
            "of its opener",
            as: "sue",
            .page("/my-data"),
            after: { world in try await world.finished(try await world.approved()) }
        ),
        Scene("My data", "of nobody at the provider", as: "eve", .page("/my-data"), status: 404),
    ]
}

extension PortalWorld {
    /// Somebody writes on the support request that the last step was about.
    func answered(
        _ text: String = "We restarted the delivery. Does it work now?",
        by person: String = "eve"
    ) async throws {
        clock.advance(by: .minutes(5))
        _ = try await lockbox.writeOnSupportRequest(
            text,
            on: filled("{support}"),
            tenant: nil,
            by: self.person(person),
            key: nil
        )
    }

    func closedSupport(_ comment: String? = nil, by person: String) async throws {
        clock.advance(by: .minutes(5))
        _ = try await lockbox.closeSupportRequest(
            filled("{support}"),
            tenant: nil,
            comment: comment,
            by: self.person(person),
            key: nil
        )
    }
}
