import LockboxDomain
import Synchronization

/// An instant as HTTP writes it (RFC 9110 §5.6.7), made once for each second.
final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int64, text: String)?>(nil)

    func text(of instant: Timestamp) -> String {
        let second = instant.secondsSinceEpoch
        return last.withLock { last in
            if let last, last.second == second { return last.text }
            let text = Self.text(of: instant)
            last = (second, text)
            return text
        }
    }

    private static func text(of instant: Timestamp) -> String {
        let (date, time) = instant.civil
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][date.weekday]
        let month = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ][date.month - 1]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = [time.hour, time.minute, time.second].map(two).joined(separator: ":")
        return "\(weekday), \(two(date.day)) \(month) \(date.year) \(clock) GMT"
    }
}
