import LockboxDomain
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog

// How domain values are written on the wire, and read from it.

extension PersonRef {
    init(_ person: Person) {
        self.init(
            id: person.id.text,
            name: person.name,
            email: person.email.text,
            program: person.isProgram ? true : nil
        )
    }
}

extension PersonRef {
    init(_ person: ShownPerson) {
        self.init(
            // Where the name is not told: who opened a support request is named with hers.
            id: person.email.map { _ in person.id.text },
            name: person.name,
            email: person.email?.text,
            program: person.isProgram ? true : nil
        )
    }
}

extension ProposalBody {
    init(_ proposal: PersonProposal) {
        self.init(
            id: proposal.id.text,
            person: proposal.person.text,
            roles: proposal.wish.roles?.names,
            email: proposal.wish.email?.text,
            aliases: proposal.wish.aliases?.map(\.text),
            switchesOn: proposal.wish.switchesOn,
            madeAt: proposal.madeAt.description
        )
    }
}

extension PersonBody {
    init(_ person: Person, at now: Timestamp) {
        self.init(
            id: person.id.text,
            name: person.name,
            email: person.email.text,
            roles: person.roles.names,
            disabled: person.isDisabled,
            decidesFrom: person.decidesFrom(at: now)?.description
        )
    }
}

extension SupportRequestBody {
    init(_ view: SupportView) {
        let support = view.support
        self.init(
            number: support.number.text,
            tenant: support.tenant.text,
            subject: support.subject,
            description: support.description,
            service: support.service?.text,
            url: support.url,
            openedBy: PersonRef(view.openedBy),
            openedAt: support.openedAt.description,
            state: support.state.rawValue,
            lastAnswer: support.lastAnswer.flatMap { answer in
                view.answeredBy.map {
                    SupportAnswer(by: PersonRef($0), at: answer.at.description)
                }
            }
        )
    }
}

extension SupportEntryBody {
    init(_ view: SupportEntryView) {
        self.init(
            number: view.entry.number,
            by: PersonRef(view.author),
            side: view.author.side == .provider ? "provider" : "customer",
            act: view.entry.act.rawValue,
            text: view.entry.text,
            at: view.entry.at.description
        )
    }
}

extension ResourceAccess {
    init(_ access: Access) {
        self.init(
            service: access.resource.service.text,
            id: access.resource.name,
            actions: access.actions.names
        )
    }

    var line: RequestDraft.Line { .init(service: service, id: id, actions: actions) }
}

extension AccessRequestBody {
    init(_ view: RequestView) throws {
        let request = view.request
        var needed: Int?
        if case .awaitingCustomer(_, _, let count) = request.state { needed = count }
        self.init(
            id: request.id.text,
            state: AccessState(rawValue: request.state.name.rawValue),
            version: request.version,
            tenant: request.terms.tenant.text,
            supportRequest: request.terms.supportRequest.text,
            engineer: try view.ref(request.terms.engineer),
            askedBy: try request.terms.askedBy.map { try view.ref($0) },
            reason: request.terms.reason,
            resources: request.terms.scope.accesses.map(ResourceAccess.init),
            duration: request.terms.duration.description,
            notBefore: request.terms.notBefore?.description,
            createdAt: request.createdAt.description,
            decideBy: request.state.decideBy?.description,
            approvalsNeeded: needed,
            decisions: try request.decisions.map { try DecisionBody($0, in: view) },
            grant: try request.state.grant.map { try GrantBody($0, in: view) }
        )
    }
}

extension DecisionBody {
    fileprivate init(_ decision: Decision, in view: RequestView) throws {
        var narrowing = Decision.Narrowing.none
        if case .approve(let given) = decision.verdict { narrowing = given }
        self.init(
            by: try view.ref(decision.person),
            side: decision.stage == .manager ? "provider" : "customer",
            decision: decision.isApproval ? .approve : .deny,
            comment: decision.comment,
            duration: narrowing.duration?.description,
            resources: narrowing.scope?.accesses.map(ResourceAccess.init),
            at: decision.at.description
        )
    }
}

extension GrantBody {
    fileprivate init(_ grant: Grant, in view: RequestView) throws {
        let ending = view.request.state.ending
        self.init(
            id: grant.id.text,
            start: grant.start.description,
            end: grant.end.description,
            state: LockboxWire.GrantState(rawValue: view.grantState?.rawValue ?? ""),
            basis: grant.basis.rawValue,
            resources: grant.scope.accesses.map(ResourceAccess.init),
            endedReason: ending?.reason.rawValue,
            endedAt: ending?.at.description,
            endedBy: try ending?.by.map { try view.ref($0) },
            unrecordedEnd: view.unrecordedEnd?.description,
            removals: view.removals.map {
                RemovalBody(
                    service: $0.service.text,
                    state: $0.progress.rawValue,
                    attempts: $0.attempts,
                    problem: $0.problem
                )
            },
            leftOpen: view.leftOpen.map(\.text),
            uses: view.uses.map {
                UseBody(
                    service: $0.resource.service.text,
                    id: $0.resource.name,
                    count: $0.count,
                    first: $0.first.description,
                    last: $0.last.description
                )
            },
            operations: view.operations.map {
                OperationsBody(
                    service: $0.service.text,
                    subject: $0.subject,
                    reads: $0.reads,
                    writes: $0.writes
                )
            }
        )
    }
}

