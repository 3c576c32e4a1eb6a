import LockboxDomain

/// How much of the past a timeline shows.
enum TimelineSpan: String, CaseIterable, Sendable {
    case day = "24h"
    case week = "7d"
    case month = "30d"
    case quarter = "90d"

    /// As in "the last …".
    var words: String {
        switch self {
        case .day: "24 hours"
        case .week: "7 days"
        case .month: "30 days"
        case .quarter: "90 days"
        }
    }

    /// How many whole days it has, today among them; nil where it goes by the hour.
    fileprivate var days: Int? {
        switch self {
        case .day: nil
        case .week: 7
        case .month: 30
        case .quarter: 90
        }
    }

    /// What lies ahead is shown for so long at the most.
    fileprivate var mostAhead: Int {
        switch self {
        case .day: 6
        case .week: 2
        case .month: 3
        case .quarter: 7
        }
    }

    /// The first instant that is shown: the beginning of an hour, or of a day.
    func start(_ now: Timestamp, _ days: ReaderDays) -> Timestamp {
        self.days.map { days.midnight(of: now, plus: 1 - $0) } ?? days.hour(of: now - .hours(24))
    }
}

/// From when to when a timeline goes, and where in it an instant is. Places are in hundredths of a
/// percent of its width.
struct TimelineAxis: Sendable {
    static let width = 10_000

    /// A line at the beginning of an hour or a day, and what it is called.
    struct Tick: Sendable {
        let tickX: String
        let upper: String
        let lower: String
        let isToday: Bool
        /// Which part of the words stands at the line, so that they stay in the picture.
        let tickAnchor: String
    }

    let span: TimelineSpan
    let start: Timestamp
    let end: Timestamp
    let now: Timestamp
    let days: ReaderDays

    /// `last` is the end of what lies ahead, of which as much is shown as there is room for.
    init(_ span: TimelineSpan, now: Timestamp, until last: Timestamp? = nil, _ days: ReaderDays) {
        (self.span, self.now, self.days) = (span, now, days)
        start = span.start(now, days)
        var end = Self.step(from: now, of: span, days)
        var ahead = 0
        while let last, end < last, ahead < span.mostAhead {
            end = Self.step(from: end, of: span, days)
            ahead += 1
        }
        self.end = end
    }

    /// The next hour or day.
    private static func step(from instant: Timestamp, of span: TimelineSpan, _ days: ReaderDays)
        -> Timestamp
    {
        span.days == nil
            ? days.hour(of: instant + .hours(1)) : days.midnight(of: instant, plus: 1)
    }

    /// What lies outside is at the edge.
    func place(_ instant: Timestamp) -> Int {
        let inside = min(max(instant, start), end).milliseconds - start.milliseconds
        return Int(inside * Int64(Self.width) / (end.milliseconds - start.milliseconds))
    }

    /// Few enough to stand beside each other on a phone.
    var ticks: [Tick] {
        var ticks: [Tick] = []
        let today = days.midnight(of: now)
        var (instant, count) = (start, 0)
        while instant < end {
            let names = days.names(of: instant)
            let isNamed =
                switch span {
                case .day: names.hour % 6 == 0
                case .week: true
                case .month: count % 5 == 0
                case .quarter: count % 15 == 0
                }
            if isNamed {
                let isHours = span == .day
                let isWeek = span == .week
                let hour = "\(names.hour < 10 ? "0" : "")\(names.hour):00"
                ticks.append(
                    Tick(
                        tickX: percent(place(instant)),
                        upper: isHours ? hour : isWeek ? names.weekday : names.day,
                        lower: isHours
                            ? "\(names.day) \(names.month)" : isWeek ? names.day : names.month,
                        isToday: days.midnight(of: instant) == today,
                        tickAnchor: place(instant) > Self.width * 9 / 10 ? "end" : "start"
                    )
                )
            }
            (instant, count) = (Self.step(from: instant, of: span, days), count + 1)
        }
        return ticks
    }
}

/// `9725` is `97.25%`.
func percent(_ hundredths: Int) -> String {
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)%"
}
