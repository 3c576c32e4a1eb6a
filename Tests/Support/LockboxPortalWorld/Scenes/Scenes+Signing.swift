import LockboxDomain
import LockboxFixtures

extension Scene {
    /// Approvals that are signed, and the keys that sign them.
    static let signing = [
        Scene(
            "Signing",
            "a request whose approval is signed",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.policy { $0.signedApprovals = .required }
                _ = try await world.reviewed()
            }
        ),
        Scene(
            "Signing",
            "what is signed",
            as: "adam",
            .fill(
                "/lockbox/{request}/approve",
                on: "/lockbox/{request}",
                typing: [("extent", "all"), ("comment", "Go ahead.")]
            ),
            isKey: true,
            after: { world in
                try await world.policy { $0.signedApprovals = .required }
                _ = try await world.addPasskey("Phone", of: "adam")
                _ = try await world.reviewed()
            }
        ),
        Scene(
            "Signing",
            "nothing to sign with",
            as: "adam",
            .fill(
                "/lockbox/{request}/approve",
                on: "/lockbox/{request}",
                typing: [("extent", "all")]
            ),
            after: { world in
                try await world.policy { $0.signedApprovals = .required }
                _ = try await world.reviewed()
            }
        ),
        Scene(
            "Signing",
            "a key to confirm",
            as: "gita",
            .page("/people/{adam}"),
            isKey: true,
            after: { world in
                try await world.policy { $0.signedApprovals = .required }
                _ = try await world.addPasskey("Phone", of: "adam")
            }
        ),
        Scene(
            "Signing",
            "review of requiring signatures",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("signed", "required")]),
            isKey: true
        ),
        Scene(
            "Signing",
            "review of signatures no more",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("signed", "off")]),
            after: { world in try await world.policy { $0.signedApprovals = .required } }
        ),
        Scene(
            "Signing",
            "nothing chosen",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("signed", nil)]),
            status: 422
        ),
    ]

    /// Rules whose changes are signed, and ends of access for which a signature is asked.
    static let signedChanges = [
        Scene(
            "Signed changes",
            "review of requiring them",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("changes", "required")]),
            isKey: true
        ),
        Scene(
            "Signed changes",
            "review of what is stricter and looser",
            as: "gita",
            .fill(
                "/settings/review",
                on: "/settings",
                typing: [("cap", "8"), ("window", "6"), ("changes", "required")]
            ),
            after: { world in
                try await world.policy {
                    $0.approvalsNeeded = 2
                    $0.signedChanges = .required
                }
            }
        ),
        Scene(
            "Signed changes",
            "nothing chosen",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("changes", nil)]),
            status: 422
        ),
        Scene(
            "Signed changes",
            "rules to sign",
            as: "gita",
            .send(
                "/settings",
                confirmed([
                    ("changes", "required"), ("version", "2"),
                    ("seen", "on PT12H PT4H 1 0 P1D on none off off required"),
                ])
            ),
            isKey: true,
            after: { world in
                try await world.policy { $0.signedChanges = .required }
                _ = try await world.addPasskey("Phone", of: "gita")
            }
        ),
        Scene(
            "Signed changes",
            "rules to sign that somebody else changed meanwhile",
            as: "gita",
            .send("/settings", confirmed()),
            status: 409,
            after: { world in try await world.policy { $0.signedChanges = .required } }
        ),
        Scene(
            "Signed changes",
            "rules that are sent unsigned",
            as: "gita",
            .send("/settings/sign", confirmed([("changes", "required"), ("version", "2")])),
            status: 422,
            after: { world in try await world.policy { $0.signedChanges = .required } }
        ),
        Scene(
            "Signed changes",
            "looser rules to agree to",
            as: "adam",
            .fill(
                "/settings/rules/\(Fixture.policyChange.id.text)/agree",
                on: "/settings",
                typing: []
            ),
            isKey: true,
            after: { world in
                try await world.looserRulesWait(whereSigned: true)
                _ = try await world.addPasskey("Phone", of: "adam")
            }
        ),
        Scene(
            "Signed changes",
            "access that can be stopped with a signature",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                try await world.policy { $0.signedChanges = .required }
                _ = try await world.approved()
            }
        ),
        Scene(
            "Signed changes",
            "the end of access to sign",
            as: "adam",
            .fill(
                "/lockbox/{request}/stop",
                on: "/lockbox/{request}",
                typing: [("step", "sign"), ("comment", "Enough.")]
            ),
            isKey: true,
            after: { world in
                try await world.policy { $0.signedChanges = .required }
                _ = try await world.addPasskey("Phone", of: "adam")
                _ = try await world.approved()
            }
        ),
        Scene(
            "Signed changes",
            "the end of access with nothing to sign with",
            as: "adam",
            .fill(
                "/lockbox/{request}/stop",
                on: "/lockbox/{request}",
                typing: [("step", "sign")]
            ),
            after: { world in
                try await world.policy { $0.signedChanges = .required }
                _ = try await world.approved()
            }
        ),
        Scene(
            "Signed changes",
            "stopped unsigned",
            as: "adam",
            .fill("/lockbox/{request}/stop", on: "/lockbox/{request}", typing: []),
            after: { world in
                try await world.policy { $0.signedChanges = .required }
                _ = try await world.approved()
            }
        ),
    ]
}
