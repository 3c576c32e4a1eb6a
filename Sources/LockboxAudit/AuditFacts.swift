package import LockboxDomain
package import LockboxPorts

/// What the log says of an event: plain facts, which are hashed as they are, and personal or free
/// texts, of which the record holds only salted commitments so that they can be erased.
///
/// Activities and member names are read by other programs; they never change once published.
package struct AuditFacts: Hashable, Sendable {
    package var activity: String
    package var request: AccessRequestID?
    package var data: [String: CanonicalJSON]
    package var texts: [String: String]

    /// The text of a batch of operations: a line of canonical JSON for each.
    package static let operations = CommittedText.operations
    /// The activity of a record that says which texts went.
    package static let textsErased = "texts.erased"
    /// That something is open that nobody granted.
    package static let unknownAccess = "access.unknown"

    init(
        _ activity: String,
        request: AccessRequestID? = nil,
        data: [String: CanonicalJSON] = [:],
        texts: [String: String] = [:]
    ) {
        self.activity = activity
        self.request = request
        self.data = data
        self.texts = texts
    }
}

extension AuditFacts {
    /// `tx` is the write that the event belongs to; it tells how often access was used.
    package init(_ event: Event, in tx: any StoreTransaction) throws {
        switch event {
        case .request(let event): self.init(event)
        case .access(let event): try self.init(event, in: tx)
        case .directory(let event): self.init(event)
        case .signIn(let event): self.init(event)
        case .provisioning(let event): self.init(event)
        case .log(let event): self.init(event)
        }
    }

    private init(_ event: RequestEvent) {
        switch event {
        case .supportRequestOpened(let support):
            self.init(
                "support.opened",
                data: ["supportRequest": .string(support.number.text)],
                texts: ["subject": support.subject, "description": support.description]
            )
            data["service"] = support.service.map { .string($0.text) }
            texts["url"] = support.url
        case .supportRequestMoved(let support, let entry): self.init(entry, on: support)
        case .submitted(let request):
            self.init("request.submitted", of: request)
            let terms = request.terms
            data["engineer"] = .string(terms.engineer.text)
            data["askedBy"] = terms.askedBy.map { .string($0.text) }
            data["duration"] = .string(terms.duration.description)
            data["decideBy"] = request.state.decideBy.map { .string($0.description) }
            data["notBefore"] = terms.notBefore.map { .string($0.description) }
            texts["reason"] = terms.reason
            add(terms.scope)
        case .decisionMade(let request, let decision, let signature):
            self.init(decision.activity, of: request)
            if let signature { add(signature) }
            data["stage"] = .string(decision.stage.rawValue)
            texts["comment"] = decision.comment
            if case .approve(let narrowing) = decision.verdict {
                data["shortenedTo"] = narrowing.duration.map { .string($0.description) }
                if let scope = narrowing.scope {
                    data["narrowed"] = .boolean(true)
                    add(scope)
                }
            }
        case .customerAsked(let request):
            self.init("request.customerAsked", of: request)
            data["decideBy"] = request.state.decideBy.map { .string($0.description) }
            if case .awaitingCustomer(_, _, let needed) = request.state {
                data["approvalsNeeded"] = .integer(Int64(needed))
            }
        case .withdrawn(let request):
            self.init("request.withdrawn", of: request)
            if case .withdrawn(_, let comment) = request.state { texts["comment"] = comment }
        case .expired(let request):
            self.init("request.expired", of: request)
            if case .expired(let at, let stage) = request.state {
                data["deadline"] = .string(at.description)
                data["stage"] = .string(stage.rawValue)
            }
        case .messagePosted(let request, let message):
            self.init("request.message", of: request)
            data["number"] = .integer(Int64(message.number))
            texts["message"] = message.text
        case .noticeUndeliverable(let notice):
            self.init(
                "notice.undeliverable",
                request: notice.request,
                data: ["recipient": .string(notice.recipient.text), "letter": .string(notice.kind)]
            )
        }
    }

    private init(_ event: AccessEvent, in tx: any StoreTransaction) throws {
        switch event {
        case .grantOpened(let request, let grant):
            self.init("access.granted", of: request)
            add(grant)
            add(grant.scope)
        case .grantStarted(let request, let grant):
            self.init("access.started", of: request)
            add(grant)
        case .grantEnded(let request, let grant, let ending, let signature):
            self.init("access.ended", of: request)
            add(grant)
            let uses = try tx.uses(of: grant.id)
            data["endedReason"] = .string(ending.reason.rawValue)
            data["endedAt"] = .string(ending.at.description)
            let operations = uses.reduce(Int64(0)) { $0 + Int64($1.count) }
            data["operations"] = .integer(min(operations, CanonicalJSON.largest))
            texts["comment"] = ending.comment
            switch signature {
            case .given(let signature)?: addFact(signature)
            case .missing?: data["unsigned"] = .boolean(true)
            case nil: break
            }
        case .credentialIssued(let credential):
            self.init("access.credentialIssued", of: credential)
            data["expiresAt"] = .string(credential.expiresAt.description)
        case .resourceOpened(let credential): self.init("access.used", of: credential)
        case .operationsRecorded(let batch): self.init("access.operations", of: batch)
        case .removalConfirmed(let removal): self.init("access.removed", of: removal)
        case .removalFailed(let removal):
            self.init("access.removalFailed", of: removal)
            data["problem"] = removal.problem.map { .string($0) }
        case .unknownFound(let found): self.init(found)
        }
    }

