import LockboxDomain

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
}
