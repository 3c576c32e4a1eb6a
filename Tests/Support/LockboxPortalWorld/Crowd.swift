import LockboxDomain
import LockboxFixtures
import LockboxPorts

/// A tenant as large as they come.
extension PortalWorld {
    /// `requests` of Contoso's that are over, then `waiting` for its approvers, then `open` ones, all a
    /// minute apart; and `people` besides.
    package func crowded(requests: Int, waiting: Int, open: Int, people: Int) async throws {
        let entropy = SeededEntropy(seed: 11)
        let start = clock.now()
        try await store.write { tx in
            try tx.insert(Fixture.supportRequest())
            for number in 0..<people {
                try tx.save(
                    Person(
                        id: entropy.id(),
                        side: .tenant(Fixture.contoso.id),
                        name: "Member Number \(number)",
                        email: EmailAddress("member\(number)@contoso.test")!,
                        roles: .member
                    )
                )
            }
            for number in 0..<(requests + waiting + open) {
                // What is over began long ago, what waits and what is open a moment ago.
                let before = number < requests ? Int64(requests - number) + 2_000 : 5
                let at = start - .minutes(before)
                var (request, _) = try AccessRequest.submit(
                    id: entropy.id(),
                    terms: Fixture.terms(),
                    engineer: Fixture.eve,
                    tenant: Fixture.contoso,
                    approvers: Fixture.approvers(of: Fixture.contoso),
                    now: at
                )
                try tx.save(request)
                guard number >= requests else {
                    _ = try request.withdraw(comment: nil, by: Fixture.eve, now: at + .minutes(1))
                    try tx.save(request)
                    continue
                }
                let waits = number < requests + waiting
                let deciders = waits ? [Fixture.mark] : [Fixture.mark, Fixture.adam]
                for (step, person) in deciders.enumerated() {
                    _ = try request.decide(
                        .approve(.none),
                        comment: nil,
                        by: person,
                        version: request.version,
                        in: DecisionContext(
                            tenant: Fixture.contoso,
                            engineer: Fixture.eve,
                            approvers: Fixture.approvers(of: Fixture.contoso),
                            newGrant: entropy.id()
                        ),
                        now: at + .minutes(Int64(step) + 1)
                    )
                    try tx.save(request)
                }
            }
        }
    }
}
