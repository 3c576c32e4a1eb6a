import LockboxDomain
import LockboxFixtures

extension Scene {
    /// A tenant's rules: read, typed, reviewed, confirmed.
    static let settings: [Scene] =
        settingsStates + settingsForms + settingsReviews + settingsConfirmations

    private static let settingsStates: [Scene] = [
        Scene("Settings", "in force", as: "gita", .page("/settings"), isKey: true),
        Scene("Settings", "for an auditor", as: "uma", .page("/settings"), isKey: true),
        Scene("Settings", "for an approver", as: "adam", .page("/settings")),
        Scene("Settings", "not for plain members", as: "tom", .page("/settings"), status: 404),
        Scene("Settings", "not for the provider", as: "eve", .page("/settings"), status: 404),
        Scene(
            "Settings",
            "switched off",
            as: "gita",
            .page("/settings"),
            after: { world in try await world.policy { $0.requireApproval = false } }
        ),
        Scene(
            "Settings",
            "the plan lacks it",
            as: "gita",
            .page("/settings"),
            isKey: true,
            after: { world in try await world.licenceWithdrawn() }
        ),
        Scene(
            "Settings",
            "nobody could approve",
            as: "uma",
            .page("/settings"),
            after: { world in
                try await world.policy { $0.approvalsNeeded = 2 }
                try await world.disabled("adam")
            }
        ),
        Scene(
            "Settings",
            "odd lengths of time",
            as: "gita",
            .page("/settings"),
            after: { world in
                try await world.policy {
                    $0.decisionWindow = .minutes(75)
                    $0.maxAccess = .seconds(95)
                }
            }
        ),
        Scene(
            "Settings",
            "just changed",
            as: "gita",
            .page("/settings?done=policyChanged"),
            after: { world in try await world.justChangedPolicy() }
        ),
        Scene(
            "Settings",
            "hostile name",
            as: "gita",
            .page("/settings"),
            after: { world in
                try await world.renamed(Texts.hostileName + " " + Texts.longWord.prefix(60))
            }
        ),
    ]

    private static func review(
        _ name: String,
        _ typed: [(String, String?)],
        status: Int = 200,
        isKey: Bool = false,
        as person: String = "gita",
        after arrange: @escaping @Sendable (PortalWorld) async throws -> Void = { _ in },
        meanwhile: @escaping @Sendable (PortalWorld) async throws -> Void = { _ in }
    ) -> Scene {
        Scene(
            "Settings",
            name,
            as: person,
            .fill("/settings/review", on: "/settings", typing: typed, meanwhile: meanwhile),
            status: status,
            isKey: isKey,
            after: arrange
        )
    }

    private static let settingsForms: [Scene] = [
        review(
            "everything wrong",
            [
                ("approval", nil), ("window", "a while"), ("cap", "30"), ("cap-unit", "days"),
                ("approvals", "0"),
            ],
            status: 422,
            isKey: true
        ),
        review(
            "hostile numbers",
            [("window", Texts.hostile), ("approvals", "99999999999999999999")],
            status: 422
        ),
        review("more approvals than approvers", [("approvals", "5")], status: 409),
        review("nothing changed", [], status: 422),
        review(
            "on without a licence",
            [("approval", "on")],
            status: 409,
            after: { world in
                try await world.policy { $0.requireApproval = false }
                try await world.licenceWithdrawn()
            }
        ),
        Scene(
            "Settings",
            "review by somebody who may not",
            as: "adam",
            .send("/settings/review", [("approval", "off")]),
            status: 403
        ),
        Scene(
            "Settings",
            "change by somebody who may not",
            as: "adam",
            .send("/settings", [("approval", "off")]),
            status: 403
        ),
    ]

