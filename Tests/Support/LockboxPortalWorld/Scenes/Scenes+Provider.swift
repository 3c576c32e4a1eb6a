import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService

extension Scene {
    /// Where the provider's people begin.
    static let work: [Scene] = [
        Scene("Work", "engineer, nothing ever happened", as: "eve", .page("/work"), isKey: true),
        Scene(
            "Work",
            "engineer, support requests to start from",
            as: "eve",
            .page("/work"),
            after: { world in
                try await world.support()
                try await world.support("Calendar shows the wrong week", by: "tom")
            }
        ),
        Scene("Work", "engineer, all at once", as: "eve", .page("/work"), isKey: true, after: busy),
        Scene("Work", "manager, nothing to review", as: "mark", .page("/work"), isKey: true),
        Scene("Work", "manager, a queue", as: "mark", .page("/work"), after: busy),
        Scene(
            "Work",
            "manager who is an engineer, one of the queue is her own",
            as: "max",
            .page("/work"),
            isKey: true,
            after: { world in
                try await world.submitted(by: "max")
                world.clock.advance(by: .hours(1))
                try await world.submitted(
                    "Look at the calendar of last week, nothing else.",
                    by: "eve"
                )
            }
        ),
        Scene(
            "Work",
            "operator, a service does not confirm",
            as: "olga",
            .page("/work"),
            after: { world in
                let request = try await world.approved()
                _ = try await world.opened(request)
                try await world.revoked(request)
                try await world.removing(problem: "doveadm does not answer")
                _ = try await world.opened(
                    try await world.approved(try await world.reviewed(world.submitted()))
                )
            }
        ),
        Scene("Work", "auditor", as: "vera", .page("/work")),
        Scene(
            "Work",
            "no role yet",
            as: "nils",
            .page("/work"),
            after: { world in
                try await world.welcome(
                    Fixture.person(92, "Nils Berg", "nils@example-cloud.test", [], at: .provider)
                )
            }
        ),
        Scene(
            "Work",
            "hostile texts",
            as: "mallory",
            .page("/work"),
            after: { world in
                try await world.mallory()
                try await world.renamed(Texts.hostile)
                try await world.support(Texts.hostile)
                let request = try await world.submitted(Texts.hostile, by: "mallory")
                try await world.said(Texts.hostile, on: request, by: "adam")
                try await world.support(Texts.rightToLeft, by: "tom")
            }
        ),
    ]

    /// Every kind of thing that an engineer's or a manager's first page can show.
    private static let busy: @Sendable (PortalWorld) async throws -> Void = { world in
        try await world.finished(try await world.approved(), comment: "Done.")
        _ = try await world.opened(
            try await world.approved(try await world.reviewed(world.submitted()))
        )
        try await world.approved(
            try await world.reviewed(
                try await world.submitted(mailboxes: ["adam@contoso.test", "sue@contoso.test"])
            )
        )
        try await world.approved(
            try await world.reviewed(
                try await world.submitted(notBefore: world.clock.now() + .hours(30))
            )
        )
        let asked = try await world.reviewed(
            try await world.submitted("See why the filter drops letters.")
        )
        try await world.said("Which filter do you mean?", on: asked, by: "adam")
        try await world.submitted(
            "Look at the queue once more, because it fills again.",
            actions: ["read", "write"]
        )
        try await world.support("Calendar shows the wrong week", by: "tom")
    }

    // MARK: - Requests

    private static let one = "/requests/{request}"

    /// Lists, one request in each of its states, and what its forms answer.
    static let access: [Scene] = accessLists + accessStates + accessEnds + reviewForms + accessForms

    private static let accessLists: [Scene] = [
        Scene("Access list", "none", as: "olga", .page("/requests")),
        Scene(
            "Access list",
            "none like that",
            as: "eve",
            .page("/requests?state=denied&tenant=fabrikam")
        ),
        Scene("Access list", "all kinds", as: "mark", .page("/requests"), after: busy),
        Scene("Access list", "only mine", as: "max", .page("/requests?mine=yes")) { world in
            try await world.submitted(by: "max")
            try await world.submitted(by: "eve")
        },
        Scene("Access list", "more than a page", as: "eve", .page("/requests?tenant=contoso")) {
            world in
            for number in 1...30 {
                try await world.withdrawn(
                    try await world.submitted("Attempt \(number) to find the lost letters.")
                )
            }
        },
        Scene(
            "Access list",
            "unknown tenant",
            as: "eve",
            .page("/requests?tenant=nobody"),
            status: 404
        ),
        Scene("Access list", "not for auditors", as: "vera", .page("/requests"), status: 404),
        Scene("Access list", "not for customers", as: "adam", .page("/requests"), status: 404),
    ]

