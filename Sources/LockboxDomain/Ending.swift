/// Why and when access ended.
public struct Ending: Hashable, Sendable {
    /// What ended it.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case windowOver, finished, revoked, tenantSwitch
    }

    public let reason: Reason
    public let at: Timestamp
    public let by: PersonID?
    public let comment: String?

    public init(reason: Reason, at: Timestamp, by: PersonID?, comment: String?) {
        self.reason = reason
        self.at = at
        self.by = by
        self.comment = comment
    }
}