    private static let settingsReviews: [Scene] = [
        review("what no token may do", [("withheld", "decide")]),
        review("review of one rule", [("window", "1"), ("window-unit", "days")], isKey: true),
        review(
            "review of all rules",
            [
                ("approval", "off"), ("window", "30"), ("window-unit", "minutes"), ("cap", "1"),
                ("approvals", "2"),
            ]
        ),
        review(
            "review of switching off while requests wait",
            [("approval", "off")],
            isKey: true,
            after: { world in
                try await world.submitted()
                try await world.reviewed(try await world.submitted())
                try await world.reviewed(
                    try await world.submitted("A third look into the same mailbox is needed.")
                )
            }
        ),
        review(
            "review of switching on while access is open",
            [("approval", "on")],
            isKey: true,
            after: { world in
                try await world.policy { $0.requireApproval = false }
                try await world.reviewed()
                try await world.reviewed(
                    try await world.submitted(
                        actions: ["read", "write"],
                        mailboxes: ["sue@contoso.test", "adam@contoso.test"],
                        notBefore: world.clock.now() + .hours(20)
                    )
                )
            }
        ),
        review(
            "review of a shorter cap while access is open",
            [("cap", "30"), ("cap-unit", "minutes")],
            after: { world in try await world.approved() }
        ),
        review("review of as many approvals as approvers", [("approvals", "2")]),
        review(
            "review with the password needed",
            [("window", "6")],
            meanwhile: { world in world.clock.advance(by: .minutes(11)) }
        ),
        review(
            "review after somebody else's change",
            [("window", "6")],
            status: 409,
            isKey: true,
            as: "hana",
            after: secondAdmin,
            meanwhile: { world in try await world.policy { $0.maxAccess = .hours(2) } }
        ),
        review(
            "somebody else wanted the same",
            [("window", "6")],
            status: 422,
            as: "hana",
            after: secondAdmin,
            meanwhile: { world in try await world.policy { $0.decisionWindow = .hours(6) } }
        ),
    ]

    @Sendable static func secondAdmin(_ world: PortalWorld) async throws {
        try await world.welcome(
            Fixture.person(21, "Hana Ito", "hana@contoso.test", [.admin, .member])
        )
    }

    /// What the review's form sends, of rules that were in force at version 1.
    static func confirmed(_ changes: [(String, String)] = []) -> [(String, String)] {
        let standard = [
            ("approval", "on"), ("window", "6"), ("window-unit", "hours"), ("cap", "4"),
            ("cap-unit", "hours"), ("approvals", "1"), ("cooling", "1"), ("cooling-unit", "days"),
            ("programs", "on"), ("signed", "off"), ("unknown", "show"), ("changes", "off"),
            ("version", "1"), ("seen", "on PT12H PT4H 1 0 P1D on none off off off"),
        ]
        return standard.filter { field in !changes.contains { $0.0 == field.0 } } + changes
    }

    @Sendable static func longSignedIn(_ world: PortalWorld) async throws {
        _ = try await world.visit("/settings", as: "gita")
        world.clock.advance(by: .minutes(11))
    }

    private static let settingsConfirmations: [Scene] = [
        Scene("Settings", "confirmed", as: "gita", .send("/settings", confirmed()), isKey: true),
        Scene(
            "Settings",
            "confirmed with the password",
            as: "gita",
            .send("/settings", confirmed([("password", PortalWorld.password)])),
            after: longSignedIn
        ),
        Scene(
            "Settings",
            "password missing",
            as: "gita",
            .send("/settings", confirmed()),
            status: 422,
            after: longSignedIn
        ),
        Scene(
            "Settings",
            "password wrong",
            as: "gita",
            .send("/settings", confirmed([("password", "wrong horse")])),
            status: 422,
            isKey: true,
            after: longSignedIn
        ),
        Scene(
            "Settings",
            "confirmed too late, with the password",
            as: "gita",
            .send("/settings", confirmed([("password", PortalWorld.password)])),
            status: 409,
            after: { world in
                try await longSignedIn(world)
                try await world.policy { $0.approvalsNeeded = 2 }
            }
        ),
        Scene(
            "Settings",
            "sent twice",
            as: "gita",
            .send("/settings", confirmed()),
            after: { world in _ = try await world.send("/settings", form: confirmed(), as: "gita") }
        ),
        Scene(
            "Settings",
            "back",
            as: "gita",
            .send("/settings", confirmed([("step", "back"), ("window", "7")]))
        ),
        Scene(
            "Settings",
            "confirmed what no page offers",
            as: "gita",
            .send("/settings", confirmed([("window", "-1"), ("cap", "")])),
            status: 422
        ),
        Scene(
            "Settings",
            "approver gone meanwhile",
            as: "gita",
            .send("/settings", confirmed([("approvals", "2")])),
            status: 409,
            after: { world in try await world.disabled("adam") }
        ),
        Scene(
            "Settings",
            "signed out meanwhile",
            as: "gita",
            .fill(
                "/settings/review",
                on: "/settings",
                typing: [("window", "6")],
                meanwhile: { try await $0.endSession(of: "gita") }
            ),
            status: 401
        ),
    ]

    // MARK: - People

    /// Who may do what.
    static let people: [Scene] = peopleLists + personPages + roleChanges

