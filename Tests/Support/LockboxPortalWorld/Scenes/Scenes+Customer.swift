import LockboxDomain
import LockboxFixtures
import LockboxService

extension Scene {
    /// The admin centre's first page.
    static let overview: [Scene] = [
        Scene("Overview", "nothing ever happened", as: "adam", .page("/overview"), isKey: true),
        Scene(
            "Overview",
            "a request needs a decision",
            as: "adam",
            .page("/overview"),
            isKey: true,
            after: { world in try await world.reviewed() }
        ),
        Scene(
            "Overview",
            "the provider still reviews",
            as: "uma",
            .page("/overview"),
            after: { world in try await world.submitted() }
        ),
        Scene(
            "Overview",
            "access is open, history",
            as: "adam",
            .page("/overview"),
            after: { world in
                try await world.finished(try await world.approved())
                let no = try await world.reviewed(
                    try await world.submitted("Try again, in another way this time.")
                )
                try await world.decide(.no("Not today."), on: no, by: "adam")
                world.clock.advance(by: .minutes(15))
                let open = try await world.approved(
                    try await world.reviewed(try await world.submitted())
                )
                _ = try await world.opened(open)
                _ = try await world.reviewed(
                    try await world.submitted(for: .minutes(30), actions: ["read", "write"])
                )
            }
        ),
        Scene(
            "Overview",
            "a service does not confirm the end",
            as: "adam",
            .page("/overview"),
            after: { world in
                try await world.revoked(try await world.approved())
                try await world.removing(problem: "doveadm does not answer")
            }
        ),
        Scene(
            "Overview",
            "nobody could approve",
            as: "uma",
            .page("/overview"),
            after: { world in
                try await world.policy { $0.approvalsNeeded = 2 }
                try await world.disabled("adam")
            }
        ),
        Scene(
            "Overview",
            "approval is switched off",
            as: "gita",
            .page("/overview"),
            after: { world in try await world.policy { $0.requireApproval = false } }
        ),
        Scene(
            "Overview",
            "the plan lacks it",
            as: "gita",
            .page("/overview"),
            after: { world in try await world.licenceWithdrawn() }
        ),
        Scene("Overview", "not for plain members", as: "tom", .page("/overview"), status: 404),
        Scene(
            "Overview",
            "another tenant",
            as: "finn",
            .page("/overview"),
            after: { try await $0.reviewed() }
        ),
    ]

    /// One request in each of its states, and what its forms answer.
    static let requests: [Scene] = requestLists + requestStates + requestForms

    private static let requestLists: [Scene] = [
        Scene("Requests", "none", as: "adam", .page("/lockbox")),
        Scene("Requests", "none in this state", as: "adam", .page("/lockbox?state=denied")),
        Scene(
            "Requests",
            "many",
            as: "adam",
            .page("/lockbox"),
            after: { world in
                for number in 1...30 {
                    try await world.withdrawn(
                        try await world.submitted("Attempt \(number) to find the lost letters.")
                    )
                }
            }
        ),
        Scene(
            "Requests",
            "of one's own support request",
            as: "sue",
            .page("/lockbox"),
            after: { world in try await world.approved() }
        ),
        Scene(
            "Requests",
            "hostile texts",
            as: "adam",
            .page("/lockbox"),
            after: { world in try await world.submitted(Texts.hostile) }
        ),
    ]

