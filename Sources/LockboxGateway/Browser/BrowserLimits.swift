import LockboxDomain

/// The bounds of what browsers are let in with.
extension GatewayLimits {
    /// Sessions that are known at once, of all services together.
    static let sessions = 4096
    /// For which a session is known after its end, so that its browser is told why it is refused.
    static let sessionKept = TimeSpan.hours(1)
    /// The body of a form that is for the gateway itself.
    static let ownFormBytes = 1024
}
