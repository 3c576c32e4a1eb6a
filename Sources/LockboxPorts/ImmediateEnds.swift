public import LockboxDomain

/// Ends of access that hold before they are written down: from the call on nobody is let in under
/// the grant, and what is open is being cut, whatever the store does.
public protocol ImmediateEnds: Sendable {
    /// Ends access under `grant` now. To be called once somebody who may was found to ask for it,
    /// and followed by one of the others unless the end became durable.
    func end(_ grant: GrantID, at now: Timestamp)
    /// The end was refused after all: the grant is as it was, unless somebody else asked too.
    func takeBack(_ grant: GrantID)
    /// The end could not be written down: it stands, and `record` is called until it succeeds or is
    /// refused. A crash before that loses it, so whoever asked must be told.
    func recordLater(_ grant: GrantID, _ record: @escaping @Sendable () async throws -> Void)
    /// Since when access under `grant` has ended so; nil where it has not, or the end is durable.
    func ended(_ grant: GrantID) -> Timestamp?
}
