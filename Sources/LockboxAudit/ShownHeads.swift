import LockboxDomain
import Synchronization

/// The heads that were shown last, each with its time. What was the newest head some seconds ago was so
/// then: to say it again needs no new signature, which a program outside may have to make.
final class ShownHeads: Sendable {
    private struct Shown {
        /// The checkpoint's text.
        let text: String
        let at: Timestamp
        let note: String
    }

    /// By the log's name.
    private let shown = Mutex<[String: Shown]>([:])

    /// The note that was shown of this head of `log` within `AuditLimits.shownAgain` before `now`.
    func note(of log: String, saying text: String, at now: Timestamp) -> String? {
        shown.withLock { shown in
            guard let last = shown[log], last.text == text, last.at <= now,
                now < last.at + AuditLimits.shownAgain
            else { return nil }
            return last.note
        }
    }

    func keep(_ note: String, of log: String, saying text: String, at now: Timestamp) {
        shown.withLock { $0[log] = Shown(text: text, at: now, note: note) }
    }
}
