public import LockboxDomain

/// Reads each event of a write inside that write, and adds what follows from it: notices, orders to
/// enforcers.
public protocol EventReader: Sendable {
    func read(
        _ event: Event,
        by actor: Actor,
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    )
        throws
}
