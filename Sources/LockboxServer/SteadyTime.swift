import LockboxDomain

/// What time it is, from a wall clock that may be set and a monotonic one that may not.
///
/// A step forward is followed at once: what is overdue then ends then. A step back is not: time
/// goes on from where it was at the pace of the monotonic clock, because otherwise access would
/// last longer than was approved (decision 0004).
struct SteadyTime {
    /// Steps back up to this are ordinary corrections; time stands still until the clock has caught
    /// up.
    static let tolerated = TimeSpan.seconds(1)

    private var now: Timestamp
    /// The reading of the monotonic clock that belongs to `now`.
    private var monotonic: ContinuousClock.Instant

    init(wall: Timestamp, monotonic: ContinuousClock.Instant) {
        now = wall
        self.monotonic = monotonic
    }

    /// The time at these readings of the two clocks; never earlier than any time before.
    mutating func read(wall: Timestamp, monotonic reading: ContinuousClock.Instant) -> Timestamp {
        if wall >= now {
            (now, monotonic) = (wall, reading)
        } else if now - wall > Self.tolerated {
            let passed = (reading - monotonic).components
            let milliseconds = passed.seconds * 1000 + passed.attoseconds / 1_000_000_000_000_000
            if milliseconds > 0 {
                // The rest below a millisecond stays, so that many calls do not lose time.
                now = now + TimeSpan(milliseconds: milliseconds)
                monotonic = monotonic.advanced(by: .milliseconds(milliseconds))
            }
        }
        return now
    }

    /// Time is at least `instant` from now on.
    mutating func advance(to instant: Timestamp, monotonic reading: ContinuousClock.Instant) {
        if now < instant { (now, monotonic) = (instant, reading) }
    }
}