    private static let accessStates: [Scene] = [
        Scene("Access", "a manager’s review", as: "mark", .page(one), isKey: true) {
            try await $0.submitted()
        },
        Scene("Access", "a manager’s review, the customer is not asked", as: "mark", .page(one)) {
            world in
            try await world.policy { $0.requireApproval = false }
            try await world.submitted()
        },
        Scene("Access", "a manager’s review, password asked", as: "mark", .page(one)) { world in
            _ = try await world.visit("/work", as: "mark")
            try await world.submitted()
            world.clock.advance(by: .minutes(20))
        },
        Scene("Access", "a manager’s own", as: "max", .page(one)) {
            try await $0.submitted(by: "max")
        },
        Scene("Access", "waiting for a manager, the engineer", as: "eve", .page(one)) {
            try await $0.submitted()
        },
        Scene("Access", "waiting for the customer, asked back", as: "eve", .page(one), isKey: true)
        { world in
            let request = try await world.reviewed()
            try await world.said("Do you need the whole mailbox?", on: request, by: "adam")
        },
        Scene("Access", "waiting for the customer, an operator", as: "olga", .page(one)) { world in
            try await world.policy { $0.approvalsNeeded = 2 }
            try await world.approved(
                try await world.reviewed(),
                .yes("Fine with me.", for: .hours(1))
            )
        },
        Scene("Access", "scheduled", as: "eve", .page(one)) { world in
            try await world.approved(
                try await world.reviewed(
                    try await world.submitted(notBefore: world.clock.now() + .hours(20))
                )
            )
        },
        Scene("Access", "open, several resources", as: "eve", .page(one), isKey: true) { world in
            let request = try await world.submitted(
                actions: ["read", "write"],
                mailboxes: ["sue@contoso.test", "adam@contoso.test"]
            )
            _ = try await world.opened(try await world.approved(try await world.reviewed(request)))
        },
        Scene("Access", "open, a manager", as: "mark", .page(one)) { world in
            _ = try await world.opened(try await world.approved())
        },
        Scene("Access", "open by policy", as: "eve", .page(one)) { world in
            try await world.policy { $0.requireApproval = false }
            try await world.reviewed(try await world.submitted())
        },
        Scene("Access", "hostile and long texts", as: "mark", .page(one)) { world in
            try await world.mallory()
            try await world.support(Texts.hostile, Texts.hostile + Texts.long(3000), by: "sue")
            let request = try await world.submitted(Texts.hostile + Texts.long(1800), by: "mallory")
            try await world.said(Texts.hostile + Texts.rightToLeft, on: request, by: "mallory")
        },
        Scene("Access", "letters refused and delivered", as: "mark", .page(one)) { world in
            try await world.lettersFared(after: try await world.reviewed())
        },
        Scene("Access", "unknown", as: "eve", .page("/requests/LBX-0000000000"), status: 404),
        Scene("Access", "not a number", as: "eve", .page("/requests/%3Cscript%3E"), status: 404),
        Scene("Access", "not for customers", as: "adam", .page(one), status: 404) {
            try await $0.submitted()
        },
        Scene("Access", "not for auditors", as: "vera", .page(one), status: 404) {
            try await $0.submitted()
        },
    ]

    private static let accessEnds: [Scene] = [
        Scene("Access", "finished", as: "eve", .page(one), isKey: true) { world in
            let request = try await world.approved()
            _ = try await world.opened(request)
            try await world.finished(request, comment: "It was a full disk. Fixed.")
            try await world.removing()
        },
        Scene("Access", "revoked by the customer, being removed", as: "eve", .page(one)) { world in
            let request = try await world.approved()
            _ = try await world.opened(request)
            try await world.revoked(request, comment: "Enough.")
        },
        Scene("Access", "over, a service does not confirm", as: "olga", .page(one)) { world in
            _ = try await world.opened(try await world.approved())
            try await world.after(.hours(3))
            try await world.removing(problem: "doveadm does not answer")
        },
        Scene("Access", "denied", as: "eve", .page(one)) { world in
            try await world.decide(
                .no("Ask Sue to send you the letters instead."),
                on: try await world.reviewed(),
                by: "adam"
            )
        },
        Scene("Access", "rejected", as: "eve", .page(one)) { world in
            try await world.decide(.no("Not needed."), on: try await world.submitted(), by: "mark")
        },
        Scene("Access", "withdrawn", as: "mark", .page(one)) { world in
            try await world.withdrawn(try await world.reviewed(), comment: "Found it another way.")
        },
        Scene("Access", "expired, no manager", as: "eve", .page(one)) { world in
            try await world.submitted()
            try await world.after(.hours(13))
        },
    ]

