package import LockboxDomain
package import LockboxPorts

/// Who must hear of which event. It adds the letters to the outbox inside the write that the event
/// belongs to, so that no letter tells of what was taken back, and nothing that happened goes
/// untold.
package struct NoticePlanner: EventReader {
    private let portal: Portal

    package init(portal: Portal) { self.portal = portal }

    package func read(
        _ event: Event,
        by actor: Actor,
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    ) throws {
        let outbox = NoticeDesk(portal: portal, now: now, entropy: entropy, tx: tx)
        switch event {
        case .request(let event): try read(event, outbox)
        case .access(let event): try read(event, outbox)
        case .directory(.personChanged(let before, let after)):
            try outbox.stopLetters(before: before, after: after)
        case .directory, .signIn: return
        }
    }

    private func read(_ event: RequestEvent, _ outbox: NoticeDesk) throws {
        switch event {
        case .submitted(let request): try outbox.askManagers(request)
        case .decisionMade(let request, let decision): try outbox.tell(of: decision, on: request)
        case .customerAsked(let request): try outbox.askApprovers(request)
        case .withdrawn(let request): try outbox.tellOfWithdrawal(request)
        case .expired(let request): try outbox.tellOfExpiry(request)
        case .messagePosted(let request, let message): try outbox.tell(of: message, on: request)
        case .supportRequestOpened, .noticeUndeliverable: return
        }
    }

    private func read(_ event: AccessEvent, _ outbox: NoticeDesk) throws {
        switch event {
        case .grantOpened(let request, let grant): try outbox.tellOfApproval(request, grant)
        case .grantStarted(let request, let grant): try outbox.tellOfBeginning(request, grant)
        case .grantEnded(let request, let grant, let ending):
            try outbox.tellOfEnd(request, grant, ending)
        case .removalFailed(let removal): try outbox.tellOfFailure(removal)
        case .removalConfirmed(let removal): try outbox.tellOfRecovery(removal)
        case .credentialIssued, .resourceOpened: return
        }
    }
}
