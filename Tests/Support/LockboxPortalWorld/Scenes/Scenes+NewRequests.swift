import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService

extension Scene {
    // MARK: - New requests

    private static let form = "/requests/new"
    private static let filled: [(String, String?)] = [
        ("pick", "mail mailbox:sue@contoso.test"), ("amount", "90"), ("unit", "minutes"),
        ("reason", PortalWorld.reason), ("intent", "preview"),
    ]
    private static let prefilled = "/requests/new?tenant=contoso&support={support}"

    /// The way to a new request.
    static let newRequest: [Scene] = newRequestPages + newRequestForms

    private static let newRequestPages: [Scene] = [
        Scene(
            "New request",
            "whose data",
            as: "eve",
            .page(form),
            after: { try await $0.support() }
        ),
        Scene("New request", "from a support request", as: "eve", .page(prefilled), isKey: true) {
            try await $0.support()
        },
        Scene(
            "New request",
            "from a choice of tenant",
            as: "max",
            .page("/requests/new?tenant=fabrikam")
        ),
        Scene(
            "New request",
            "one number at two tenants",
            as: "eve",
            .page("/requests/new?support=CASE-7"),
            after: { world in
                try await world.support(number: "CASE-7", by: "sue")
                try await world.support(number: "CASE-7", by: "frida")
            }
        ),
        Scene(
            "New request",
            "extension",
            as: "eve",
            .page("/requests/new?extends={request}"),
            isKey: true,
            after: { world in
                try await world.approved(
                    try await world.reviewed(
                        try await world.submitted(for: .minutes(90), actions: ["read", "write"])
                    )
                )
            }
        ),
        Scene(
            "New request",
            "the customer is not asked",
            as: "eve",
            .page(prefilled),
            after: { world in
                try await world.support()
                try await world.policy { $0.requireApproval = false }
            }
        ),
        Scene("New request", "too many resources to tick", as: "eve", .page(prefilled)) { world in
            try await world.support()
            try await world.manyResources()
        },
        Scene(
            "New request",
            "too many, and a search",
            as: "eve",
            .page(prefilled + "&find=box1&pick=mail+mailbox:box7@contoso.test"),
            isKey: true
        ) { world in
            try await world.support()
            try await world.manyResources()
        },
        Scene(
            "New request",
            "unknown tenant",
            as: "eve",
            .page("/requests/new?tenant=nobody"),
            status: 404
        ),
        Scene("New request", "not for managers", as: "mark", .page(form), status: 403),
    ]

    private static let newRequestForms: [Scene] = [
        Scene(
            "New request",
            "preview",
            as: "eve",
            .fill(form, on: prefilled, typing: filled),
            isKey: true
        ) {
            try await $0.support()
        },
        Scene(
            "New request",
            "preview, several and later",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled + [
                    ("pick", "mail mailbox:adam@contoso.test"),
                    ("actions mail mailbox:adam@contoso.test", "write"),
                    ("start", "2026-11-24T06:30"),
                ]
            )
        ) { world in
            try await world.support()
            try await world.policy { $0.approvalsNeeded = 2 }
        },
        Scene(
            "New request",
            "preview, not licensed",
            as: "eve",
            .fill(form, on: prefilled, typing: filled)
        ) { world in
            try await world.support()
            try await world.licenceWithdrawn()
        },
        Scene(
            "New request",
            "preview, found by a search",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled.filter { $0.0 != "pick" } + [
                    ("pick", "mail mailbox:box7@contoso.test"),
                    ("pick", "mail mailbox:box8@contoso.test"),
                    ("actions mail mailbox:box8@contoso.test", "write"),
                ]
            )
        ) { world in
            try await world.support()
            try await world.manyResources()
        },
        Scene(
            "New request",
            "preview, hostile",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled.filter { $0.0 != "reason" } + [("reason", Texts.hostile)]
            )
        ) { try await $0.support(Texts.hostile, Texts.hostile) },
        Scene(
            "New request",
            "back from the preview",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled.filter { $0.0 != "intent" } + [("intent", "edit")]
            )
        ) { try await $0.support() },
        Scene(
            "New request",
            "sent",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled.filter { $0.0 != "intent" } + [("intent", "send")]
            ),
            isKey: true
        ) { try await $0.support() },
        Scene(
            "New request",
            "all wrong",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: [
                    ("pick", nil), ("amount", "two"), ("start", "yesterday"), ("reason", "short"),
                    ("supportRequest", nil), ("intent", "preview"),
                ]
            ),
            status: 422,
            isKey: true
        ) { try await $0.support() },
        Scene(
            "New request",
            "too long",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled.filter { $0.0 != "amount" } + [("amount", "900")]
            ),
            status: 422
        ) { try await $0.support() },
        Scene(
            "New request",
            "unknown support request",
            as: "eve",
            .fill(form, on: prefilled, typing: filled + [("supportRequest", "SR-0000000000")]),
            status: 422
        ) { try await $0.support() },
        Scene(
            "New request",
            "another tenant’s resource",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled + [("pick", "mail mailbox:frida@fabrikam.test")]
            ),
            status: 422
        ) { try await $0.support() },
        Scene(
            "New request",
            "nobody could approve",
            as: "eve",
            .fill(
                form,
                on: prefilled,
                typing: filled.filter { $0.0 != "intent" } + [("intent", "send")]
            ),
            status: 422
        ) { world in
            try await world.policy { $0.approvalsNeeded = 2 }
            try await world.disabled("adam")
            try await world.support()
        },
    ]
}
