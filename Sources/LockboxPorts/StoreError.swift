/// Why the store could not do what was asked. The texts are for the operator's log, never for a
/// caller's eyes.
///
/// A refusal by a rule is not a `StoreError`: it passes through the store unchanged.
public enum StoreError: Error, Equatable, Sendable {
    /// Nothing was changed; the same call may succeed later. Disk full, database busy or closed,
    /// file not readable.
    case unavailable(String)
    /// As many reads of this kind go on as may at once. Nothing was read; the same call may succeed
    /// as soon as one of them ends.
    case busy(String)
    /// The commit was sent and no answer came: it may or may not be durable. Only a retry under the
    /// same `CommandID` finds out.
    case outcomeUnknown(String)
    /// What is stored cannot be what we stored. Nobody may act on it; an operator must look.
    case corrupt(String)
}