    private init(_ event: DirectoryEvent) {
        switch event {
        case .tenantAdded(let tenant):
            self.init(
                "tenant.added",
                data: ["name": .string(tenant.name), "licensed": .boolean(tenant.isLicensed)]
            )
            add(tenant)
        case .policyChanged(let before, let after, let signature):
            self.init("tenant.policyChanged")
            add(after)
            if let signature { addFact(signature) }
            data["before"] = .object(AuditFacts.members(of: before.policy))
        case .policyChange(let event, let change, _, let signature):
            self.init(event, change)
            if let signature { addFact(signature) }
        case .licenceChanged(let tenant):
            self.init("tenant.licenceChanged")
            add(tenant)
        case .domainsChanged(let tenant):
            self.init(
                "tenant.domainsChanged",
                data: ["domains": .list(tenant.domains.map { .string($0.text) })]
            )
        case .signInChanged(_, let settings):
            self.init("signIn.settingsChanged", data: Self.members(of: settings))
        case .signInChangeAsked(let change):
            self.init("signIn.changeAsked", data: Self.members(of: change.settings))
            data["change"] = .string(change.id.text)
            data["takesEffectAt"] = .string(change.takesEffectAt.description)
        case .signInChangeStopped(let change):
            self.init("signIn.changeStopped", data: ["change": .string(change.id.text)])
        case .tenantAdministered: self.init("tenant.administered")
        case .personAdded(let person): self.init("person.added", of: person)
        case .personChanged(let before, let after):
            self.init("person.changed", of: after)
            data["rolesBefore"] = .list(before.roles.names.map { .string($0) })
        case .personProposal(let event, let proposal, let person):
            self.init(event, proposal, of: person)
        case .tenantRenamed(let tenant):
            self.init("tenant.renamed", data: ["name": .string(tenant.name)])
        case .providerRenamed(let name):
            self.init("provider.renamed", data: ["name": .string(name)])
        case .resourceAdded(let resource, _):
            self.init(
                "resource.added",
                data: ["service": .string(resource.service.text)],
                texts: ["resource": resource.name]
            )
        case .serviceAdded(let service): self.init("service.added", of: service)
        case .serviceChanged(let service): self.init("service.changed", of: service)
        case .textsErased(let erasure): self.init(erasure)
        }
    }

    private init(_ event: SignInEvent) {
        switch event {
        case .tokenIssued(let token, let person):
            self.init(
                "token.issued",
                data: ["token": .string(token.id.text), "person": .string(person.id.text)]
            )
            data["expiresAt"] = token.expiresAt.map { .string($0.description) }
            data["scopes"] = .list(token.scopes.names.map { .string($0) })
            if !token.addresses.isEmpty {
                data["addresses"] = .list(token.addresses.map { .string($0.description) })
            }
            if token.login != nil { data["login"] = .boolean(true) }
            texts["label"] = token.label
        case .tokenRevoked(let token, let person):
            self.init(
                "token.revoked",
                data: ["token": .string(token.id.text), "person": .string(person.id.text)]
            )
        case .loginReused(let token, let person):
            self.init(
                "login.reused",
                data: ["token": .string(token.id.text), "person": .string(person.id.text)]
            )
        case .passwordSet(let person):
            self.init("password.set", data: ["person": .string(person.id.text)])
        case .invited(let person, let invitation):
            self.init("invitation.sent", of: invitation, to: person)
        case .invitationUsed(let person, let invitation):
            self.init("invitation.used", of: invitation, to: person)
        case .invitationGuessed(let person, let invitation):
            self.init("signIn.invitationGuessed", of: invitation, to: person)
        case .locked(let person, let until):
            self.init(
                "signIn.locked",
                data: ["person": .string(person.id.text), "until": .string(until.description)]
            )
        case .throttled(let person, let until):
            self.init(
                "signIn.clientHeldOff",
                data: ["person": .string(person.id.text), "until": .string(until.description)]
            )
        case .signedIn(let person, let passkey):
            self.init("signIn.succeeded", data: ["person": .string(person.id.text)])
            data["passkey"] = passkey.map { .string($0.text) }
        case .passkey(let event, let passkey, let person):
            self.init(event, of: passkey, person)
        case .signingKey(let event, let key, let person):
            self.init(event, of: key, person)
        case .newBrowser(let person):
            self.init("signIn.newBrowser", data: ["person": .string(person.id.text)])
        case .sessionsEnded(let person):
            self.init("sessions.ended", data: ["person": .string(person.id.text)])
        case .identityLinked(let identity, let person):
            self.init(
                "identity.linked",
                data: [
                    "person": .string(person.id.text), "issuer": .string(identity.issuer),
                ],
                texts: ["account": identity.subject]
            )
        case .identityRefused(let person, let issuer):
            self.init("identity.refused", of: person, at: issuer)
        case .signedOutByProvider(let person, let issuer):
            self.init("sessions.endedByProvider", of: person, at: issuer)
        }
    }

