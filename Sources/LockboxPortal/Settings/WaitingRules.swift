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
                return try await confirmed(
                    form,
                    context,
                    viewer,
                    again: { viewer, refusal in try await settingsPage(viewer, refused: refusal) }
                ) { viewer in
                    let changed = try await lockbox.agreeToPolicyChange(
                        change,
                        of: viewer.person.side.tenant?.text ?? "",
                        by: viewer.person
                    )
                    return seeOther(
                        "/settings",
                        changed.waiting == nil ? .policyChanged : .policyChangeAgreed
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
}
