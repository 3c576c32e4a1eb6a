import LockboxApprovals
import LockboxAudit
package import LockboxDomain
import LockboxPorts
import LockboxWire
import MerkleLog

/// What is signed by whoever ends access for the customer, or changes her tenant's rules
/// (docs/spec/approval-statement.md §1.2 and §1.3). Nothing is kept of a statement: it comes back with
/// its signature.
extension Lockbox {
    /// The statement that `caller` signs to end access on `id`.
    package func revokeStatement(on id: String, by caller: Person) async throws -> String {
        try await query(.endingAccess, by: caller) { person, tx, now in
            let request = try tx.request(id, visibleTo: person).seen(at: now)
            let tenant = try tx.tenant(of: request)
            guard person.side == .tenant(tenant.id) else { throw Refusal.notPermitted(.revoke) }
            // Whoever may not end this gets nothing to sign.
            var trial = request
            _ = try trial.revoke(comment: nil, by: person, now: now)
            return signing.statement(
                revoking: request,
                at: tenant,
                by: person,
                made: try signing.made(at: now, for: tenant, in: tx)
            )
        }
    }

    /// The statement that `caller` signs to change the tenant's rules so, with these rules. `condition`
    /// and `completing` as in `changePolicy`.
    package func policyStatement(
        of id: String,
        to wanted: Policy,
        matching condition: VersionCondition?,
        completing: @escaping @Sendable (Policy, Policy) -> Policy = { wanted, _ in wanted },
        by caller: Person
    ) async throws -> String {
        try await query(by: caller) { person, tx, now in
            let tenant = try tx.tenant(id, visibleTo: person)
            guard person.holds(oneOf: .admin, at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.changePolicy)
            }
            guard let condition else { throw Refusal.versionRequired }
            guard condition.holds(for: tenant.version) else {
                throw Refusal.stale(current: tenant.version)
            }
            return signing.statement(
                changingTo: completing(wanted, tenant.policy),
                at: tenant,
                by: person,
                made: try signing.made(at: now, for: tenant, in: tx)
            )
        }
    }

    /// The statement that `caller` signs to agree to what waits at the tenant, if that is `change`; and
    /// the rules in it.
    package func agreementStatement(to change: String, of tenant: String, by caller: Person)
        async throws -> (statement: String, policy: Policy)
    {
        try await query(by: caller) { person, tx, now in
            let tenant = try tx.tenant(tenant, visibleTo: person)
            guard person.mayApprove(for: tenant.id, at: now) else {
                throw Refusal.notPermitted(.agree)
            }
            let waiting = try tx.policyChange(change, of: tenant)
            let statement = signing.statement(
                changingTo: waiting.policy,
                at: tenant,
                by: person,
                made: try signing.made(at: now, for: tenant, in: tx)
            )
            return (statement, waiting.policy)
        }
    }

    /// Whether `caller` is asked for a signature where she ends access on `request`.
    package func asksToSignRevoke(of request: AccessRequest, by caller: Person) async throws -> Bool
    {
        try await query(.endingAccess, by: caller) { person, tx, _ in
            try tx.asksToSign(person, revoking: request)
        }
    }
}

extension TenantRecords where Self: PersonRecords {
    func asksToSign(_ person: Person, revoking request: AccessRequest) throws -> Bool {
        let tenant = try tenant(of: request)
        return person.side == .tenant(tenant.id) && tenant.policy.signedChanges == .required
    }
}

/// The view in which a command is judged: a read, or the write that carries it out.
struct JudgedView {
    let tx: any StoreTransaction
    let now: Timestamp
    var records: GrantRecords

    init(reading tx: any StoreTransaction, _ now: Timestamp, _ logs: ReadLogs) {
        (self.tx, self.now, records) = (tx, now, GrantRecords(reading: tx, logs))
    }

    init(_ change: Change) { (tx, now, records) = (change.tx, change.now, change.records) }
}

extension SigningPlace {
    func statement(
        revoking request: AccessRequest,
        at tenant: Tenant,
        by person: Person,
        made: Made
    ) -> String {
        let members: [String: CanonicalJSON] = [
            "engineer": .string(request.terms.engineer.text),
            "person": .string(person.id.text),
            "request": .string(request.id.text),
            "requestVersion": .integer(Int64(request.version)),
        ]
        return spelling(of: members, as: RevokeStatement.self, at: tenant, made)
    }

    func statement(changingTo policy: Policy, at tenant: Tenant, by person: Person, made: Made)
        -> String
    {
        let members: [String: CanonicalJSON] = [
            "person": .string(person.id.text),
            "policy": .integer(Int64(tenant.version)),
            "rules": .object(AuditFacts.members(of: policy)),
        ]
        return spelling(of: members, as: PolicyStatement.self, at: tenant, made)
    }

