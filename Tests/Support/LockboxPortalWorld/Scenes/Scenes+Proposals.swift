import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts

extension Scene {
    private static let forms = "/people/{sue}/proposals/\(Fixture.proposal.id.text)"

    /// What an operator's file says of people, and an administrator has to accept.
    static let proposals = [
        Scene(
            "People",
            "with what is proposed",
            as: "gita",
            .page("/people"),
            isKey: true,
            after: { try await $0.sueIsProposed() }
        ),
        Scene(
            "People",
            "what is proposed, for an approver",
            as: "adam",
            .page("/people/{sue}"),
            after: { try await $0.sueIsProposed() }
        ),
        Scene(
            "People",
            "what is proposed of one",
            as: "gita",
            .page("/people/{sue}"),
            isKey: true,
            after: { try await $0.sueIsProposed() }
        ),
        Scene(
            "People",
            "proposal accepted",
            as: "gita",
            .fill("\(forms)/accept", on: "/people/{sue}", typing: []),
            after: { try await $0.sueIsProposed() }
        ),
        Scene(
            "People",
            "proposal declined",
            as: "gita",
            .fill("\(forms)/decline", on: "/people/{sue}", typing: []),
            after: { try await $0.sueIsProposed() }
        ),
    ]
}

extension PortalWorld {
    /// The operator's file makes Sue an approver at another address.
    func sueIsProposed() async throws {
        let person = person("sue")
        try await audited.write(by: .console) { change in
            let proposal = Fixture.proposal(of: person, at: change.now)
            try change.tx.insert(proposal)
            change.emit(.directory(.personProposal(.made, proposal, person)))
        }
    }
}
