import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService

/// Looser rules that do not hold yet, beside those that do.
struct WaitingRulesCard: Sendable {
    let changeID: String
    let differences: [RuleDifference]
    let askedBy: String
    let from: ShownTime
    let left: Countdown
    /// Who has agreed.
    let agreed: [String]
    let agreementsNeeded: String
    /// Whether the reader's own yes would be one more.
    let mayAgree: Bool
    let mayStop: Bool

    init(_ reading: PolicyChangeReading, at tenant: Tenant, _ viewer: Viewer) {
        let change = reading.change
        changeID = change.id.text
        differences = RuleDifference.all(from: tenant.policy, to: change.policy)
        askedBy = reading.by.name
        from = ShownTime(change.takesEffectAt)
        left = Countdown(until: change.takesEffectAt, now: viewer.now)
        agreed = reading.agreed.map(\.name)
        agreementsNeeded = "\(tenant.policy.approvalsNeeded)"
        mayAgree =
            viewer.person.mayApprove(for: tenant.id, at: viewer.now)
            && !change.agreed.contains(viewer.person.id)
        mayStop = viewer.holds(.admin)
    }
}

extension PortalSite {
    /// What people say of looser rules that wait.
    var waitingRulesRoutes: [Route] {
        [
            form("/settings/rules/{id}/agree", for: .customer, back: { _ in "/settings" }) {
                form,
                context,
                viewer in
                let change = try context.id()
                if viewer.tenant?.policy.signedChanges == .required {
                    return try await toSignAgreement(change, viewer)
                }
                return try await confirmed(
                    form,
                    context,
                    viewer,
                    again: { viewer, refusal in try await settingsPage(viewer, refused: refusal) }
                ) { viewer in
                    try await agree(to: change, nil, viewer)
                }
            },
            form("/settings/rules/{id}/sign", for: .customer, back: { _ in "/settings" }) {
                form,
                context,
                viewer in
                do {
                    return try await agree(
                        to: try context.id(),
                        try await signature(in: form, viewer),
                        viewer
                    )
                } catch let refusal as Refusal where refusal.isToldOnForm {
                    return html(
                        try await settingsPage(viewer, refused: refusal),
                        viewer,
                        status: .unprocessableContent
                    )
                }
            },
            form(
                "/settings/rules/{id}/stop",
                for: .customer,
                isUrgent: true,
                back: { _ in "/settings" }
            ) { _, context, viewer in
                try await lockbox.stopPolicyChange(
                    try context.id(),
                    of: viewer.person.side.tenant?.text ?? "",
                    by: viewer.person
                )
                return seeOther("/settings", .policyChangeStopped)
            },
        ]
    }
    private func agree(to change: String, _ signature: ApprovalSignature?, _ viewer: Viewer)
        async throws -> Response
    {
        let changed = try await lockbox.agreeToPolicyChange(
            change,
            of: viewer.person.side.tenant?.text ?? "",
            signature: signature,
            by: viewer.person
        )
        return seeOther(
            "/settings",
            changed.waiting == nil ? .policyChanged : .policyChangeAgreed
        )
    }

    /// Shows what is to be signed by who agrees; nothing changes yet.
    private func toSignAgreement(_ change: String, _ viewer: Viewer) async throws -> Response {
        let said = try await lockbox.agreementStatement(
            to: change,
            of: viewer.person.side.tenant?.text ?? "",
            by: viewer.person
        )
        return try await toSignRules(
            said.policy,
            said.statement,
            keeping: [],
            action: "/settings/rules/\(change)/sign",
            isAgreement: true,
            viewer
        )
    }
}
