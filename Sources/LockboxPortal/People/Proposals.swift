import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService

/// What whoever runs Lockbox proposes of a person, with what is so now.
struct ProposalCard: Sendable {
    struct ProposedChange: Sendable {
        let label: String
        let wished: String
        let present: String
    }

    let proposalID: String
    let proposedAt: ShownTime
    let changes: [ProposedChange]

    init(_ proposal: PersonProposal, about person: Person) {
        let wish = proposal.wish
        proposalID = proposal.id.text
        proposedAt = ShownTime(proposal.madeAt)
        let roles = wish.roles.map {
            ProposedChange(
                label: "Roles",
                wished: RoleWords.labels(of: $0),
                present: RoleWords.labels(of: person.roles)
            )
        }
        let email = wish.email.map {
            ProposedChange(label: "E-mail", wished: $0.text, present: person.email.text)
        }
        let aliases = wish.aliases.map {
            ProposedChange(
                label: "Also known as",
                wished: Self.words($0),
                present: Self.words(person.aliases)
            )
        }
        let isOn =
            wish.switchesOn
            ? ProposedChange(
                label: "Sign-in",
                wished: "Switched on again",
                present: person.isDisabled ? "Switched off" : "Switched on"
            ) : nil
        changes = [roles, email, aliases, isOn].compactMap { $0 }
    }

    private static func words(_ aliases: [EmailAddress]) -> String {
        aliases.isEmpty ? "No other address" : aliases.map(\.text).joined(separator: ", ")
    }
}

extension PortalSite {
    /// An administrator's word on what is proposed of a person.
    var proposalRoutes: [Route] {
        [
            confirmedPersonForm("proposals/{proposal}/accept", .proposalAccepted) {
                person,
                context,
                viewer in
                _ = try await lockbox.acceptProposal(
                    context.parameters.get("proposal") ?? "",
                    about: person.id.text,
                    of: person.side.tenant?.text ?? "",
                    by: viewer.person
                )
            },
            personForm("proposals/{proposal}/decline") { _, context, viewer in
                let roster = try await roster(viewer)
                let person = try roster.person(try context.id())
                try await lockbox.declineProposal(
                    context.parameters.get("proposal") ?? "",
                    about: person.id.text,
                    of: roster.tenant.id.text,
                    by: viewer.person
                )
                return seeOther("/people/\(person.id.text)", .proposalDeclined)
            },
        ]
    }
}
