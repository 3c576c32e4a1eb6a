import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService

/// That the approvals of a person do not count yet, and who can change that.
struct NewDeciderCard: Sendable {
    let decidesAt: ShownTime
    let left: Countdown
    /// Who has confirmed the person.
    let confirmers: [String]
    /// How many must.
    let confirmationsNeeded: String
    /// Whether the reader's own word would be one of them.
    let mayConfirm: Bool

    /// Nil where they count.
    init?(_ person: Person, _ roster: Roster, _ viewer: Viewer) {
        guard let instant = person.decidesFrom(at: viewer.now), let delay = person.decisionDelay
        else { return nil }
        decidesAt = ShownTime(instant)
        left = Countdown(until: instant, now: viewer.now)
        confirmers = roster.people.filter { delay.confirmedBy.contains($0.id) }.map(\.name)
        confirmationsNeeded = "\(roster.tenant.policy.approvalsNeeded)"
        mayConfirm =
            viewer.person.mayApprove(for: roster.tenant.id, at: viewer.now)
            && !viewer.person.isSame(as: person) && !delay.confirmedBy.contains(viewer.person.id)
    }
}

extension PortalSite {
    /// The word of somebody who approves that another does so rightly.
    var newDeciderRoutes: [Route] {
        [
            confirmedPersonForm("confirm", .deciderConfirmed) { person, _, viewer in
                _ = try await lockbox.confirmDecider(
                    person.id.text,
                    of: person.side.tenant?.text ?? "",
                    by: viewer.person
                )
            }
        ]
    }
}