    private static let reviewForms: [Scene] = [
        Scene(
            "Review",
            "approved",
            as: "mark",
            .fill(one + "/approve", on: one, typing: [("comment", "Go on.")])
        ) {
            try await $0.submitted()
        },
        Scene(
            "Review",
            "approved after the password",
            as: "mark",
            .fill(one + "/approve", on: one, typing: [("password", PortalWorld.password)])
        ) { world in
            _ = try await world.visit("/work", as: "mark")
            try await world.submitted()
            world.clock.advance(by: .minutes(20))
        },
        Scene(
            "Review",
            "wrong password",
            as: "mark",
            .fill(
                one + "/approve",
                on: one,
                typing: [("password", "wrong horse"), ("comment", "Go on, but soon.")]
            ),
            status: 422
        ) { world in
            _ = try await world.visit("/work", as: "mark")
            try await world.submitted()
            world.clock.advance(by: .minutes(20))
        },
        Scene(
            "Review",
            "rejected",
            as: "mark",
            .fill(one + "/reject", on: one, typing: [("comment", "Not needed.")])
        ) {
            try await $0.submitted()
        },
        Scene(
            "Review",
            "rejected without a word",
            as: "mark",
            .fill(one + "/reject", on: one, typing: []),
            status: 422
        ) {
            try await $0.submitted()
        },
        Scene(
            "Review",
            "somebody was faster",
            as: "mark",
            .fill(
                one + "/approve",
                on: one,
                typing: [("comment", "Go on.")],
                meanwhile: { try await $0.latest(decided: .no("We know this already."), by: "max") }
            ),
            status: 409,
            isKey: true
        ) { try await $0.submitted() },
        Scene(
            "Review",
            "withdrawn meanwhile",
            as: "mark",
            .fill(
                one + "/reject",
                on: one,
                typing: [("comment", "Why?")],
                meanwhile: { world in try await world.latestWithdrawn() }
            ),
            status: 409
        ) { try await $0.submitted() },
        Scene(
            "Review",
            "one’s own",
            as: "max",
            .send(one + "/approve", [("version", "1")]),
            status: 422
        ) {
            try await $0.submitted(by: "max")
        },
        Scene(
            "Review",
            "not by engineers",
            as: "eve",
            .send(one + "/approve", [("version", "1")]),
            status: 403
        ) {
            try await $0.submitted(by: "max")
        },
        Scene(
            "Review",
            "not by customers",
            as: "adam",
            .send(one + "/approve", [("version", "1")]),
            status: 404
        ) {
            try await $0.submitted()
        },
    ]

    private static let accessForms: [Scene] = [
        Scene(
            "Access",
            "credential",
            as: "eve",
            .fill(one + "/credential", on: one, typing: []),
            isKey: true
        ) {
            try await $0.approved()
        },
        Scene(
            "Access",
            "credential after the end",
            as: "eve",
            .fill(
                one + "/credential",
                on: one,
                typing: [],
                meanwhile: { try await $0.after(.minutes(21)) }
            ),
            status: 409
        ) {
            try await $0.approved(try await $0.reviewed(try await $0.submitted(for: .minutes(20))))
        },
        Scene(
            "Access",
            "credential, somebody else",
            as: "max",
            .send(one + "/credential", [("service", "mail")]),
            status: 403
        ) { try await $0.approved() },
        Scene(
            "Access",
            "message sent",
            as: "eve",
            .fill(one + "/write", on: one, typing: [("text", "Only the inbox.")])
        ) {
            let request = try await $0.reviewed()
            try await $0.said("Do you need the whole mailbox?", on: request, by: "adam")
        },
        Scene(
            "Access",
            "empty message",
            as: "mark",
            .fill(one + "/write", on: one, typing: []),
            status: 422
        ) {
            try await $0.reviewed()
        },
        Scene(
            "Access",
            "withdrawn by its engineer",
            as: "eve",
            .fill(one + "/withdraw", on: one, typing: [])
        ) {
            try await $0.reviewed()
        },
        Scene(
            "Access",
            "finished by its engineer",
            as: "eve",
            .fill(one + "/finish", on: one, typing: [("comment", "It was a full disk.")])
        ) { try await $0.approved() },
        Scene(
            "Access",
            "finish with a word too many",
            as: "eve",
            .fill(one + "/finish", on: one, typing: [("comment", Texts.long(2100))]),
            status: 422
        ) { try await $0.approved() },
        Scene(
            "Access",
            "revoked by a manager",
            as: "mark",
            .fill(one + "/revoke", on: one, typing: [("comment", "The ticket is closed.")])
        ) { try await $0.approved() },
        Scene(
            "Access",
            "revoke, not by operators",
            as: "olga",
            .send(one + "/revoke", []),
            status: 403
        ) {
            try await $0.approved()
        },
    ]

