// Names that a later version may add to. A reader keeps a name it does not know instead of failing
// on it.

/// Where an access request stands.
public struct AccessState: RawRepresentable, Codable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let awaitingManager = AccessState(rawValue: "awaitingManager")
    public static let awaitingCustomer = AccessState(rawValue: "awaitingCustomer")
    public static let scheduled = AccessState(rawValue: "scheduled")
    public static let active = AccessState(rawValue: "active")
    public static let ended = AccessState(rawValue: "ended")
    public static let rejected = AccessState(rawValue: "rejected")
    public static let denied = AccessState(rawValue: "denied")
    public static let withdrawn = AccessState(rawValue: "withdrawn")
    public static let expired = AccessState(rawValue: "expired")

    /// All that this version knows, in the order of a request's life.
    public static let known: [AccessState] = [
        .awaitingManager, .awaitingCustomer, .scheduled, .active, .ended, .rejected, .denied,
        .withdrawn, .expired,
    ]

    /// Whether somebody has still to decide.
    public var isPending: Bool { self == .awaitingManager || self == .awaitingCustomer }

    /// Whether nothing can change it any more.
    public var isTerminal: Bool {
        self == .ended || self == .rejected || self == .denied || self == .withdrawn
            || self == .expired
    }
}

/// Where a grant stands. Unlike the request's state it tells whether the removal of access has been
/// confirmed.
public struct GrantState: RawRepresentable, Codable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let scheduled = GrantState(rawValue: "scheduled")
    public static let active = GrantState(rawValue: "active")
    /// Over; the services have been told and have not all confirmed yet.
    public static let removing = GrantState(rawValue: "removing")
    /// Over, but a service could not be made to confirm; it is tried again until it does.
    public static let removalFailed = GrantState(rawValue: "removalFailed")
    public static let ended = GrantState(rawValue: "ended")
}

/// One person's word on a request.
public struct Verdict: RawRepresentable, Codable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let approve = Verdict(rawValue: "approve")
    public static let deny = Verdict(rawValue: "deny")
}
