package import LockboxDomain
package import LockboxPorts

/// Who must hear of which event. It adds the letters to the outbox inside the write that the event
/// belongs to, so that no letter tells of what was taken back, and nothing that happened goes
/// untold.
package struct NoticePlanner: EventReader {
    private let portal: Portal
    private let kinds: ServiceKinds
    private let operators: Operators

    package init(portal: Portal, kinds: ServiceKinds, operators: Operators = Operators([])) {
        self.portal = portal
        self.kinds = kinds
        self.operators = operators
    }

    package func read(
        _ event: Event,
        by actor: Actor,
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    ) throws {
        let writer = NoticeWriter(
            portal: portal,
            kinds: kinds,
            now: now,
            entropy: entropy,
            tx: tx
        )
        switch event {
        case .request(let event): try read(event, by: actor, writer)
        case .access(let event): try read(event, writer)
        case .directory(let event):
            try read(event, writer)
            if event.isTold(by: actor), let change = SideChange(event) {
                try writer.tell(of: change, by: actor)
            }
        case .provisioning(let event):
            if let change = SideChange(event) { try writer.tell(of: change, by: actor) }
        case .log(let event): try writer.tell(of: SideChange(event), by: actor)
        case .signIn(let event):
            if event.isTold(by: actor), let change = SideChange(event) {
                try writer.tell(of: change, by: actor)
            }
            if case .invited(let person, let invitation) = event {
                try writer.invite(person, invitation, by: actor)
            }
        }
    }

    private func read(_ event: DirectoryEvent, _ writer: NoticeWriter) throws {
        switch event {
        case .personAdded(let person): try writer.askNewcomer(before: nil, after: person)
        case .personChanged(let before, let after):
            try writer.stopLetters(before: before, after: after)
            try writer.askNewcomer(before: before, after: after)
        case .tenantAdministered, .tenantAdded, .policyChanged, .policyChange, .licenceChanged,
            .domainsChanged,
            .signInChanged, .signInChangeAsked, .signInChangeStopped, .personProposal,
            .tenantRenamed,
            .providerRenamed, .resourceAdded, .serviceAdded,
            .serviceChanged, .textsErased:
            return
        }
    }

    private func read(_ event: RequestEvent, by actor: Actor, _ writer: NoticeWriter) throws {
        switch event {
        case .submitted(let request):
            try writer.askManagers(request)
            try writer.tellOfAsking(request)
        case .decisionMade(let request, let decision, _): try writer.tell(of: decision, on: request)
        case .customerAsked(let request): try writer.askApprovers(request)
        case .withdrawn(let request): try writer.tellOfWithdrawal(request, by: actor)
        case .expired(let request): try writer.tellOfExpiry(request)
        case .messagePosted(let request, let message): try writer.tell(of: message, on: request)
        case .noticeUndeliverable(let notice): try writer.tellOfUnreached(notice)
        case .supportRequestMoved(let support, let entry):
            try writer.tell(of: entry, on: support)
        case .supportRequestOpened: return
        }
    }

    private func read(_ event: AccessEvent, _ writer: NoticeWriter) throws {
        switch event {
        case .grantOpened(let request, let grant): try writer.tellOfApproval(request, grant)
        case .grantStarted(let request, let grant): try writer.tellOfBeginning(request, grant)
        case .grantEnded(let request, let grant, let ending, _):
            try writer.tellOfEnd(request, grant, ending)
        case .removalFailed(let removal):
            try writer.tellOfFailure(removal)
            try writer.reportAfterRemoval(removal)
            try operators.tell(
                .removalFailing(removal.service),
                detail: removal.problem,
                at: writer.now,
                entropy: writer.entropy,
                in: writer.tx
            )
        case .removalConfirmed(let removal):
            try writer.tellOfRecovery(removal)
            try writer.reportAfterRemoval(removal)
        case .unknownFound(let found): try writer.tell(of: SideChange(found), by: .system)
        case .credentialIssued, .resourceOpened, .operationsRecorded: return
        }
    }
}
