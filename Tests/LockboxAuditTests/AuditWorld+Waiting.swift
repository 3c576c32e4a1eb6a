import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestWorld
import MerkleLog
import Testing

extension AuditWorld {
    /// Looser rules that wait, to which one has agreed; and an approver whose yes does not count yet.
    func loosen() async throws {
        try await audited.write(by: .person(Fixture.gita)) { change in
            let asked = PolicyChange(
                id: Fixture.id(1),
                tenant: Fixture.contoso.id,
                policy: Fixture.policyChange.policy,
                version: 1,
                by: Fixture.gita.id,
                madeAt: change.now,
                takesEffectAt: change.now + .hours(24),
                agreed: []
            )
            try change.tx.save(asked)
            change.emit(.directory(.policyChange(.asked, asked, of: Fixture.contoso)))
        }
        try await audited.write(by: .console) { change in
            var frida = Fixture.frida
            frida.decisionDelay = DecisionDelay(
                endsAt: change.now + .hours(24),
                confirmedBy: [Fixture.finn.id]
            )
            try change.tx.save(frida)
            change.emit(.directory(.personChanged(before: Fixture.frida, after: frida)))
        }
        try await audited.write(by: .person(Fixture.adam)) { change in
            var agreed = try #require(try change.tx.policyChange(of: Fixture.contoso.id))
            agreed.agree(Fixture.adam.id)
            try change.tx.save(agreed)
            change.emit(.directory(.policyChange(.agreed, agreed, of: Fixture.contoso)))
        }
    }

    /// What waits of Sue, and what was declined of Adam.
    func propose() async throws {
        try await audited.write(by: .console) { change in
            for (number, person) in [(UInt8(1), Fixture.sue), (2, Fixture.adam)] {
                let proposal = Fixture.proposal(number, of: person, at: change.now)
                try change.tx.insert(proposal)
                change.emit(.directory(.personProposal(.made, proposal, person)))
            }
        }
        try await audited.write(by: .person(Fixture.gita)) { change in
            let declined = try #require(try change.tx.proposal(about: Fixture.adam.id))
            try change.tx.declineProposal(about: Fixture.adam.id, at: change.now)
            change.emit(.directory(.personProposal(.declined, declined, Fixture.adam)))
        }
    }
}
