/// The access that an approved request gives. Its instants are fixed when it is opened and never
/// computed again.
public struct Grant: Identified, Hashable, Sendable {
    public static let idPrefix = "GRT"

    /// What the access rests on.
    public enum Basis: String, Hashable, Sendable, CaseIterable {
        /// The customer said yes.
        case approval
        /// The tenant's policy requires no approval; a manager's yes was enough.
        case policy
    }

    public let id: GrantID
    public let start: Timestamp
    public let end: Timestamp
    public let scope: Scope
    public let basis: Basis

    public init(id: GrantID, start: Timestamp, end: Timestamp, scope: Scope, basis: Basis) {
        precondition(start < end)
        self.id = id
        self.start = start
        self.end = end
        self.scope = scope
        self.basis = basis
    }

    /// Whether `now` is in the window. The end is not part of it.
    public func covers(_ now: Timestamp) -> Bool { start <= now && now < end }
}