    private static let peopleLists: [Scene] = [
        Scene("People", "list", as: "gita", .page("/people"), isKey: true),
        Scene("People", "list for an auditor", as: "uma", .page("/people")),
        Scene("People", "not for plain members", as: "tom", .page("/people"), status: 404),
        Scene("People", "not for the provider", as: "mark", .page("/people"), status: 404),
        Scene(
            "People",
            "one approver",
            as: "gita",
            .page("/people"),
            after: { world in try await world.roles(["member"], of: "adam") }
        ),
        Scene(
            "People",
            "fewer approvers than approvals",
            as: "uma",
            .page("/people"),
            isKey: true,
            after: { world in
                try await world.policy { $0.approvalsNeeded = 2 }
                try await world.disabled("adam")
            }
        ),
        Scene(
            "People",
            "all approvers needed",
            as: "adam",
            .page("/people"),
            after: { world in try await world.policy { $0.approvalsNeeded = 2 } }
        ),
        Scene(
            "People",
            "nobody left to approve",
            as: "uma",
            .page("/people"),
            after: { world in
                try await world.disabled("adam")
                try await world.administratorGone()
            }
        ),
        Scene(
            "People",
            "approval off",
            as: "adam",
            .page("/people"),
            after: { world in try await world.policy { $0.requireApproval = false } }
        ),
        Scene("People", "many", as: "gita", .page("/people"), after: manyPeople),
        Scene(
            "People",
            "many, second page",
            as: "gita",
            .page("/people?cursor=25"),
            after: manyPeople
        ),
        Scene(
            "People",
            "no such page of the list",
            as: "gita",
            .page("/people?cursor=-900000000000000000000")
        ),
        Scene("People", "names of all kinds", as: "gita", .page("/people"), after: strangeNames),
    ]

    @Sendable private static func manyPeople(_ world: PortalWorld) async throws {
        for number in UInt8(0)..<40 {
            try await world.welcome(
                Fixture.person(
                    40 + number,
                    "Person \(number) of Contoso",
                    "p\(number)@contoso.test",
                    number % 9 == 0 ? [.approver, .member] : .member
                )
            )
        }
    }

    @Sendable private static func strangeNames(_ world: PortalWorld) async throws {
        let names = [
            Texts.hostileName, Texts.rightToLeftName, String(Texts.longWord.prefix(100)), "李小龍",
        ]
        for (index, name) in names.enumerated() {
            let person = Fixture.person(
                UInt8(31 + index),
                name,
                "strange\(index)@contoso.test",
                index < 2 ? .approver : [],
                aliases: index == 0
                    ? ["other.address.of.the.same.human.being.\(index)@contoso.test"] : []
            )
            try await world.welcome(person)
        }
    }

    private static let personPages: [Scene] = [
        Scene("People", "somebody", as: "gita", .page("/people/{adam}"), isKey: true),
        Scene("People", "oneself", as: "gita", .page("/people/{gita}")),
        Scene("People", "somebody, read only", as: "uma", .page("/people/{gita}"), isKey: true),
        Scene(
            "People",
            "somebody without a role",
            as: "adam",
            .page("/people/{tom}"),
            after: { world in try await world.roles([], of: "tom") }
        ),
        Scene(
            "People",
            "switched off",
            as: "gita",
            .page("/people/{adam}"),
            after: { world in try await world.disabled("adam") }
        ),
        Scene(
            "People",
            "hostile name, other address",
            as: "gita",
            .page("/people/{strange}"),
            after: { world in
                try await world.welcome(
                    Fixture.person(
                        31,
                        Texts.hostileName,
                        "strange@contoso.test",
                        .approver,
                        aliases: ["other@contoso.test"]
                    )
                )
            }
        ),
        Scene(
            "People",
            "password needed",
            as: "gita",
            .page("/people/{adam}"),
            after: longSignedIn
        ),
        Scene(
            "People",
            "another tenant's person",
            as: "gita",
            .page("/people/{frida}"),
            status: 404
        ),
        Scene("People", "the provider's person", as: "gita", .page("/people/{eve}"), status: 404),
        Scene("People", "unknown person", as: "gita", .page("/people/PER-NOBODY"), status: 404),
    ]

    static func change(
        _ name: String,
        of person: String,
        to roles: [String],
        seen: String,
        and more: [(String, String)] = [],
        as admin: String = "gita",
        status: Int = 200,
        isKey: Bool = false,
        after arrange: @escaping @Sendable (PortalWorld) async throws -> Void = { _ in }
    ) -> Scene {
        Scene(
            "People",
            name,
            as: admin,
            .send("/people/{\(person)}", roles.map { ("role", $0) } + [("seen", seen)] + more),
            status: status,
            isKey: isKey,
            after: arrange
        )
    }
}