    /// Throws unless `signature` is good for ending access on `request` now, by what the log says of its
    /// key.
    func check(
        _ signature: ApprovalSignature,
        revoking request: AccessRequest,
        by person: Person,
        in view: JudgedView
    ) throws {
        let tenant = try view.tx.tenant(of: request)
        guard person.side == .tenant(tenant.id) else {
            throw Refusal.invalid(
                field: "signature",
                problem: .notAllowedHere("belongs to an end by somebody of the customer.")
            )
        }
        let head = try view.tx.head(of: .tenant(tenant.id))
        var records = view.records
        let log = try records.check(at: tenant.id)
        do throws(ApprovalFault) {
            let said = try RevokeStatement(signature.statement)
            try check(signature, over: said, at: view.now, head) { made in
                statement(revoking: request, at: tenant, by: person, made: made)
            }
            _ = try log.revokeStatement(
                signedBy: .init(
                    index: head.size,
                    time: max(view.now, head.lastTime ?? view.now).description,
                    activity: "access.ended",
                    actor: person.id.text,
                    request: request.id.text,
                    data: [
                        "endedReason": .string(Ending.Reason.revoked.rawValue),
                        "version": .integer(Int64(request.version + 1)),
                        "statement": .string(signature.statement),
                        "signature": try Self.told(signature.proof),
                    ],
                    texts: [:]
                )
            )
        } catch {
            throw Self.refusal(
                error,
                then: " Nothing was ended. Sent without a signature, it ends at once."
            )
        }
    }

    /// Throws unless what is signed is what would be made now of `policy` at `tenant`, as it is before.
    /// Whether the signature is good, the log's own rules say (`requireSignedRules`).
    func check(
        _ signature: ApprovalSignature,
        changingTo policy: Policy,
        at tenant: Tenant,
        by person: Person,
        in change: Change
    ) throws {
        let head = try change.tx.head(of: .tenant(tenant.id))
        do throws(ApprovalFault) {
            let said = try PolicyStatement(signature.statement)
            try check(signature, over: said, at: change.now, head) { made in
                statement(changingTo: policy, at: tenant, by: person, made: made)
            }
        } catch {
            throw Self.refusal(error, then: " Nothing was changed.")
        }
    }
}

extension Change {
    /// Throws where the log's own rules would not let this write change the rules of `tenant`: whoever
    /// changed the tables, or has no signature, changes nothing.
    func requireSignedRules(at tenant: TenantID, by person: Person) throws {
        switch try fault(of: events, at: tenant, by: person.id.text) {
        case nil: return
        case .rulesUnsigned?: throw Refusal.signatureRequired
        case let fault?: throw SigningPlace.refusal(fault, then: " Nothing was changed.")
        }
    }

    /// Whether the log's own rules would let `event` change the rules of `tenant` because time has
    /// passed. A log that cannot be read says no, and stands in no other tenant's way.
    func wouldComeAbout(_ event: Event, at tenant: TenantID) throws -> Bool {
        do {
            return try fault(of: [event], at: tenant, by: "system") == nil
        } catch StoreError.corrupt {
            return false
        }
    }

    /// What is wrong with `events` as the log's next records, as far as they change rules.
    private func fault(of events: [Event], at tenant: TenantID, by actor: String) throws
        -> ApprovalFault?
    {
        let facts = try events.filter(\.changesRules).map { try AuditFacts($0, in: tx) }
        guard !facts.isEmpty else { return nil }
        var records = records
        var log = try records.check(at: tenant)
        let head = try tx.head(of: .tenant(tenant))
        for (place, facts) in facts.enumerated() {
            guard
                case .object(let data) = try CanonicalJSONReader.read(
                    CanonicalJSON.object(facts.data).canonicalBytes
                )
            else { continue }
            let found = log.read(
                .init(
                    index: head.size + UInt64(place),
                    time: max(now, head.lastTime ?? now).description,
                    activity: facts.activity,
                    actor: actor,
                    request: nil,
                    data: data,
                    texts: [:]
                )
            )
            if let fault = found.first?.fault { return fault }
        }
        return nil
    }
}

extension Event {
    /// Whether its record says something of rules.
    fileprivate var changesRules: Bool {
        switch self {
        case .directory(.policyChanged), .directory(.policyChange), .directory(.licenceChanged):
            true
        case .request, .access, .directory, .signIn, .provisioning, .log: false
        }
    }
}