    private init(_ event: ProvisioningEvent) {
        switch event {
        case .tokenIssued(let token):
            self.init(
                "provisioning.tokenIssued",
                data: [
                    "provisioningToken": .string(token.id.text),
                    "expiresAt": .string(token.expiresAt.description),
                    "addresses": .list(token.addresses.map { .string($0.description) }),
                ],
                texts: ["label": token.label]
            )
        case .tokenRevoked(let token):
            self.init(
                "provisioning.tokenRevoked",
                data: ["provisioningToken": .string(token.id.text)]
            )
        case .rolesMapped(let before, let after):
            self.init(
                "provisioning.rolesMapped",
                data: [
                    "given": .list(after.roles.names.map { .string($0) }),
                    "givenBefore": .list(before.names.map { .string($0) }),
                ],
                texts: ["group": after.group]
            )
        case .refused(let token, let problem):
            self.init(
                "provisioning.refused",
                data: [
                    "provisioningToken": .string(token.id.text),
                    "problem": .string(problem.rawValue),
                ]
            )
        }
    }
}

// MARK: - Parts that several records share

extension AuditFacts {
    private init(_ activity: String, of person: Person, at issuer: String) {
        self.init(
            activity,
            data: ["person": .string(person.id.text), "issuer": .string(issuer)]
        )
    }

    private init(_ activity: String, of request: AccessRequest) {
        self.init(
            activity,
            request: request.id,
            data: [
                "state": .string(request.state.name.rawValue),
                "version": .integer(Int64(request.version)),
                "supportRequest": .string(request.terms.supportRequest.text),
            ]
        )
    }

    private init(_ activity: String, of credential: Credential) {
        self.init(
            activity,
            request: credential.request,
            data: [
                "grant": .string(credential.grant.text), "credential": .string(credential.id.text),
                "engineer": .string(credential.engineer.text),
                "service": .string(credential.resource.service.text),
                "actions": .list(credential.actions.names.map { .string($0) }),
                "username": .string(credential.username),
            ],
            texts: ["resource": credential.resource.name]
        )
    }

    private init(_ activity: String, of batch: OperationBatch) {
        self.init(
            activity,
            request: batch.request,
            data: [
                "grant": .string(batch.grant.text), "engineer": .string(batch.engineer.text),
                "service": .string(batch.service.text),
                "first": .string(batch.first.description), "last": .string(batch.last.description),
                "count": .integer(Int64(batch.reads + batch.writes)),
                "reads": .integer(Int64(batch.reads)), "writes": .integer(Int64(batch.writes)),
            ],
            texts: [Self.operations: batch.lines]
        )
    }

    private init(_ activity: String, of removal: Removal) {
        self.init(
            activity,
            request: removal.request,
            data: [
                "grant": .string(removal.grant.text), "service": .string(removal.service.text),
                "attempts": .integer(Int64(removal.attempts)),
            ]
        )
    }

    private init(_ activity: String, of person: Person) {
        self.init(
            activity,
            data: [
                "person": .string(person.id.text),
                "roles": .list(person.roles.names.map { .string($0) }),
                "disabled": .boolean(person.isDisabled),
            ],
            texts: ["personName": person.name, "personAddress": person.email.text]
        )
        if !person.mutedLetters.isEmpty {
            data["mutedLetters"] = .list(person.mutedLetters.names.map { .string($0) })
        }
        if let zone = person.timeZone { data["timeZone"] = .string(zone.text) }
        if let delay = person.decisionDelay {
            data["decidesFrom"] = .string(delay.endsAt.description)
            data["confirmedBy"] = .list(delay.confirmedBy.map { .string($0.text) })
        }
        if person.isProgram { data["program"] = .boolean(true) }
    }

