package import LockboxAudit
import LockboxDomain
package import LockboxNotifier
package import LockboxPorts

/// Reports that come back of letters which a mail server had taken.
package struct Bounces: Sendable {
    private let store: AuditedStore
    private let operators: Operators
    private let entropy: any Entropy

    package init(store: AuditedStore, operators: Operators, entropy: any Entropy) {
        self.store = store
        self.operators = operators
        self.entropy = entropy
    }

    /// Writes down that the letter `id` was not delivered to the address `recipient`, for the reason
    /// `words`, once: false where there is no such letter any more, it never left, or this was
    /// known. A crash before this is done leaves it to the mail server to report again.
    package func record(_ id: NoticeID, to recipient: String, reason words: String) async throws
        -> Bool
    {
        try await store.write(by: .system, for: .ending) { [operators, entropy] change in
            guard var notice = try change.tx.notice(id), notice.bounce(words) else { return false }
            try change.tx.update(notice)
            let person = try notice.recipient.flatMap(change.tx.person)
            let isCorrected = person.map { $0.email.text.lowercased() != recipient.lowercased() }
            try change.giveUp(notice, wasToFormerAddress: isCorrected ?? false, operators, entropy)
            return true
        }
    }
}