    private static let requestStates: [Scene] = [
        Scene(
            "Request",
            "with the provider’s manager",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { try await $0.submitted() }
        ),
        Scene(
            "Request",
            "needs a decision",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Request",
            "needs a decision, several resources and changes",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.reviewed(
                    try await world.submitted(
                        for: .hours(4),
                        actions: ["read", "write"],
                        mailboxes: ["sue@contoso.test", "adam@contoso.test"]
                    )
                )
            }
        ),
        Scene(
            "Request",
            "password is asked again",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                _ = try await world.visit("/account", as: "adam")
                try await world.reviewed()
                world.clock.advance(by: .minutes(20))
            }
        ),
        Scene(
            "Request",
            "quorum, half reached, for who has decided",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                try await world.policy { $0.approvalsNeeded = 2 }
                try await world.approved(
                    try await world.reviewed(),
                    .yes("Fine with me.", for: .hours(1))
                )
            }
        ),
        Scene(
            "Request",
            "quorum, half reached, for who has not",
            as: "gita",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.policy { $0.approvalsNeeded = 2 }
                try await world.approved(
                    try await world.reviewed(),
                    .yes("Fine with me.", for: .hours(1))
                )
            }
        ),
        Scene(
            "Request",
            "for an auditor",
            as: "uma",
            .page("/lockbox/{request}"),
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Request",
            "for the member who asked for help",
            as: "sue",
            .page("/lockbox/{request}"),
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Request",
            "questions and answers",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                let request = try await world.reviewed()
                try await world.said("Do you need the whole mailbox?", on: request, by: "adam")
                try await world.said(
                    "Only the inbox, of the last week.\nThank you!",
                    on: request,
                    by: "eve"
                )
            }
        ),
        Scene(
            "Request",
            "hostile and long texts",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                let engineer = Fixture.person(
                    91,
                    Texts.hostileName,
                    "mallory@example-cloud.test",
                    .engineer,
                    at: .provider
                )
                try await world.welcome(engineer)
                try await world.support(Texts.hostile, Texts.hostile + Texts.long(3000), by: "sue")
                let request = try await world.reviewed(
                    try await world.submitted(Texts.hostile + Texts.long(1800), by: "mallory")
                )
                try await world.said(Texts.hostile + Texts.rightToLeft, on: request, by: "adam")
            }
        ),
        Scene(
            "Request",
            "scheduled",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.approved(
                    try await world.reviewed(
                        try await world.submitted(notBefore: world.clock.now() + .hours(20))
                    )
                )
            }
        ),
        Scene(
            "Request",
            "access open and used",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in _ = try await world.opened(try await world.approved()) }
        ),
        Scene(
            "Request",
            "access open, with what was done",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                let issued = try await world.opened(try await world.approved())
                let plans = (0..<14).map { "/plans/\($0)?draft=1" }
                try await world.worked(issued, at: plans + ["/plans/1", Texts.hostile])
            }
        ),
        Scene(
            "Request",
            "ended, with what was done",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                let request = try await world.approved()
                let issued = try await world.opened(request)
                try await world.worked(issued, at: ["/plans/1", "/plans/2", "/plans/1"])
                try await world.finished(request, comment: "Fixed.")
                try await world.removing()
            }
        ),
        Scene(
            "Request",
            "ended, finished by the engineer",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                let request = try await world.approved()
                _ = try await world.opened(request)
                try await world.finished(request, comment: "It was a full disk. Fixed.")
                try await world.removing()
            }
        ),
        Scene(
            "Request",
            "ended, a service does not confirm",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.revoked(try await world.approved(), comment: "Enough.")
                try await world.removing(problem: "doveadm does not answer")
            }
        ),
        Scene(
            "Request",
            "denied",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.decide(
                    .no("Ask Sue to send you the letters instead."),
                    on: try await world.reviewed(),
                    by: "adam"
                )
            }
        ),
        Scene(
            "Request",
            "rejected by the provider",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.decide(
                    .no("Not needed."),
                    on: try await world.submitted(),
                    by: "mark"
                )
            }
        ),
        Scene(
            "Request",
            "withdrawn",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                try await world.withdrawn(
                    try await world.reviewed(),
                    comment: "Found it another way."
                )
            }
        ),
        Scene(
            "Request",
            "expired",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                try await world.reviewed()
                try await world.after(.hours(13))
            }
        ),
        Scene(
            "Request",
            "another tenant",
            as: "finn",
            .page("/lockbox/{request}"),
            status: 404,
            after: { try await $0.reviewed() }
        ),
        Scene("Request", "unknown", as: "adam", .page("/lockbox/LBX-0000000000"), status: 404),
        Scene(
            "Request",
            "not about a member’s own support request",
            as: "tom",
            .page("/lockbox/{request}"),
            status: 404,
            after: { try await $0.reviewed() }
        ),
    ]

    private static let approve = "/lockbox/{request}/approve"

    private static let requestForms: [Scene] = [
        Scene(
            "Decision",
            "approved",
            as: "adam",
            .fill(approve, on: "/lockbox/{request}", typing: []),
            isKey: true,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "approved less",
            as: "adam",
            .fill(
                approve,
                on: "/lockbox/{request}",
                typing: [
                    ("duration", "PT30M"), ("write", nil), ("comment", "Look, but do not touch."),
                ]
            ),
            after: { world in
                try await world.reviewed(try await world.submitted(actions: ["read", "write"]))
            }
        ),
        Scene(
            "Decision",
            "approved nothing",
            as: "adam",
            .fill(approve, on: "/lockbox/{request}", typing: [("keep", nil)]),
            status: 422,
            after: { world in
                try await world.reviewed(
                    try await world.submitted(mailboxes: ["sue@contoso.test", "adam@contoso.test"])
                )
            }
        ),
        Scene(
            "Decision",
            "approved more than asked",
            as: "adam",
            .fill(approve, on: "/lockbox/{request}", typing: [("duration", "PT23H")]),
            status: 422,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "wrong password",
            as: "adam",
            .fill(approve, on: "/lockbox/{request}", typing: [("password", "wrong horse")]),
            status: 422,
            after: { world in
                _ = try await world.visit("/account", as: "adam")
                try await world.reviewed()
                world.clock.advance(by: .minutes(20))
            }
        ),
        Scene(
            "Decision",
            "denied",
            as: "adam",
            .fill(
                "/lockbox/{request}/deny",
                on: "/lockbox/{request}",
                typing: [("comment", "Not this week.")]
            ),
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "denied without a reason",
            as: "adam",
            .fill("/lockbox/{request}/deny", on: "/lockbox/{request}", typing: [("comment", nil)]),
            status: 422,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "another approver was quicker",
            as: "adam",
            .fill(
                approve,
                on: "/lockbox/{request}",
                typing: [("comment", "Go ahead.")],
                meanwhile: { world in
                    try await world.latest(decided: .no("Not on a Monday."), by: "gita")
                }
            ),
            status: 409,
            isKey: true,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "expired while the page was open",
            as: "adam",
            .fill(
                approve,
                on: "/lockbox/{request}",
                typing: [("password", PortalWorld.password)],
                meanwhile: { world in world.clock.advance(by: .minutes(16)) }
            ),
            status: 409,
            after: { world in
                try await world.policy { $0.decisionWindow = .minutes(15) }
                try await world.reviewed()
            }
        ),
        Scene(
            "Decision",
            "a message came in meanwhile",
            as: "adam",
            .fill(
                approve,
                on: "/lockbox/{request}",
                typing: [],
                meanwhile: { world in
                    try await world.said("I need write access too, sorry.", by: "eve")
                }
            ),
            status: 409,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "signed out meanwhile",
            as: "adam",
            .fill(
                "/lockbox/{request}/deny",
                on: "/lockbox/{request}",
                typing: [("comment", "A long and careful reason.")],
                meanwhile: { world in try await world.endSession(of: "adam") }
            ),
            status: 401,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "a question",
            as: "adam",
            .fill(
                "/lockbox/{request}/ask",
                on: "/lockbox/{request}",
                typing: [("text", "Why the whole mailbox?")]
            ),
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "an auditor may not",
            as: "uma",
            .send(approve, [("version", "2"), ("seen", "1.0")]),
            status: 422,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "another tenant",
            as: "finn",
            .send(approve, [("version", "2"), ("seen", "1.0")]),
            status: 404,
            after: { try await $0.reviewed() }
        ),
        Scene(
            "Decision",
            "stopped",
            as: "adam",
            .fill("/lockbox/{request}/stop", on: "/lockbox/live", typing: []),
            after: { try await $0.approved() }
        ),
        Scene(
            "Decision",
            "stopped what was over",
            as: "adam",
            .fill(
                "/lockbox/{request}/stop",
                on: "/lockbox/{request}",
                typing: [],
                meanwhile: { world in try await world.latestFinished() }
            ),
            status: 409,
            after: { try await $0.approved() }
        ),
    ]

    /// Who is in the data now.
    static let liveAccess: [Scene] = [
        Scene("Live access", "nobody", as: "adam", .page("/lockbox/live")),
        Scene(
            "Live access",
            "several",
            as: "adam",
            .page("/lockbox/live"),
            after: { world in
                _ = try await world.opened(try await world.approved())
                try await world.revoked(
                    try await world.approved(
                        try await world.reviewed(try await world.submitted(by: "max"), by: "mark")
                    )
                )
                try await world.removing(problem: "doveadm does not answer")
                try await world.approved(
                    try await world.reviewed(
                        try await world.submitted(notBefore: world.clock.now() + .hours(20))
                    )
                )
            }
        ),
        Scene(
            "Live access",
            "for an auditor",
            as: "uma",
            .page("/lockbox/live"),
            after: { world in _ = try await world.opened(try await world.approved()) }
        ),
    ]
}
