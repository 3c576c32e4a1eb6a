import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What fills a day: the last that is allowed, one too many, and when it goes on.
struct QuotaTests {
    // MARK: - Support requests

    private static func open(_ house: TestWorld, by person: Person, key: CommandKey? = nil)
        async throws -> SupportRequestNumber
    {
        try await house.lockbox.openSupportRequest(
            SupportDraft(
                tenant: person.side.tenant?.text ?? "",
                subject: "Mail is slow",
                description: "Since this morning.",
                service: nil,
                number: nil,
                url: nil
            ),
            by: person,
            key: key
        ).support.number
    }

    /// As many as if `person` had opened them just now.
    private static func fill(_ house: TestWorld, _ count: Int, by person: Person) async throws {
        let tenant = try #require(person.side.tenant)
        let now = house.clock.now()
        try await house.store.write { tx in
            for number in 0..<count {
                let support = Fixture.supportRequest(
                    "\(person.id)-\(number)",
                    of: tenant,
                    openedBy: person.id,
                    openedAt: now
                )
                try tx.insert(support)
            }
        }
    }

    @Test func supportRequestsOfOnePersonAreBounded() async throws {
        try await TestWorld.with { house async throws in
            house.clock.advance(by: .days(1))
            try await Self.fill(house, Limits.supportRequestsPerDay - 1, by: Fixture.sue)
            let key = CommandKey(key: "k", payloadHash: Fixture.secretHash(1))
            let last = try await Self.open(house, by: Fixture.sue, key: key)
            house.clock.advance(by: .hours(1))
            let refusal = try await house.refusal {
                _ = try await Self.open(house, by: Fixture.sue)
            }
            #expect(refusal == .dailyLimitReached(.supportRequests, wait: .hours(23)))
            // A retry opens nothing, and others are not held up.
            #expect(try await Self.open(house, by: Fixture.sue, key: key) == last)
            _ = try await Self.open(house, by: Fixture.tom)
            house.clock.advance(by: .hours(23))
            _ = try await Self.open(house, by: Fixture.sue)
        }
    }

    @Test func supportRequestsOfOneTenantAreBounded() async throws {
        try await TestWorld.with { house async throws in
            house.clock.advance(by: .days(1))
            try await Self.fill(
                house,
                Limits.supportRequestsOfTenantPerDay - 1,
                by: Fixture.sue
            )
            _ = try await Self.open(house, by: Fixture.tom)
            let refusal = try await house.refusal {
                _ = try await Self.open(house, by: Fixture.tom)
            }
            #expect(refusal == .dailyLimitReached(.supportRequestsOfTenant, wait: .days(1)))
            _ = try await Self.open(house, by: Fixture.frida)
            house.clock.advance(by: .days(1))
            _ = try await Self.open(house, by: Fixture.tom)
        }
    }

    // MARK: - Requests

    /// Requests of `engineer` that were withdrawn at once.
    private static func fill(
        _ house: TestWorld,
        _ count: Int,
        by engineer: Person,
        about support: SupportRequest
    ) async throws {
        let isContoso = support.tenant == Fixture.contoso.id
        let (now, entropy) = (house.clock.now(), SeededEntropy(seed: 9))
        try await house.store.write { tx in
            for _ in 0..<count {
                var (request, _) = try AccessRequest.submit(
                    id: entropy.id(),
                    terms: Fixture.terms(
                        by: engineer,
                        about: support,
                        in: isContoso ? Fixture.contoso : Fixture.fabrikam
                    ),
                    engineer: engineer,
                    tenant: isContoso ? Fixture.contoso : Fixture.fabrikam,
                    approvers: isContoso ? [Fixture.adam] : [Fixture.finn],
                    now: now
                )
                try tx.save(request)
                _ = try request.withdraw(comment: nil, by: engineer, now: now)
                try tx.save(request)
            }
        }
    }

    private static let theirs = Fixture.supportRequest(
        "SR-2001",
        of: Fixture.fabrikam.id,
        openedBy: Fixture.frida.id
    )

    @Test(
        arguments: [
            (
                Limits.requestsAtTenantPerDay, Fixture.eve, Fixture.supportRequest(),
                .requestsAtTenant
            ),
            (Limits.requestsPerDay, Fixture.eve, theirs, .requests),
            (
                Limits.requestsAboutTenantPerDay, Fixture.max, Fixture.supportRequest(),
                .requestsAboutTenant
            ),
        ] as [(Int, Person, SupportRequest, DailyQuota)]
    )
    func requestsAreBounded(
        _ bound: Int,
        _ engineer: Person,
        _ support: SupportRequest,
        _ quota: DailyQuota
    ) async throws {
        try await TestWorld.with { house async throws in
            try await Self.fill(house, bound - 1, by: engineer, about: support)
            _ = try await house.submitted()
            house.clock.advance(by: .hours(1))
            let refusal = try await house.refusal { _ = try await house.submitted() }
            #expect(refusal == .dailyLimitReached(quota, wait: .hours(23)))
            house.clock.advance(by: .hours(23))
            _ = try await house.submitted()
        }
    }

    // MARK: - Messages

    @Test func messagesOfOnePersonAreBoundedAcrossRequests() async throws {
        try await TestWorld.with { house async throws in
            let threads = Limits.messagesPerDay / Limits.messagesPerRequest + 1
            for _ in 0..<threads { try await house.submittedBeyondBounds() }
            let requests = try await house.store.read { tx in
                try tx.requests(RequestFilter(), page: ListPage(limit: 50)).items
            }
            try await house.store.write { tx in
                for number in 0..<Limits.messagesPerDay - 1 {
                    let (thread, place) = number.quotientAndRemainder(
                        dividingBy: Limits.messagesPerRequest
                    )
                    try tx.insert(
                        Message(
                            number: place + 1,
                            request: requests[thread].id,
                            person: Fixture.mark.id,
                            text: "Why?",
                            at: Fixture.now
                        )
                    )
                }
            }
            let id = requests[threads - 1].id.text
            func post(_ person: Person) async throws {
                _ = try await house.lockbox.postMessage("Why?", on: id, by: person, key: nil)
            }
            try await post(Fixture.mark)
            let refusal = try await house.refusal { try await post(Fixture.mark) }
            #expect(refusal == .dailyLimitReached(.messages, wait: .days(1)))
            try await post(Fixture.eve)
        }
    }
}
