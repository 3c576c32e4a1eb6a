import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts

extension Scene {
    private static let change = "/settings/rules/\(Fixture.policyChange.id.text)"

    /// Looser rules that wait, and approvals that do not count yet.
    static let looserRules = [
        Scene(
            "Settings",
            "looser rules wait",
            as: "gita",
            .page("/settings"),
            isKey: true,
            after: { try await $0.looserRulesWait() }
        ),
        Scene(
            "Settings",
            "looser rules wait, for an approver",
            as: "adam",
            .page("/settings"),
            isKey: true,
            after: { try await $0.looserRulesWait() }
        ),
        Scene(
            "Settings",
            "looser rules wait, for an auditor",
            as: "uma",
            .page("/settings"),
            after: { try await $0.looserRulesWait() }
        ),
        Scene(
            "Settings",
            "looser rules agreed to",
            as: "adam",
            .fill("\(change)/agree", on: "/settings", typing: []),
            after: { try await $0.looserRulesWait() }
        ),
        Scene(
            "Settings",
            "looser rules stopped",
            as: "gita",
            .fill("\(change)/stop", on: "/settings", typing: []),
            after: { try await $0.looserRulesWait() }
        ),
        Scene(
            "Settings",
            "looser rules asked for",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("cap", "8")]),
            isKey: true,
            after: { world in try await world.policy { $0.approvalsNeeded = 2 } }
        ),
        Scene(
            "People",
            "one whose approvals do not count yet",
            as: "adam",
            .page("/people/{sue}"),
            isKey: true,
            after: { try await $0.sueDecidesLater() }
        ),
        Scene(
            "People",
            "with one whose approvals do not count yet",
            as: "gita",
            .page("/people"),
            isKey: true,
            after: { try await $0.sueDecidesLater() }
        ),
        Scene(
            "People",
            "approvals confirmed",
            as: "adam",
            .fill("/people/{sue}/confirm", on: "/people/{sue}", typing: []),
            after: { try await $0.sueDecidesLater() }
        ),
        Scene(
            "Requests",
            "before one’s approvals count",
            as: "sue",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                try await world.sueDecidesLater()
                _ = try await world.reviewed()
            }
        ),
    ]
}

extension PortalWorld {
    /// Two approvals are needed, and Gita alone wants more access.
    func looserRulesWait(whereSigned isSigned: Bool = false) async throws {
        try await policy {
            $0.approvalsNeeded = 2
            if isSigned { $0.signedChanges = .required }
        }
        let gita = person("gita")
        try await audited.write(by: .person(gita)) { change in
            guard let tenant = try change.tx.tenant(Fixture.contoso.id) else { return }
            var policy = tenant.policy
            policy.maxAccess = .hours(8)
            policy.requireApproval = false
            let asked = PolicyChange(
                id: Fixture.policyChange.id,
                tenant: tenant.id,
                policy: policy,
                version: tenant.version,
                by: gita.id,
                madeAt: change.now,
                takesEffectAt: change.now + policy.coolingOff,
                agreed: [gita.id]
            )
            try change.tx.save(asked)
            change.emit(.directory(.policyChange(.asked, asked, of: tenant)))
        }
    }

    /// Gita has made Sue an approver, and nobody else has said that this is right.
    func sueDecidesLater() async throws {
        try await policy { $0.approvalsNeeded = 2 }
        let (sue, gita) = (person("sue"), person("gita"))
        try await audited.write(by: .person(gita)) { change in
            var after = sue
            after.roles.insert(.approver)
            after.decisionDelay = DecisionDelay(
                endsAt: change.now + .hours(24),
                confirmedBy: [gita.id]
            )
            try change.tx.save(after)
            change.emit(.directory(.personChanged(before: sue, after: after)))
        }
    }
}
