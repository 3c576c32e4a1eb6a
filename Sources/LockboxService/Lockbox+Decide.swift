import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// One person's yes or no, as it came in.
package struct DecisionDraft: Hashable, Sendable {
    package var approves: Bool
    package var comment: String?
    package var duration: TimeSpan?
    package var resources: [RequestDraft.Line]?
    /// Of what is approved, by whoever approves.
    package var signature: ApprovalSignature?

    package init(
        approves: Bool,
        comment: String?,
        duration: TimeSpan?,
        resources: [RequestDraft.Line]?,
        signature: ApprovalSignature? = nil
    ) {
        self.approves = approves
        self.comment = comment
        self.duration = duration
        self.resources = resources
        self.signature = signature
    }
}

extension Lockbox {
    /// `version` is what the decider read; nil if she did not say.
    package func decide(
        _ draft: DecisionDraft,
        on id: String,
        version: Int?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> RequestView {
        try await decide(
            draft,
            on: id,
            matching: version.map(VersionCondition.exactly),
            by: caller,
            key: key
        )
    }

    /// `condition` is what the decider says of the version that she read; nil if she said nothing.
    package func decide(
        _ draft: DecisionDraft,
        on id: String,
        matching condition: VersionCondition?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> RequestView {
        try await requestCommand(by: caller, key: key, for: .deciding) { person, change in
            let tx = change.tx
            var request = try tx.request(id, visibleTo: person)
            // `If-Match: *` does not say what was read, and nobody decides on what she has not read.
            guard let condition, condition != .any else { throw Refusal.versionRequired }
            let tenant = try tx.tenant(of: request)
            let context = try tx.context(of: request, at: tenant, newGrant: change.entropy.id())
            try change.advance(&request)
            let version = condition.version(for: request.version)
            let verdict: Decision.Verdict
            do {
                verdict = try tx.verdict(draft, for: tenant.id)
            } catch let details as Refusal {
                // A decision that comes too late, or from the wrong person, is refused as such and
                // not for its details.
                var trial = request
                _ = try trial.decide(
                    draft.approves ? .approve(.none) : .deny,
                    comment: draft.comment,
                    by: person,
                    version: version,
                    in: context,
                    signature: draft.signature,
                    now: change.now
                )
                throw details
            }
            let read = request
            let events = try request.decide(
                verdict,
                comment: draft.comment,
                by: person,
                version: version,
                in: context,
                signature: draft.signature,
                now: change.now
            )
            // Looked at last: who may not decide, or too late, hears that and nothing of keys.
            if let signature = draft.signature {
                try signing.check(
                    signature,
                    for: verdict,
                    on: read,
                    at: tenant,
                    by: person,
                    in: change
                )
            }
            try change.save(request, events)
            return request
        }
    }
}

extension TenantRecords where Self: PersonRecords {
    /// The tenant that is asked.
    func tenant(of request: AccessRequest) throws -> Tenant {
        guard let tenant = try tenant(request.terms.tenant) else {
            throw StoreError.corrupt("no tenant \(request.terms.tenant)")
        }
        return tenant
    }

    /// What a decision on `request` is judged against now.
    func context(of request: AccessRequest, at tenant: Tenant, newGrant: GrantID) throws
        -> DecisionContext
    {
        DecisionContext(
            tenant: tenant,
            engineer: try known(request.terms.engineer),
            approvers: try approvers(of: tenant.id),
            deciders: try request.decisions.map { try known($0.person) },
            newGrant: newGrant
        )
    }
}

extension TenantRecords where Self: ServiceRecords {
    /// What `draft` says, with the resources that it names.
    func verdict(_ draft: DecisionDraft, for tenant: TenantID) throws
        -> Decision.Verdict
    {
        guard draft.approves else {
            if draft.duration != nil || draft.resources != nil {
                throw Refusal.invalid(
                    field: draft.duration != nil ? "duration" : "resources",
                    problem: .notAllowedHere("belongs to an approval; a denial gives nothing.")
                )
            }
            return .deny
        }
        let scope = try draft.resources.map { lines in
            do {
                return try self.scope(lines, of: tenant)
            } catch Refusal.unknownReference(let field, .resource) {
                throw Refusal.exceedsRequest(field: field)
            }
        }
        return .approve(.init(duration: draft.duration, scope: scope))
    }
}
