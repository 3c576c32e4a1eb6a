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
/// A small step forward is followed at once: what is overdue then ends then. A step back is not:
/// time goes on from where it was at the pace of the monotonic clock, because otherwise access would
/// last longer than was approved. A large step, in either direction, is nobody's correction: time
/// goes on at the pace of the monotonic clock, and `step` says so until the wall clock is right
/// again or somebody accepts what it shows (decisions 0004, 0019, 0026).
struct SteadyTime {
    /// Steps back up to this are ordinary corrections; time stands still until the clock has caught
    /// up.
    static let tolerated = TimeSpan.seconds(1)

    private(set) var now: Timestamp
    /// By how much the wall clock was beyond `believed` at the last reading; nil where it was not.
    private(set) var step: TimeSpan?
    /// By how much `now` was ahead of the wall clock at the last reading; negative where behind.
    private(set) var ahead = TimeSpan.zero
    /// By how much time may be ahead of the wall clock because somebody accepted a step back.
    private(set) var accepted = TimeSpan.zero
    /// The reading of the monotonic clock that belongs to `now`.
    private var uptime: Duration
    private let believed: TimeSpan

    /// Begins at what the wall clock shows. Steps up to `believed` are followed.
    init(_ reading: ClockReading, believed: TimeSpan = .minutes(5)) {
        now = reading.wall
        uptime = reading.uptime
        self.believed = believed
    }

    /// The time at this reading; never earlier than any time before.
    mutating func read(_ reading: ClockReading) -> Timestamp {
        let expected = now + passed(at: reading)
        if (reading.wall - expected).magnitude <= believed {
            follow(reading)
            (step, accepted) = (nil, .zero)
        } else {
            goOn(to: reading)
            let shown = reading.wall + accepted
            step =
                accepted > .zero && (shown - now).magnitude <= believed ? nil : reading.wall - now
        }
        ahead = now - reading.wall
        return now
    }

    /// Time is at least `instant` from now on.
    mutating func advance(to instant: Timestamp, at reading: ClockReading) {
        if now < instant { (now, uptime) = (instant, reading.uptime) }
    }

    /// Begins at `instant` instead, before any time was told to anybody; `accepted` is from before.
    mutating func begin(at instant: Timestamp, accepted: TimeSpan, at reading: ClockReading) {
        (now, uptime, self.accepted) = (instant, reading.uptime, accepted)
    }

    /// What the wall clock shows is right: time is what it shows or, where that is earlier, goes on
    /// from where it is, ahead of it.
    mutating func accept(_ reading: ClockReading) {
        _ = read(reading)
        advance(to: reading.wall, at: reading)
        accepted = now - reading.wall
        _ = read(reading)
    }

    /// Somebody accepted that time is ahead by this.
    mutating func accept(ahead: TimeSpan) { accepted = ahead }

    private func passed(at reading: ClockReading) -> TimeSpan {
        TimeSpan(milliseconds: max(0, (reading.uptime - uptime).wholeMilliseconds))
    }

    private mutating func follow(_ reading: ClockReading) {
        if reading.wall >= now {
            (now, uptime) = (reading.wall, reading.uptime)
        } else if now - reading.wall > Self.tolerated {
            goOn(to: reading)
        }
    }

    /// The rest below a millisecond stays, so that many calls do not lose time.
    private mutating func goOn(to reading: ClockReading) {
        let passed = passed(at: reading)
        now = now + passed
        uptime += .milliseconds(passed.milliseconds)
    }
}

extension Duration {
    /// Rounded towards zero.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