    /// Not its name, which is half of a way in.
    private init(_ activity: String, of invitation: Invitation, to person: Person) {
        self.init(
            activity,
            data: [
                "person": .string(person.id.text),
                "purpose": .string(invitation.purpose.rawValue),
                "expiresAt": .string(invitation.endsAt.description),
            ]
        )
    }

    private init(_ activity: String, of service: ProtectedService) {
        self.init(
            activity,
            data: [
                "service": .string(service.id.text), "kind": .string(service.kind.rawValue),
                "resourceType": .string(service.resourceType),
            ]
        )
    }

    private mutating func add(_ grant: Grant) {
        data["grant"] = .string(grant.id.text)
        data["basis"] = .string(grant.basis.rawValue)
        data["start"] = .string(grant.start.description)
        data["end"] = .string(grant.end.description)
    }

    /// Names of resources hold addresses of people, so they are texts; what may be done to each is
    /// a plain fact.
    private mutating func add(_ scope: Scope) {
        data["resources"] = .list(
            scope.accesses.map { access in
                .object([
                    "service": .string(access.resource.service.text),
                    "actions": .list(access.actions.names.map { .string($0) }),
                ])
            }
        )
        for (position, access) in scope.accesses.enumerated() {
            texts["resource\(position)"] = access.resource.name
        }
    }

    private mutating func add(_ tenant: Tenant) {
        data["licensed"] = .boolean(tenant.isLicensed)
        data["version"] = .integer(Int64(tenant.version))
        data["policy"] = .object(Self.members(of: tenant.policy))
    }

    /// Rules as records, and statements of them, spell them.
    package static func members(of policy: Policy) -> [String: CanonicalJSON] {
        var members: [String: CanonicalJSON] = [
            "requireApproval": .boolean(policy.requireApproval),
            "decisionWindow": .string(policy.decisionWindow.description),
            "maxAccess": .string(policy.maxAccess.description),
            "approvalsNeeded": .integer(Int64(policy.approvalsNeeded)),
            "withheldFromTokens": .list(policy.withheldFromTokens.names.map { .string($0) }),
            "coolingOff": .string(policy.coolingOff.description),
            "allowPrograms": .boolean(policy.allowsPrograms),
            "signedApprovals": .string(policy.signedApprovals.rawValue),
            "closeUnknownAccess": .boolean(policy.closesUnknownAccess),
            "signedChanges": .string(policy.signedChanges.rawValue),
        ]
        members["retention"] = policy.retention.map { .string($0.description) }
        return members
    }
}

extension Decision {
    /// The activity of its record.
    var activity: String {
        switch (stage, verdict) {
        case (.manager, .approve): "request.approvedByManager"
        case (.manager, .deny): "request.rejected"
        case (.customer, .approve): "request.approved"
        case (.customer, .deny): "request.denied"
        }
    }
}

extension SupportEntry.Act {
    /// The activity of its record.
    var activity: String {
        switch self {
        case .wrote: "support.message"
        case .closed: "support.closed"
        case .reopened: "support.reopened"
        }
    }
}

extension PasskeyEvent {
    var activity: String {
        switch self {
        case .registered: "passkey.registered"
        case .removed: "passkey.removed"
        case .confirmed: "passkey.confirmed"
        case .counterFell: "passkey.counterFell"
        case .refused: "passkey.refused"
        }
    }
}

extension SigningKeyEvent {
    /// The activity of its record.
    var activity: String {
        switch self {
        case .added: "signingKey.added"
        case .confirmed: "signingKey.confirmed"
        case .removed: "signingKey.removed"
        }
    }
}

extension PolicyChangeEvent {
    var activity: String {
        switch self {
        case .asked: "tenant.policyChangeAsked"
        case .agreed: "tenant.policyChangeAgreed"
        case .stopped: "tenant.policyChangeStopped"
        case .withdrawn: "tenant.policyChangeWithdrawn"
        }
    }
}

extension ProposalEvent {
    var activity: String {
        switch self {
        case .made: "person.proposed"
        case .accepted: "person.proposalAccepted"
        case .declined: "person.proposalDeclined"
        case .withdrawn: "person.proposalWithdrawn"
        }
    }
}

extension AuditFacts {
    init(_ event: LogEvent) {
        switch event {
        case .keyChanged(_, let change):
            self.init(
                "key.changed",
                data: [
                    "key": .string(change.key), "previous": .string(change.previous),
                    "signature": .string(change.signature),
                ]
            )
        case .recovered(_, let recovery):
            self.init(
                "log.recovered",
                data: [
                    "expectedSize": .integer(Int64(clamping: recovery.expectedSize)),
                    "expectedRoot": .string(recovery.expectedRoot),
                    "size": .integer(Int64(clamping: recovery.size)),
                ],
                texts: ["reason": recovery.reason]
            )
        }
    }
}
