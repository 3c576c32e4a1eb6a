public import LockboxDomain

/// The time of day. Everything that needs it asks here, so that tests and simulations can say what
/// time it is.
public protocol WallClock: Sendable {
    /// Now, in UTC. Never earlier than a value it returned before.
    func now() -> Timestamp
    /// By how much the machine's clock shows something else than the time that has passed says,
    /// where that is more than can be believed and nobody has accepted it: `now` goes by the time
    /// that has passed, and nothing must be decided. Nil where it is right.
    var step: TimeSpan? { get }
    /// By how much `now` is ahead of what the machine's clock shows; negative where it is behind.
    var ahead: TimeSpan { get }
}

/// How long something takes, whatever the time of day is set to meanwhile.
public protocol MonotonicClock: Sendable {
    /// Since some instant that stays the same while the process runs. Never less than before, and
    /// goes on while the process is stopped.
    func elapsed() -> Duration
}

/// Unpredictable bytes, for identifiers, salts and secrets.
public protocol Entropy: Sendable {
    func bytes(_ count: Int) -> [UInt8]
}

extension Entropy {
    /// A new identifier.
    public func id<Entity>(_: Entity.Type = Entity.self) -> ID<Entity> {
        ID(entropy: bytes(ID<Entity>.entropyBytes))
    }
}

/// The key that signs the heads of logs. It lives outside the database.
public protocol CheckpointSigner: Sendable {
    /// 32 bytes of Ed25519 (RFC 8032 §5.1.5).
    var publicKey: [UInt8] { get }
    /// The signature over the UTF-8 of `text` (RFC 8032 §5.1.6), which nobody has verified yet.
    /// Callers make the size and root that it says durable first.
    func signature(of text: String) async throws -> [UInt8]
}

/// Waits between two rounds of a service's loop. Deadlines are instants of the wall clock, which
/// may be set; so loops wait a little, look at the clock, and never sleep until an instant.
public protocol Pause: Sendable {
    /// Waits for `milliseconds`, or less if `wake` is called meanwhile. False once the service is
    /// asked to stop.
    func callAsFunction(milliseconds: Int64) async -> Bool
    /// Ends the present wait, or the next one if none is on.
    func wake()
}
