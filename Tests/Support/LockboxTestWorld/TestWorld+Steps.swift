import LockboxAudit
package import LockboxDomain
import LockboxFixtures
package import LockboxPorts
package import LockboxService

extension TestWorld {
    /// What Eve fills in: two hours of Sue's mailbox, to read.
    package static func draft(_ change: (inout RequestDraft) -> Void = { _ in }) -> RequestDraft {
        var draft = RequestDraft(
            tenant: "contoso",
            supportRequest: "SR-1001",
            reason: "Look why mail does not arrive.",
            duration: .hours(2),
            resources: [.init(service: "mail", id: "mailbox:sue@contoso.test", actions: ["read"])],
            notBefore: nil
        )
        change(&draft)
        return draft
    }

    package static let yes = DecisionDraft(
        approves: true,
        comment: nil,
        duration: nil,
        resources: nil
    )
    package static let no = DecisionDraft(
        approves: false,
        comment: "Not today.",
        duration: nil,
        resources: nil
    )

    /// A request that waits for a manager.
    package func submitted(_ change: (inout RequestDraft) -> Void = { _ in }) async throws
        -> AccessRequest
    {
        try await lockbox.submit(Self.draft(change), by: Fixture.eve, key: nil).request
    }

    /// A request of which there could not be as many in so short a time.
    package func submittedBeyondBounds() async throws {
        try await audited.write(by: .person(Fixture.eve)) { change in
            let draft = Self.draft()
            let resource = Resource(service: ServiceID("mail")!, name: draft.resources[0].id)!
            let (request, events) = try AccessRequest.submit(
                id: change.entropy.id(),
                terms: AccessRequest.Terms(
                    tenant: TenantID(draft.tenant)!,
                    supportRequest: SupportRequestNumber(draft.supportRequest)!,
                    engineer: Fixture.eve.id,
                    reason: draft.reason,
                    duration: draft.duration,
                    scope: try Scope([Access(resource, .read)]),
                    notBefore: nil
                ),
                engineer: Fixture.eve,
                tenant: try change.tx.tenant(TenantID(draft.tenant)!)!,
                approvers: [Fixture.adam, Fixture.gita],
                now: change.now
            )
            try change.save(request, events)
        }
    }

    /// A request that waits for the customer, or has access by policy.
    package func reviewed(_ change: (inout RequestDraft) -> Void = { _ in }) async throws
        -> AccessRequest
    {
        try await decide(Self.yes, on: try await submitted(change), by: Fixture.mark)
    }

    /// A request with access.
    package func approved(_ change: (inout RequestDraft) -> Void = { _ in }) async throws
        -> AccessRequest
    {
        try await decide(Self.yes, on: try await reviewed(change), by: Fixture.adam)
    }

    @discardableResult
    package func decide(
        _ draft: DecisionDraft,
        on request: AccessRequest,
        by person: Person
    ) async throws -> AccessRequest {
        try await lockbox.decide(
            draft,
            on: request.id.text,
            version: request.version,
            by: person,
            key: nil
        ).request
    }

    package func credential(for request: AccessRequest) async throws -> IssuedCredential {
        try await lockbox.issueCredential(
            for: request.id.text,
            service: nil,
            resource: nil,
            by: Fixture.eve,
            key: nil
        )
    }

    /// Appends `count` records that say little to `log`, which is Contoso's, Fabrikam's or the
    /// provider's.
    package func grow(_ log: LogID = .tenant(Fixture.contoso.id), by count: Int) async throws {
        let people: [LogID: Person] = [
            .provider: Fixture.eve, .tenant(Fixture.fabrikam.id): Fixture.frida,
        ]
        let person = people[log] ?? Fixture.sue
        try await audited.write(by: .console) { change in
            for _ in 0..<count { change.emit(.signIn(.passwordSet(person))) }
        }
    }
}
