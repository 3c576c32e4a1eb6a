import LockboxAudit
package import LockboxDomain
package import LockboxPorts

/// Wakes the lanes that a write of this process concerns, and no others. What it misses is found at
/// the lane's next look all the same.
package struct LaneWaker: CommitListener {
    private let expiry: any Pause
    private let cut: any Pause
    private let orders: any Pause
    private let mail: any Pause
    private let first: FirstActions

    package init(
        expiry: any Pause,
        cut: any Pause,
        orders: any Pause,
        mail: any Pause,
        first: FirstActions
    ) {
        self.expiry = expiry
        self.cut = cut
        self.orders = orders
        self.mail = mail
        self.first = first
    }

    package func committed(_ events: [Event]) async {
        for event in events {
            switch event {
            case .request(let event): wake(for: event)
            case .access(let event): wake(for: event)
            // Who comes is asked, and administrators are told.
            case .directory, .provisioning, .log: mail.wake()
            case .signIn: break
            }
        }
    }

    private func wake(for event: RequestEvent) {
        switch event {
        case .submitted, .decisionMade, .customerAsked:
            // Deadlines, and letters.
            expiry.wake()
            mail.wake()
        case .withdrawn, .expired, .messagePosted, .supportRequestMoved, .noticeUndeliverable:
            mail.wake()
        case .supportRequestOpened: break
        }
    }

    private func wake(for event: AccessEvent) {
        switch event {
        case .grantEnded(_, let grant, _, _):
            first.ended(grant.id)
            cut.wake()
            mail.wake()
        case .grantOpened, .grantStarted:
            expiry.wake()
            mail.wake()
        case .removalConfirmed, .removalFailed, .unknownFound: mail.wake()
        case .credentialIssued, .resourceOpened, .operationsRecorded: break
        }
    }

    package func outcomeUnknown() async { wakeAll() }

    /// Other processes wrote.
    package func wakeAll() {
        for pause in [expiry, cut, orders, mail] { pause.wake() }
    }
}
