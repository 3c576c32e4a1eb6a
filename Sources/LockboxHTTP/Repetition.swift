package import Logging
import Synchronization

/// Where a door says of an answer that it may be given again, by whoever keeps it: to exactly the same
/// request, for as long as the door would say the same.
package final class Repetition: Sendable {
    /// True each time the answer may be given again at this moment; what belongs to giving it has
    /// then been done.
    package typealias Condition = @Sendable () -> Bool

    private struct Parts {
        var condition: Condition?
        var record: (@Sendable (Logger) -> Void)?
    }

    private let parts = Mutex(Parts())

    package init() {}

    package func allow(while condition: @escaping Condition) {
        parts.withLock { $0.condition = condition }
    }

    /// What the boundary does with each answer.
    func record(by record: @escaping @Sendable (Logger) -> Void) {
        parts.withLock { $0.record = record }
    }

    /// To be asked before each repetition, with its request's logger; nil where the door allows none.
    package var isAllowed: (@Sendable (Logger) -> Bool)? {
        let parts = parts.withLock { $0 }
        guard let condition = parts.condition, let record = parts.record else { return nil }
        return { logger in
            guard condition() else { return false }
            record(logger)
            return true
        }
    }
}
