import LockboxApprovals
import LockboxAudit
package import LockboxDomain
package import LockboxPorts
import LockboxWire
import MerkleLog
import WebAuthn

/// What statements say of where they are made, and chance for them.
package struct SigningPlace: Sendable {
    let logPrefix: String
    let webOrigin: String?
    let entropy: any Entropy

    /// `logPrefix` is what the names of logs begin with; `webOrigin` the origin of the pages that ask
    /// passkeys, nil where browsers offer none.
    package init(logPrefix: String, webOrigin: String?, entropy: any Entropy) {
        self.logPrefix = logPrefix
        self.webOrigin = webOrigin
        self.entropy = entropy
    }
}

extension Lockbox {
    /// The statement that `caller` signs to decide so (docs/spec/approval-statement.md §1). Nothing is
    /// kept of it: it comes back with the signature, and is held against what would be made then.
    package func statement(
        for draft: DecisionDraft,
        on id: String,
        matching condition: VersionCondition?,
        by caller: Person
    ) async throws -> String {
        try await query(by: caller) { person, tx, now in
            guard let condition, condition != .any else { throw Refusal.versionRequired }
            let request = try tx.request(id, visibleTo: person).seen(at: now)
            guard person.side != .provider else { throw Refusal.notPermitted(.decideAsApprover) }
            let tenant = try tx.tenant(of: request)
            let verdict = try tx.verdict(draft, for: tenant.id)
            guard case .approve(let narrowing) = verdict else {
                throw Refusal.invalid(field: "decision", problem: .malformed(expected: "approve"))
            }
            let text = signing.statement(
                of: request,
                narrowing,
                at: tenant,
                by: person,
                made: try signing.made(at: now, for: tenant, in: tx)
            )
            // Whoever may not approve this gets nothing to sign.
            var trial = request
            _ = try trial.decide(
                verdict,
                comment: draft.comment,
                by: person,
                version: condition.version(for: request.version),
                in: try tx.context(of: request, at: tenant, newGrant: signing.entropy.id()),
                signature: ApprovalSignature(
                    statement: text,
                    proof: .ssh(key: signing.entropy.id(), signature: [])
                ),
                now: now
            )
            return text
        }
    }

    /// Whether approvals of the tenant's people count only when they are signed.
    package func needsSignature(_ request: AccessRequest, by caller: Person) async throws -> Bool {
        try await query(by: caller) { person, tx, _ in
            let tenant = try tx.tenant(of: request)
            return person.side == .tenant(tenant.id) && tenant.policy.signedApprovals == .required
        }
    }
}

extension SigningPlace {
    /// When a statement is made, with how many records in the log, and with which nonce.
    typealias Made = (at: Timestamp, logSize: UInt64, nonce: String)

    func made(at now: Timestamp, for tenant: Tenant, in tx: any StoreTransaction) throws -> Made {
        (now, try tx.head(of: .tenant(tenant.id)).size, entropy.bytes(16).base64URL)
    }

    func statement(
        of request: AccessRequest,
        _ narrowing: Decision.Narrowing,
        at tenant: Tenant,
        by person: Person,
        made: Made
    ) -> String {
        let duration = narrowing.duration ?? request.offered.duration
        let scope = narrowing.scope ?? request.offered.scope
        var quorum = tenant.policy.approvalsNeeded
        if case .awaitingCustomer(_, _, let needed) = request.state { quorum = max(quorum, needed) }
        let members: [String: CanonicalJSON] = [
            "approver": .string(person.id.text),
            "decision": .string("approve"),
            "duration": .string(min(duration, tenant.policy.maxAccess).description),
            "end": .string("afterDuration"),
            "engineer": .string(request.terms.engineer.text),
            "policy": .integer(Int64(tenant.version)),
            "quorum": .integer(Int64(quorum)),
            "request": .string(request.id.text),
            "requestVersion": .integer(Int64(request.version)),
            "resources": .list(
                scope.accesses.map { access in
                    .object([
                        "actions": .list(access.actions.names.map { .string($0) }),
                        "kind": .string(access.resource.type),
                        "name": .string(access.resource.name),
                        "service": .string(access.resource.service.text),
                    ])
                }
            ),
            "start": .string(request.terms.notBefore?.description ?? "onApproval"),
        ]
        return spelling(of: members, as: ApprovalStatement.self, at: tenant, made)
    }