extension RequestView {
    fileprivate func ref(_ id: PersonID) throws -> PersonRef {
        guard let person = shown(id) else {
            throw StoreError.corrupt("request \(request.id) speaks of an unknown person")
        }
        return PersonRef(person)
    }
}

extension NoticeBody {
    init(_ view: NoticeView) {
        let notice = view.notice
        self.init(
            id: notice.id.text,
            kind: notice.kind.rawValue,
            recipient: PersonRef(view.recipient),
            state: notice.delivery.rawValue,
            attempts: notice.attempts,
            createdAt: notice.createdAt.description,
            sentAt: notice.sentAt?.description,
            nextAttempt: notice.delivery == .queued ? notice.nextAttempt.description : nil,
            lastReply: view.lastReply
        )
    }
}

extension TenantBody {
    init(_ tenant: Tenant) {
        self.init(
            id: tenant.id.text,
            name: tenant.name,
            licensed: tenant.isLicensed,
            requireApproval: tenant.policy.requireApproval
        )
    }
}

extension PolicyBody {
    init(_ tenant: Tenant, waiting: PolicyChange? = nil) {
        self.init(
            tenant: tenant.id.text,
            licensed: tenant.isLicensed,
            requireApproval: tenant.policy.requireApproval,
            decisionWindow: tenant.policy.decisionWindow.description,
            maxAccess: tenant.policy.maxAccess.description,
            approvalsNeeded: tenant.policy.approvalsNeeded,
            withheldFromTokens: tenant.policy.withheldFromTokens.names,
            coolingOff: tenant.policy.coolingOff.description,
            allowPrograms: tenant.policy.allowsPrograms,
            retention: tenant.policy.retention?.description ?? "none",
            signedApprovals: tenant.policy.signedApprovals.rawValue,
            closeUnknownAccess: tenant.policy.closesUnknownAccess,
            signedChanges: tenant.policy.signedChanges.rawValue,
            version: tenant.version,
            waiting: waiting.map(PolicyChangeBody.init)
        )
    }
}

extension PolicyChangeBody {
    init(_ change: PolicyChange) {
        self.init(
            id: change.id.text,
            requireApproval: change.policy.requireApproval,
            decisionWindow: change.policy.decisionWindow.description,
            maxAccess: change.policy.maxAccess.description,
            approvalsNeeded: change.policy.approvalsNeeded,
            withheldFromTokens: change.policy.withheldFromTokens.names,
            coolingOff: change.policy.coolingOff.description,
            allowPrograms: change.policy.allowsPrograms,
            retention: change.policy.retention?.description ?? "none",
            signedApprovals: change.policy.signedApprovals.rawValue,
            closeUnknownAccess: change.policy.closesUnknownAccess,
            signedChanges: change.policy.signedChanges.rawValue,
            madeBy: change.by.text,
            madeAt: change.madeAt.description,
            takesEffectAt: change.takesEffectAt.description,
            agreed: change.agreed.map(\.text)
        )
    }
}

extension NewPolicy {
    func policy() throws -> Policy {
        try Policy(
            requireApproval: requireApproval,
            decisionWindow: TimeSpan(duration: decisionWindow, field: "decisionWindow"),
            maxAccess: TimeSpan(duration: maxAccess, field: "maxAccess"),
            approvalsNeeded: approvalsNeeded,
            withheldFromTokens: withheldFromTokens.map {
                try TokenScopes(names: $0, of: .weighty, field: "withheldFromTokens")
            } ?? [],
            coolingOff: coolingOff.map { try TimeSpan(duration: $0, field: "coolingOff") }
                ?? Limits.defaultCoolingOff,
            allowsPrograms: allowPrograms ?? true,
            retention: retention.flatMap { $0 == "none" ? nil : $0 }.map {
                try TimeSpan(duration: $0, field: "retention")
            },
            signedApprovals: try Self.mode(signedApprovals, field: "signedApprovals") ?? .off,
            closesUnknownAccess: closeUnknownAccess ?? false,
            signedChanges: try Self.mode(signedChanges, field: "signedChanges") ?? .off
        )
    }

