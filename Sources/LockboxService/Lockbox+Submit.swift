import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// What an engineer fills in, as it came in.
package struct RequestDraft: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package var service: String
        package var id: String
        package var actions: [String]

        package init(service: String, id: String, actions: [String]) {
            self.service = service
            self.id = id
            self.actions = actions
        }
    }

    package var tenant: String
    package var supportRequest: String
    package var reason: String
    package var duration: TimeSpan
    package var resources: [Line]
    package var notBefore: Timestamp?
    /// For whom a program asks, by identifier or address; nil where whoever asks is meant.
    package var engineer: String?

    package init(
        tenant: String,
        supportRequest: String,
        reason: String,
        duration: TimeSpan,
        resources: [Line],
        notBefore: Timestamp?,
        engineer: String? = nil
    ) {
        self.tenant = tenant
        self.supportRequest = supportRequest
        self.reason = reason
        self.duration = duration
        self.resources = resources
        self.notBefore = notBefore
        self.engineer = engineer
    }
}

extension Lockbox {
    package func submit(_ draft: RequestDraft, by caller: Person, key: CommandKey?) async throws
        -> RequestView
    {
        try await requestCommand(by: caller, key: key) { person, change in
            // Authorise before anything about tenants or tickets can be learned from a refusal.
            guard person.holds(oneOf: .engineer, at: .provider) else {
                throw Refusal.notPermitted(.requestAccess)
            }
            let tx = change.tx
            guard let id = TenantID(draft.tenant), let tenant = try tx.tenant(id) else {
                throw Refusal.unknownReference(field: "tenant", noun: .tenant)
            }
            guard let number = SupportRequestNumber(draft.supportRequest),
                let support = try tx.supportRequest(number, of: tenant.id)
            else { throw Refusal.unknownReference(field: "supportRequest", noun: .supportRequest) }
            try support.requireNotClosed()
            let engineer = try tx.engineer(draft.engineer, askedForBy: person)
            let scope = try tx.scope(draft.resources, of: tenant.id)
            try tx.history(of: person, for: engineer, on: support, at: change.now)
                .requireRoom(at: change.now)
            try tx.requireRoom(
                for: person.isProgram ? .requestsOfProgram(person.id) : .requestsBy(person.id),
                person.isProgram
                    ? .requestsOfProgramAt(person.id, tenant.id)
                    : .requestsByAt(person.id, tenant.id),
                .requestsAbout(tenant.id),
                at: change.now
            )
            let (request, events) = try AccessRequest.submit(
                id: change.entropy.id(),
                terms: AccessRequest.Terms(
                    tenant: tenant.id,
                    supportRequest: support.number,
                    engineer: engineer.id,
                    reason: draft.reason,
                    duration: draft.duration,
                    scope: scope,
                    notBefore: draft.notBefore,
                    askedBy: person.isProgram ? person.id : nil
                ),
                engineer: engineer,
                by: person.isProgram ? person : nil,
                tenant: tenant,
                approvers: try tx.approvers(of: tenant.id),
                now: change.now
            )
            try change.save(request, events)
            return request
        }
    }

    /// A command whose outcome is an access request.
    func requestCommand(
        by caller: Person,
        key: CommandKey?,
        for purpose: WritePurpose = .ordinary,
        _ body: @escaping @Sendable (Person, inout Change) throws -> AccessRequest
    ) async throws -> RequestView {
        let view = try await command(
            by: caller,
            key: key,
            for: purpose,
            subject: { $0.request.id.text },
            again: { subject, person, tx, now in
                try self.view(
                    of: try tx.request(subject, visibleTo: person),
                    at: now,
                    for: person.side,
                    in: tx
                )
            }
        ) { person, change in
            let request = try body(person, &change)
            return try self.view(of: request, at: change.now, for: person.side, in: change.tx)
        }
        guard view.request.state.ending != nil else { return view }
        do {
            // Orders to services are planned after the body: only a look after the write sees that
            // they are not confirmed yet.
            return try await self.request(view.request.id.text, by: caller)
        } catch is StoreError {
            // It was done all the same.
            return view
        }
    }
}

extension PersonRecords {
    /// Who gets the access: whoever asks, where nobody else is named, else the engineer whom a program
    /// names.
    fileprivate func engineer(_ named: String?, askedForBy asker: Person) throws -> Person {
        guard let named, named != asker.id.text,
            EmailAddress(named)?.canonical != asker.email.canonical
        else {
            return asker
        }
        let found =
            if let id = PersonID(named) {
                try person(id)
            } else {
                try EmailAddress(named).flatMap {
                    try person(identifiedBy: Identity(local: $0))
                }
            }
        return try AccessRequest.requireMayAsk(asker, for: found)
    }
}

extension AccessRequestRecords {
    /// What `asker` asked for before. What a program asks for takes no room from the engineer whom it
    /// asks for; a denial of either holds both off.
    fileprivate func history(
        of asker: Person,
        for engineer: Person,
        on support: SupportRequest,
        at now: Timestamp
    ) throws -> AskingHistory {
        // What time has ended counts no more, whether or not that is recorded yet.
        func isOpen(_ request: AccessRequest) -> Bool {
            !request.seen(at: now).state.name.isTerminal
        }
        func isWaiting(_ request: AccessRequest) -> Bool {
            request.seen(at: now).state.decideBy != nil
        }
        let open = try openRequests(askedBy: asker).filter(isOpen)
        let denied = try Set([asker.id, engineer.id]).compactMap {
            try denials(of: $0, on: support.number, of: support.tenant).last
        }
        return AskingHistory(
            open: open.count,
            waitingAtTenant: open.count {
                $0.terms.tenant == support.tenant && isWaiting($0)
            },
            waitingOnSupportRequest: try waitingCount(
                on: support.number,
                of: support.tenant,
                at: now
            ),
            lastDenied: denied.max()
        )
    }

    /// Those that `asker` asked for: a human being for herself, a program for itself and for others.
    private func openRequests(askedBy asker: Person) throws -> [AccessRequest] {
        guard asker.isProgram else {
            return try openRequests(of: nil, engineer: asker.id).filter {
                $0.terms.askedBy == nil
            }
        }
        return try openRequests(askedBy: asker.id)
    }
}

extension TenantRecords where Self: ServiceRecords {
    /// The scope that `lines` describe. A resource exists for a tenant only if somebody said that
    /// it is that tenant's; otherwise one tenant's approver could open another tenant's data.
    func scope(_ lines: [RequestDraft.Line], of tenant: TenantID) throws -> Scope {
        guard lines.count <= Limits.resourcesPerRequest.upperBound else {
            throw Refusal.invalid(
                field: "resources",
                problem: .outOfRange("1 to \(Limits.resourcesPerRequest.upperBound) resources")
            )
        }
        return try Scope(
            try lines.enumerated().map { position, line in
                let field = "resources[\(position)]"
                guard let id = ServiceID(line.service), let service = try service(id)?.service
                else {
                    throw Refusal.unknownReference(field: "\(field).service", noun: .service)
                }
                guard let actions = Actions(names: line.actions) else {
                    throw Refusal.invalid(
                        field: "\(field).actions",
                        problem: .malformed(expected: #"a list of "read" and "write""#)
                    )
                }
                let name = line.id.contains(":") ? line.id : "\(service.resourceType):\(line.id)"
                guard let resource = Resource(service: id, name: name),
                    resource.type == service.resourceType,
                    try owner(of: resource) == tenant
                else { throw Refusal.unknownReference(field: "\(field).id", noun: .resource) }
                return Access(resource, actions)
            }
        )
    }
}
