import LockboxDomain
import LockboxPorts

extension AuditFacts {
    init(_ event: ProposalEvent, _ proposal: PersonProposal, of person: Person) {
        self.init(
            event.activity,
            data: [
                "proposal": .string(proposal.id.text), "person": .string(person.id.text),
            ]
        )
        switch event {
        case .made:
            let wish = proposal.wish
            data["switchesOn"] = .boolean(wish.switchesOn)
            data["proposedRoles"] = wish.roles.map { .list($0.names.map { .string($0) }) }
            texts["proposedAddress"] = wish.email?.text
            texts["proposedAliases"] = wish.aliases.map(Self.text)
        case .accepted, .declined, .withdrawn: break
        }
    }

    fileprivate static func text(of aliases: [EmailAddress]) -> String {
        aliases.map(\.text).joined(separator: " ")
    }
}

extension LogReplayState {
    /// What waits for the tenant's administrators, or was declined, by the person it is about.
    struct Proposal {
        let made: Told
        var declined: Told?
    }

    mutating func readProposal(_ told: Told) {
        guard let person = told.data["person"]?.text else { return }
        switch told.leaf.activity {
        case "person.proposed": proposals[person] = Proposal(made: told)
        case "person.proposalDeclined": proposals[person]?.declined = told
        case _: proposals[person] = nil
        }
    }

    /// Where the tables have another proposal than the log: whoever puts one there could have an
    /// administrator say yes to what nobody proposed.
    func proposalDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        guard let tenant = log.tenant else { return [] }
        var found: [String] = []
        var stored: Set<String> = []
        for proposal in try tx.proposals(to: tenant) {
            stored.insert(proposal.person.text)
            guard let told = proposals[proposal.person.text] else {
                found.append("proposal \(proposal.id) is in the tables, but not in the log")
                continue
            }
            let (data, wish) = (told.made.data, proposal.wish)
            var differences = Differences("proposal \(proposal.id)")
            differences.check("name", log: data["proposal"]?.text, table: proposal.id.text)
            differences.check("making", log: told.made.leaf.time, table: "\(proposal.madeAt)")
            differences.check(
                "refusal",
                log: told.declined?.leaf.time,
                table: proposal.declinedAt?.description
            )
            differences.check(data["proposedRoles"]?.texts == wish.roles?.names, "roles")
            differences.check(data["switchesOn"]?.flag == wish.switchesOn, "switch")
            differences.check(
                told.made.isText("proposedAddress", wish.email?.text),
                "address"
            )
            differences.check(
                told.made.isText("proposedAliases", wish.aliases.map(AuditFacts.text)),
                "aliases"
            )
            found += differences.found
        }
        for person in proposals.keys.sorted() where !stored.contains(person) {
            found.append("the proposal about \(person) is in the log, but not in the tables")
        }
        return found
    }
}