    private static func mode<Mode: RawRepresentable<String>>(_ text: String?, field: String)
        throws(Refusal) -> Mode?
    {
        guard let text else { return nil }
        guard let mode = Mode(rawValue: text) else {
            throw .invalid(
                field: field,
                problem: .malformed(expected: #""off" or "required""#)
            )
        }
        return mode
    }

    /// `wanted`, which is `policy()`, with what was left out as it is in `present`.
    func completed(_ wanted: Policy, _ present: Policy) -> Policy {
        var policy = wanted
        if withheldFromTokens == nil { policy.withheldFromTokens = present.withheldFromTokens }
        if coolingOff == nil { policy.coolingOff = present.coolingOff }
        if allowPrograms == nil { policy.allowsPrograms = present.allowsPrograms }
        if retention == nil { policy.retention = present.retention }
        if signedApprovals == nil { policy.signedApprovals = present.signedApprovals }
        if closeUnknownAccess == nil { policy.closesUnknownAccess = present.closesUnknownAccess }
        if signedChanges == nil { policy.signedChanges = present.signedChanges }
        return policy
    }
}

extension TimeSpan {
    /// A duration as people send it.
    init(duration text: String, field: String) throws(Refusal) {
        guard let span = TimeSpan(text) else {
            throw .invalid(
                field: field,
                problem: .malformed(
                    expected:
                        "an ISO 8601 duration of days, hours, minutes and seconds, such as PT2H"
                )
            )
        }
        self = span
    }
}

extension Timestamp {
    init(instant text: String, field: String) throws(Refusal) {
        guard let instant = Timestamp(text) else {
            throw .invalid(
                field: field,
                problem: .malformed(
                    expected: "an RFC 3339 time with its zone, such as 2026-11-23T20:15:00Z"
                )
            )
        }
        self = instant
    }
}

extension NewAccessRequest {
    func draft() throws -> RequestDraft {
        RequestDraft(
            tenant: tenant,
            supportRequest: supportRequest,
            reason: reason,
            duration: try TimeSpan(duration: duration, field: "duration"),
            resources: resources.map(\.line),
            notBefore: try notBefore.map { try Timestamp(instant: $0, field: "notBefore") },
            engineer: engineer
        )
    }
}

extension NewDecision {
    func draft() throws -> DecisionDraft {
        guard decision == .approve || decision == .deny else {
            throw Refusal.invalid(
                field: "decision",
                problem: .malformed(expected: #""approve" or "deny""#)
            )
        }
        return DecisionDraft(
            approves: decision == .approve,
            comment: comment,
            duration: try duration.map { try TimeSpan(duration: $0, field: "duration") },
            resources: resources.map { $0.map(\.line) },
            signature: try ApprovalSignature(statement, signature)
        )
    }
}

extension ApprovalSignature {
    /// Nil where neither is there.
    init?(_ statement: String?, _ signature: SignatureBody?) throws {
        guard statement != nil || signature != nil else { return nil }
        guard let statement else {
            throw Refusal.invalid(field: "statement", problem: .missing)
        }
        guard let signature else {
            throw Refusal.invalid(field: "signature", problem: .missing)
        }
        self.init(statement: statement, proof: try signature.proof())
    }
}

extension SignatureBody {
    fileprivate func proof() throws -> ApprovalSignature.Proof {
        func bytes(_ field: String, _ text: String?) throws -> [UInt8] {
            guard let text, !text.isEmpty else {
                throw Refusal.invalid(field: "signature.\(field)", problem: .missing)
            }
            guard let bytes = [UInt8](base64URL: text) else {
                throw Refusal.invalid(
                    field: "signature.\(field)",
                    problem: .malformed(expected: "base64url without padding")
                )
            }
            return bytes
        }
        switch kind {
        case "webauthn":
            guard let passkey = passkey.flatMap({ PasskeyID($0) }) else {
                throw Refusal.invalid(field: "signature.passkey", problem: .missing)
            }
            return .webAuthn(
                passkey: passkey,
                authenticatorData: try bytes("authenticatorData", authenticatorData),
                clientData: try bytes("clientData", clientData),
                signature: try bytes("signature", signature)
            )
        case "sshsig":
            guard let key = key.flatMap({ SigningKeyID($0) }) else {
                throw Refusal.invalid(field: "signature.key", problem: .missing)
            }
            guard let blob = Base64.decode(signature.utf8) else {
                throw Refusal.invalid(
                    field: "signature.signature",
                    problem: .malformed(expected: "base64")
                )
            }
            return .ssh(key: key, signature: blob)
        case _:
            throw Refusal.invalid(
                field: "signature.kind",
                problem: .malformed(expected: #""webauthn" or "sshsig""#)
            )
        }
    }
}

extension SigningKeyBody {
    init(_ reading: Lockbox.SigningKeyReading) {
        self.init(
            id: reading.id,
            kind: reading.isPasskey ? "passkey" : "ssh",
            person: reading.owner.id.text,
            personName: reading.owner.name,
            publicKey: reading.publicKey,
            name: reading.name,
            addedAt: reading.addedAt.description,
            countsFrom: reading.countsFrom?.description,
            confirmedBy: reading.confirmedBy
        )
    }
}
