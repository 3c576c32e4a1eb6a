/// Why and when access ended.
public struct Ending: Hashable, Sendable {
    /// What ended it. The raw value is stored, hashed and on the wire.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case expired = "windowOver"
        case finished, revoked
        case policyChanged = "tenantSwitch"
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
