package import LockboxDomain
package import LockboxPorts

extension Fixture {
    package static func supportRequest(
        _ number: String = "SR-1001",
        of tenant: TenantID = contoso.id,
        subject: String = "Mail does not arrive",
        description: String = "Since this morning\nno mail reaches my mailbox.",
        service: ServiceID? = mail.service.id,
        url: String? = nil,
        openedBy: PersonID = sue.id,
        openedAt: Timestamp = now
    ) -> SupportRequest {
        SupportRequest(
            stored: tenant,
            number: SupportRequestNumber(number)!,
            subject: subject,
            description: description,
            service: service,
            url: url,
            openedBy: openedBy,
            openedAt: openedAt
        )
    }

    package static func terms(
        reason: String = "Look why mail does not arrive.",
        duration: TimeSpan = .hours(2),
        scope: Scope = scope,
        notBefore: Timestamp? = nil,
        by engineer: Person = eve,
        about support: SupportRequest = supportRequest(),
        in tenant: Tenant = contoso
    ) -> AccessRequest.Terms {
        AccessRequest.Terms(
            tenant: tenant.id,
            supportRequest: support.number,
            engineer: engineer.id,
            reason: reason,
            duration: duration,
            scope: scope,
            notBefore: notBefore
        )
    }

    /// Version 1 of a request, awaiting a manager.
    package static func request(
        _ number: UInt8 = 1,
        _ terms: AccessRequest.Terms? = nil,
        by engineer: Person = eve,
        about support: SupportRequest = supportRequest(),
        in tenant: Tenant = contoso,
        at now: Timestamp = now
    ) throws(Refusal) -> AccessRequest {
        try AccessRequest.submit(
            id: id(number),
            terms: terms ?? self.terms(by: engineer, about: support, in: tenant),
            engineer: engineer,
            tenant: tenant,
            approvers: approvers(of: tenant),
            now: now
        ).request
    }

    package static func approvers(of tenant: Tenant) -> [Person] {
        everyone.filter { $0.mayDecide(for: tenant.id) }
    }

    package static func context(
        _ tenant: Tenant = contoso,
        engineer: Person = eve,
        newGrant: UInt8 = 1
    )
        -> DecisionContext
    {
        DecisionContext(
            tenant: tenant,
            engineer: engineer,
            approvers: approvers(of: tenant),
            newGrant: id(newGrant)
        )
    }

    /// The versions of request `number` from its first to its first in `state`, one minute apart,
    /// by the domain's own rules. The grant has the same number.
    package static func history(
        _ number: UInt8 = 1,
        to state: AccessRequest.StateName,
        from start: Timestamp = now
    ) throws(Refusal) -> [AccessRequest] {
        let later = start + .hours(8)
        let terms = state == .scheduled ? terms(notBefore: later) : terms()
        var versions = [try request(number, terms, at: start)]
        func step(_ change: (inout AccessRequest, Timestamp) throws(Refusal) -> Void)
            throws(Refusal)
        {
            var next = versions[versions.count - 1]
            try change(&next, start + .minutes(Int64(versions.count)))
            versions.append(next)
        }
        func decide(_ verdict: Decision.Verdict, _ person: Person, comment: String? = nil)
            throws(Refusal)
        {
            try step { request, now throws(Refusal) in
                _ = try request.decide(
                    verdict,
                    comment: comment,
                    by: person,
                    version: request.version,
                    in: context(newGrant: number),
                    now: now
                )
            }
        }
        switch state {
        case .awaitingManager: break
        case .rejected: try decide(.deny, mark, comment: "Not needed.")
        case .expired:
            try step { request, now throws(Refusal) in _ = request.advance(to: now + .hours(13)) }
        case .withdrawn:
            try step { request, now throws(Refusal) in
                _ = try request.withdraw(comment: "Solved without.", by: eve, now: now)
            }
        case .awaitingCustomer, .scheduled, .active, .ended, .denied:
            try decide(.approve(.none), mark)
        }
        switch state {
        case .denied: try decide(.deny, adam, comment: "Not this mailbox.")
        case .scheduled, .active, .ended:
            try decide(
                .approve(.init(duration: .hours(1), scope: scope)),
                adam,
                comment: "One hour will do."
            )
        case .awaitingManager, .awaitingCustomer, .rejected, .withdrawn, .expired: break
        }
        if state == .ended {
            try step { request, now throws(Refusal) in
                _ = try request.revoke(comment: "Enough.", by: gita, now: now)
            }
        }
        return versions
    }

    // MARK: - What comes of a grant

    package static func credential(
        _ number: UInt8 = 1,
        of request: AccessRequest,
        resource: Resource = mailbox,
        actions: Actions = .read,
        issuedAt: Timestamp? = nil,
        expiresAt: Timestamp? = nil
    ) -> Credential {
        let grant = request.state.grant!
        return Credential(
            id: id(number),
            request: request.id,
            grant: grant.id,
            tenant: request.terms.tenant,
            engineer: request.terms.engineer,
            resource: resource,
            actions: actions,
            username: "lockbox-\(grant.id.text.lowercased())",
            issuedAt: issuedAt ?? grant.start,
            expiresAt: expiresAt ?? grant.end
        )
    }

    /// Two reads of one path with `credential`.
    package static func operations(with credential: Credential) -> OperationBatch {
        OperationBatch(
            tenant: credential.tenant,
            request: credential.request,
            grant: credential.grant,
            engineer: credential.engineer,
            service: credential.resource.service,
            first: now,
            last: now,
            reads: 2,
            writes: 0,
            lines: String(repeating: #"{"method":"GET","path":"/plans"}"# + "\n", count: 2)
        )
    }

    package static func removal(
        of request: AccessRequest,
        from service: ServiceID = mail.service.id,
        progress: Removal.Progress = .pending,
        attempts: Int = 0,
        nextAttempt: Timestamp = now,
        problem: String? = nil
    ) -> Removal {
        let grant = request.state.grant!
        return Removal(
            tenant: request.terms.tenant,
            request: request.id,
            grant: grant.id,
            service: service,
            usernames: ["lockbox-\(grant.id.text.lowercased())"],
            progress: progress,
            attempts: attempts,
            nextAttempt: nextAttempt,
            problem: problem
        )
    }

    package static func notice(
        _ number: UInt8 = 1,
        _ kind: Notice.Kind = .customerAsked,
        about request: AccessRequest,
        to recipient: Person = adam,
        facts: [String: String] = [
            "reason": "Look why mail\ndoes not \"arrive\".", "engineer": "Eve Park",
        ],
        createdAt: Timestamp = now,
        sendAt: Timestamp = now,
        goodUntil: Timestamp? = nil
    ) -> Notice {
        Notice(
            id: id(number),
            kind: kind,
            tenant: request.terms.tenant,
            request: request.id,
            recipient: recipient,
            facts: facts,
            createdAt: createdAt,
            sendAt: sendAt,
            goodUntil: goodUntil
        )
    }
}
