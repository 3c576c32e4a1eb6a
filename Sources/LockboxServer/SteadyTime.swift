import LockboxDomain

/// What the machine's clocks show at one moment.
struct ClockReading: Equatable {
    /// The wall clock, which may be set.
    var wall: Timestamp
    /// How long the machine has run, time asleep included; it cannot be set.
    var uptime: Duration
    /// Which start of the machine `uptime` counts from; empty where the system does not say.
    var boot: String

    /// Whole milliseconds of `uptime`.
    var uptimeMilliseconds: Int64 { uptime.wholeMilliseconds }
}

/// What time it is, from a wall clock that may be set and a monotonic one that may not.
///
/// A step forward is followed at once: what is overdue then ends then. A step back is not: time
/// goes on from where it was at the pace of the monotonic clock, because otherwise access would
/// last longer than was approved (decisions 0004, 0019).
struct SteadyTime {
    /// Steps back up to this are ordinary corrections; time stands still until the clock has caught
    /// up.
    static let tolerated = TimeSpan.seconds(1)

    private(set) var now: Timestamp
    /// The reading of the monotonic clock that belongs to `now`.
    private var uptime: Duration

    init(_ reading: ClockReading) {
        now = reading.wall
        uptime = reading.uptime
    }

    /// The time at this reading; never earlier than any time before.
    mutating func read(_ reading: ClockReading) -> Timestamp {
        if reading.wall >= now {
            (now, uptime) = (reading.wall, reading.uptime)
        } else if now - reading.wall > Self.tolerated {
            let milliseconds = (reading.uptime - uptime).wholeMilliseconds
            if milliseconds > 0 {
                // The rest below a millisecond stays, so that many calls do not lose time.
                now = now + TimeSpan(milliseconds: milliseconds)
                uptime += .milliseconds(milliseconds)
            }
        }
        return now
    }

    /// Time is at least `instant` from now on.
    mutating func advance(to instant: Timestamp, at reading: ClockReading) {
        if now < instant { (now, uptime) = (instant, reading.uptime) }
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
