import LockboxDomain
import LockboxFixtures

/// Lists that are searched, and worked through.
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
        Scene(
            "Requests",
            "by deadline, some to tick",
            as: "adam",
            .page("/lockbox?sort=deadline"),
            isKey: true,
            after: { world in try await world.severalWait() }
        ),
    ]

    /// Last of all: their forms are of a kind that no other page has, and their worlds are large.
    static let several: [Scene] =
        [
            Scene("Several", "nothing ticked", as: "adam", .page("/lockbox/deny")),
            Scene(
                "Several",
                "to be denied",
                as: "adam",
                .page("/lockbox/deny?matching=yes"),
                isKey: true,
                after: { world in try await world.severalWait() }
            ),
            Scene(
                "Several",
                "without a reason",
                as: "adam",
                .fill(
                    "/lockbox/deny",
                    on: "/lockbox/deny?matching=yes",
                    typing: [("comment", nil)]
                ),
                status: 422,
                after: { world in try await world.severalWait() }
            ),
            Scene(
                "Several",
                "denied, one was settled",
                as: "adam",
                .fill(
                    "/lockbox/deny",
                    on: "/lockbox/deny?matching=yes",
                    typing: [("comment", "Ask us by phone first.")],
                    meanwhile: { world in try await world.latest(decided: .no("No."), by: "gita") }
                ),
                isKey: true,
                after: { world in try await world.severalWait() }
            ),
            Scene("Several", "not for auditors", as: "uma", .page("/lockbox/deny"), status: 403),
            Scene(
                "Several",
                "to be stopped",
                as: "adam",
                .page("/lockbox/stop"),
                isKey: true,
                after: { world in try await world.severalAreOpen() }
            ),
            Scene(
                "Several",
                "stopped",
                as: "adam",
                .fill("/lockbox/stop", on: "/lockbox/stop?engineer={max}", typing: []),
                isKey: true,
                after: { world in try await world.severalAreOpen() }
            ),
            Scene(
                "Several",
                "ways to stop",
                as: "adam",
                .page("/lockbox/live"),
                after: { world in try await world.severalAreOpen() }
            ),
            Scene("Several", "nothing to stop", as: "adam", .page("/lockbox/stop")),
            Scene("Keys", "of an approver", as: "adam", .page("/keys"), isKey: true),
            Scene("Keys", "of an engineer", as: "eve", .page("/keys")),
            Scene(
                "People",
                "searched",
                as: "gita",
                .page("/people?text=MEMBER+NUMBER+1&role=members"),
                after: { world in
                    try await world.crowded(requests: 0, waiting: 0, open: 0, people: 60)
                }
            ),
            Scene("People", "found nobody", as: "gita", .page("/people?text=nobody&role=off")),
        ] + crowd

    /// As many as there may ever be.
    private static let crowd: [Scene] =
        ["/overview", "/lockbox", "/lockbox/live", "/people"].map {
            path in
            Scene(
                "Crowd",
                "10,000 requests, 5,000 people at \(path)",
                as: "gita",
                .page(path),
                after: { world in
                    try await world.crowded(requests: 9_880, waiting: 116, open: 4, people: 5_000)
                }
            )
        }
}

extension PortalWorld {
    /// Three requests that wait for the customer, one of them to change something.
    fileprivate func severalWait() async throws {
        _ = try await reviewed()
        _ = try await reviewed(
            try await submitted("Mend the index of the mailbox.", actions: ["read", "write"])
        )
        _ = try await reviewed(try await submitted("Look at the rules.", by: "max"))
    }

    /// Access of two engineers, and some that has not begun.
    fileprivate func severalAreOpen() async throws {
        _ = try await approved()
        _ = try await approved(try await reviewed(try await submitted(by: "max")))
        _ = try await approved(
            try await reviewed(try await submitted(notBefore: clock.now() + .hours(20)))
        )
    }
}