    /// Canonical JSON of `members` and of those that all kinds of statements have.
    func spelling<Statement: SignedStatement>(
        of members: [String: CanonicalJSON],
        as _: Statement.Type,
        at tenant: Tenant,
        _ made: Made
    ) -> String {
        let common: [String: CanonicalJSON] = [
            "issued": .string(made.at.description),
            "log": .object([
                "origin": .string("\(logPrefix)/v1/tenants/\(tenant.id)/log"),
                "size": .integer(Int64(made.logSize)),
            ]),
            "nonce": .string(made.nonce),
            "tenant": .string(tenant.id.text),
            "type": .string(Statement.namespace),
            "v": .integer(1),
        ]
        let all = members.merging(common) { $1 }
        return String(decoding: CanonicalJSON.object(all).canonicalBytes, as: UTF8.self)
    }

    /// Throws unless `signature` is good for this very decision, in the write that makes it: the
    /// statement is what would be made now, not too old, and the key counts by what the log says.
    func check(
        _ signature: ApprovalSignature,
        for verdict: Decision.Verdict,
        on request: AccessRequest,
        at tenant: Tenant,
        by person: Person,
        in change: Change
    ) throws {
        guard person.side == .tenant(tenant.id), case .approve(let narrowing) = verdict else {
            throw Refusal.invalid(
                field: "signature",
                problem: .notAllowedHere("belongs to an approval by an approver of the customer.")
            )
        }
        let head = try change.tx.head(of: .tenant(tenant.id))
        do throws(ApprovalFault) {
            try check(
                signature,
                over: try ApprovalStatement(signature.statement),
                at: change.now,
                head
            ) { made in
                statement(of: request, narrowing, at: tenant, by: person, made: made)
            }
        } catch {
            throw Self.refusal(error)
        }
        var records = change.records
        let check = try records.check(at: tenant.id)
        do throws(ApprovalFault) {
            _ = try check.statement(
                signedBy: .init(
                    index: head.size,
                    time: max(change.now, head.lastTime ?? change.now).description,
                    activity: "request.approved",
                    actor: person.id.text,
                    request: request.id.text,
                    data: [
                        "version": .integer(Int64(request.version + 1)),
                        "signature": try Self.told(signature.proof),
                    ],
                    texts: ["statement": signature.statement]
                )
            )
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Throws unless `said`, which is what is signed, is byte by byte what would be made now, not too
    /// old, and was signed at a page of ours where a browser signed it.
    func check<Statement: SignedStatement>(
        _ signature: ApprovalSignature,
        over said: Statement,
        at now: Timestamp,
        _ head: LogHead,
        _ make: (Made) -> String
    ) throws(ApprovalFault) {
        guard let issued = Timestamp(said.issued), said.logSize <= head.size,
            issued <= now + TimeSpan(milliseconds: ApprovalLimits.issuedAhead),
            now <= issued + Limits.statementAge
        else { throw .statementTime }
        let expected = make((issued, said.logSize, said.nonce))
        guard expected.utf8.elementsEqual(signature.statement.utf8) else {
            throw .statementElsewhere
        }
        guard isOurs(signature.proof) else { throw .origin }
    }

    /// As a record says it.
    static func told(_ proof: ApprovalSignature.Proof) throws(ApprovalFault) -> JSONValue {
        do {
            return try CanonicalJSONReader.read(AuditFacts.members(of: proof).canonicalBytes)
        } catch {
            throw .incomplete
        }
    }

    /// Whether a passkey answered at a page of ours; that its answer is whole is looked at elsewhere.
    private func isOurs(_ proof: ApprovalSignature.Proof) -> Bool {
        switch proof {
        case .webAuthn(_, _, let clientData, _):
            webOrigin.map { SignedAnswer.isOf(clientData, origin: $0) } ?? false
        case .ssh: true
        }
    }

    /// `then` is what holds, and what to do.
    static func refusal(_ fault: ApprovalFault, then: String = "") -> Refusal {
        .invalid(field: "signature", problem: .notAllowedHere("\(fault.words).\(then)"))
    }
}