    // MARK: - Tenants

    /// The provider's customers.
    static let tenants: [Scene] = [
        Scene("Tenants", "all", as: "eve", .page("/tenants"), isKey: true),
        Scene("Tenants", "found", as: "olga", .page("/tenants?find=fab")),
        Scene("Tenants", "not found", as: "olga", .page("/tenants?find=%3Cb%3E")),
        Scene("Tenants", "not for auditors", as: "vera", .page("/tenants"), status: 404),
        Scene("Tenants", "not for customers", as: "adam", .page("/tenants"), status: 404),
        Scene(
            "Tenant",
            "with requests",
            as: "eve",
            .page("/tenants/contoso"),
            isKey: true,
            after: busy
        ),
        Scene("Tenant", "without requests", as: "mark", .page("/tenants/fabrikam")),
        Scene("Tenant", "approval off", as: "mark", .page("/tenants/contoso")) { world in
            try await world.policy { $0.requireApproval = false }
        },
        Scene("Tenant", "not licensed", as: "mark", .page("/tenants/contoso")) {
            try await $0.licenceWithdrawn()
        },
        Scene("Tenant", "many resources", as: "eve", .page("/tenants/contoso")) {
            try await $0.manyResources()
        },
        Scene("Tenant", "some of many resources", as: "eve", .page("/tenants/contoso?find=box7")) {
            try await $0.manyResources()
        },
        Scene("Tenant", "hostile name", as: "eve", .page("/tenants/contoso")) {
            try await $0.renamed(Texts.hostile)
        },
        Scene("Tenant", "unknown", as: "eve", .page("/tenants/nobody"), status: 404),
    ]
}

extension PortalWorld {
    /// An engineer whose name tries what a page can take.
    fileprivate func mallory() async throws {
        try await welcome(
            Fixture.person(
                91,
                Texts.hostileName,
                "mallory@example-cloud.test",
                .engineer,
                at: .provider
            )
        )
    }

    /// Contoso has more mailboxes than anybody would look through.
    package func manyResources() async throws {
        try await audited.write(by: .console) { change in
            for number in 1...130 {
                let resource = Fixture.resource("mailbox:box\(number)@contoso.test")
                try change.tx.save(resource, of: Fixture.contoso.id)
            }
        }
    }

    /// The first letter about `request` was delivered, the second refused, and the third is tried
    /// again.
    fileprivate func lettersFared(after request: AccessRequest) async throws {
        let now = clock.now()
        try await audited.write(by: .system) { change in
            for (position, notice) in try change.tx.notices(about: request.id).enumerated() {
                var notice = notice
                switch position {
                case 0:
                    notice.delivery = .sent
                    notice.sentAt = now
                case 1:
                    notice.delivery = .refused
                    notice.lastReply =
                        "550 5.1.1 <adam@contoso.test>: unknown user " + Texts.hostile
                case 2:
                    notice.attempts = 2
                    notice.nextAttempt = now + .minutes(10)
                    notice.lastReply = "421 try again later"
                case _: continue
                }
                try change.tx.update(notice)
            }
        }
    }

    fileprivate func latestWithdrawn() async throws {
        try await withdrawn(
            try await lockbox.request(filled("{request}"), by: person("mark")).request,
            comment: "Found it another way."
        )
    }
}
