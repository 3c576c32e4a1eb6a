import LockboxDomain
import Synchronization

/// An instant as HTTP writes it (RFC 9110 §5.6.7), made once for each second.
final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int64, text: String)?>(nil)

    func text(of instant: Timestamp) -> String {
        let second = instant.secondsSinceEpoch
        return last.withLock { last in
            if let last, last.second == second { return last.text }
            let text = instant.internetDate + " GMT"
            last = (second, text)
            return text
        }
    }
}
