import LockboxDomain
import LockboxService

/// Who could reach what in the last days, as a picture and in words (`{{#timeline}}{{>
/// timeline}}{{/timeline}}`).
///
/// Across, places are parts of the picture's width, so that it fits a phone and a wide screen alike
/// with letters of one size; downwards they are in `em`, so that it grows with the reader's
/// letters.
struct Timeline: Sendable {
    /// Resources that have a row of their own; of the others the words tell.
    static let mostRows = 8
    /// Days after today that are shown at most where access is scheduled.
    static let mostDaysAhead: Int64 = 2

    /// A resource: its name, and below it what happened.
    struct Row: Sendable {
        let rowLabel: String
        let labelY: String
        /// The line below its lanes.
        let rowEndY: String
        let bars: [Bar]
        let marks: [Mark]
    }

    /// Access from one instant to another.
    struct Bar: Sendable, Equatable {
        /// In hundredths of a percent of the width.
        let left: Int
        let width: Int
        let lane: Int
        let tone: String
        let barTitle: String
        let barX: String
        let barWidth: String
        let barY: String
    }

    /// A request of which no access came.
    struct Mark: Sendable, Equatable {
        let place: Int
        let lane: Int
        let markTitle: String
        let markX: String
        let markY: String
    }

    /// A day between two midnights in UTC.
    struct Day: Sendable {
        let dayX: String
        let nameX: String
        let weekday: String
        let number: String
        let isToday: Bool
    }

    /// The same for those who cannot see the picture, or want to know more.
    struct Line: Sendable {
        let resource: String
        let engineer: String
        let request: String
        let lineFrom: ShownTime
        let lineTo: ShownTime?
        /// What the request came to.
        let became: String
    }

    let pictureTitle: String
    let emptyWords: String
    let rows: [Row]
    let days: [Day]
    let lines: [Line]
    let nowX: String
    /// Which part of the word stands there, so that it stays in the picture.
    let nowAnchor: String
    let pictureHeight: String
    /// Where the lines of the days end and their names stand.
    let daysY: String
    let weekdayY: String
    let numberY: String
    let moreWords: String?
    let showsLive: Bool
    let showsEnded: Bool
    let showsScheduled: Bool
    let showsNothing: Bool
}

// MARK: - What happened

extension Timeline {
    /// What one request meant for one resource.
    struct Entry: Sendable {
        enum Kind: Sendable, Equatable {
            /// Access that is open since `from`, until `until` at the latest.
            case active(from: Timestamp, until: Timestamp)
            case ended(from: Timestamp, to: Timestamp)
            case scheduled(from: Timestamp, to: Timestamp)
            case nothing(at: Timestamp)
        }

        let resource: Resource
        let engineer: String
        let request: String
        let kind: Kind
        let became: String

        init(
            _ resource: Resource,
            _ engineer: String,
            _ request: String,
            _ kind: Kind,
            became: String
        ) {
            self.resource = resource
            self.engineer = engineer
            self.request = request
            self.kind = kind
            self.became = became
        }
    }
}

extension RequestView {
    /// One entry for each of its resources; none while it waits for a decision.
    fileprivate var timelineEntries: [Timeline.Entry] {
        guard let (kind, became) = timelineKind else { return [] }
        let scope = request.state.grant?.scope ?? request.terms.scope
        return scope.accesses.map {
            Timeline.Entry(
                $0.resource,
                engineerName + askerNote,
                request.id.text,
                kind,
                became: became
            )
        }
    }

    private var timelineKind: (Timeline.Entry.Kind, became: String)? {
        switch request.state {
        case .awaitingManager, .awaitingCustomer: return nil
        case .scheduled(let grant):
            return (.scheduled(from: grant.start, to: grant.end), "approved, not begun")
        case .active(let grant): return (.active(from: grant.start, until: grant.end), "open now")
        case .ended(let grant, let ending):
            let reason = words(for: ending)
            guard grant.start < ending.at else {
                return (.nothing(at: ending.at), "never began: \(reason)")
            }
            let unconfirmed =
                grantState == .removalFailed ? "; a service has not confirmed it yet" : ""
            let rest = unconfirmed + (leftOpenWords.map { "; \($0)" } ?? "")
            return (.ended(from: grant.start, to: ending.at), reason + rest)
        case .rejected(let at): return (.nothing(at: at), "rejected by the provider's manager")
        case .denied(let at): return (.nothing(at: at), "denied")
        case .withdrawn(let at, _):
            let by = request.terms.askedBy == nil ? " by the engineer" : ""
            return (.nothing(at: at), "withdrawn\(by)")
        case .expired(let at, _): return (.nothing(at: at), "nobody decided in time")
        }
    }
}

// MARK: - Time to place

/// The days that a picture shows, and where in it an instant is.
private struct Axis {
    static let width = 10_000
    static let day = TimeSpan.days(1).milliseconds

    let start: Timestamp
    let dayCount: Int64
    let now: Timestamp

    /// Whole days in UTC: the last `days` with today, and those after it on which something of
    /// `entries` is ahead.
    init(_ entries: [Timeline.Entry], now: Timestamp, days: Int) {
        let midnight = now.milliseconds - now.milliseconds % Self.day
        let ahead = entries.map { entry in
            switch entry.kind {
            case .scheduled(_, let end): (end.milliseconds - midnight - 1) / Self.day
            case .active, .ended, .nothing: Int64(0)
            }
        }
        dayCount = Int64(max(days, 1)) + min(max(ahead.max() ?? 0, 0), Timeline.mostDaysAhead)
        start = Timestamp(milliseconds: midnight - Int64(max(days, 1) - 1) * Self.day)
        self.now = now
    }

    private var end: Timestamp { Timestamp(milliseconds: start.milliseconds + dayCount * Self.day) }

    /// From the left, in hundredths of a percent; what lies outside is at the edge.
    func place(_ instant: Timestamp) -> Int {
        let inside = min(max(instant, start), end).milliseconds - start.milliseconds
        return Int(inside * Int64(Self.width) / (dayCount * Self.day))
    }

    func midnight(_ index: Int64) -> Timestamp {
        Timestamp(milliseconds: start.milliseconds + index * Self.day)
    }

    /// Whether anything of `kind` is after the beginning of the picture.
    func shows(_ kind: Timeline.Entry.Kind) -> Bool {
        switch kind {
        case .active, .scheduled: true
        case .ended(_, let to): start < to
        case .nothing(let at): start <= at
        }
    }
}

/// `9725` is `97.25%`.
private func percent(_ hundredths: Int) -> String { "\(decimal(hundredths))%" }
/// `125` is `1.25em`.
private func em(_ hundredths: Int) -> String { "\(decimal(hundredths))em" }
private func decimal(_ hundredths: Int) -> String {
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
}

// MARK: - Picture

extension Timeline {
    /// The least width of a bar, so that a short access is seen on a phone; in hundredths of a
    /// percent.
    static let leastWidth = 130
    /// Half of what a mark needs beside it.
    fileprivate static let markReach = 130
    /// In hundredths of an em.
    fileprivate static let laneHeight = 100

    /// `views` in any order; those that wait for a decision and those that were over before are
    /// left out. Requests made before `since` are not all among them.
    init(_ views: [RequestView], since: Timestamp? = nil, now: Timestamp, days: Int = 7) {
        self.init(views.flatMap(\.timelineEntries), since: since, now: now, days: days)
    }

    init(_ entries: [Entry], since: Timestamp? = nil, now: Timestamp, days dayCount: Int) {
        let axis = Axis(entries, now: now, days: dayCount)
        let shown = entries.filter { axis.shows($0.kind) }.sorted { $0.order(now) > $1.order(now) }
        var resources: [Resource] = []
        for entry in shown where !resources.contains(entry.resource) {
            resources.append(entry.resource)
        }

        let severalTypes = Set(resources.map(\.type)).count > 1
        // The names of "now" and of each resource stand above what they name.
        var y = 150
        var rows: [Row] = []
        for resource in resources.prefix(Self.mostRows) {
            let entries = shown.filter { $0.resource == resource }
            let name = severalTypes ? resource.words : resource.localName
            let (row, bottom) = Row.laidOut(name, entries, on: axis, top: y)
            rows.append(row)
            y = bottom
        }
        self.rows = rows
        let period = dayCount == 1 ? "today" : "in the last \(dayCount) days"
        pictureTitle = "Access \(period). The same in words is in the list below."
        let missing = since.flatMap { axis.midnight(0) < $0 ? $0 : nil }
        emptyWords =
            missing == nil
            ? "Nobody had access \(period)." : "Of the newest requests none came to access."
        days = (0..<axis.dayCount).map { Day($0, on: axis) }
        lines = shown.map { Line($0) }
        nowX = percent(axis.place(now))
        nowAnchor = axis.place(now) > Axis.width * 9 / 10 ? "end" : "middle"
        (daysY, weekdayY, numberY, pictureHeight) = (em(y), em(y + 125), em(y + 245), em(y + 290))
        let more = resources.count - rows.count
        let words = [
            more > 0 ? "\(counted(Int64(more), "more resource")) in the list below." : nil,
            missing.map { "What was asked for before \($0.words()) is in the list of requests." },
        ].compactMap(\.self)
        moreWords = words.isEmpty ? nil : words.joined(separator: " ")
        let tones = Set(rows.flatMap(\.bars).map(\.tone))
        showsLive = tones.contains("live")
        showsEnded = tones.contains("ended")
        showsScheduled = tones.contains("scheduled")
        showsNothing = rows.contains { !$0.marks.isEmpty }
    }
}

extension Timeline.Entry {
    /// Open access first, then what comes, then the latest.
    fileprivate func order(_ now: Timestamp) -> Timestamp {
        switch kind {
        case .active: .latest
        case .scheduled(let from, _): max(from, now)
        case .ended(_, let to): to
        case .nothing(let at): at
        }
    }

    fileprivate var words: String {
        let name = "\(engineer), "
        return switch kind {
        case .active(let from, let until):
            "\(name)since \(from.words()), until \(until.words()) at the latest"
        case .ended(let from, let to): "\(name)\(from.words()) to \(to.words())"
        case .scheduled(let from, let to): "\(name)scheduled, \(from.words()) to \(to.words())"
        case .nothing(let at): "\(name)\(at.words()): \(became)"
        }
    }
}

extension Timeline.Row {
    /// The row that begins at `top`, and where the next one does.
    fileprivate static func laidOut(
        _ name: String,
        _ entries: [Timeline.Entry],
        on axis: Axis,
        top: Int
    ) -> (row: Timeline.Row, bottom: Int) {
        let lanesTop = top + 140
        var (bars, marks): ([Timeline.Bar], [Timeline.Mark]) = ([], [])
        // Where the last thing of each lane ends.
        var lanes: [Int] = []
        let spans = entries.map { ($0, axis.span(of: $0.kind)) }.sorted {
            $0.1.lowerBound < $1.1.lowerBound
        }
        for (entry, span) in spans {
            let free = lanes.firstIndex { $0 <= span.lowerBound } ?? lanes.count
            if free == lanes.count { lanes.append(0) }
            lanes[free] = span.upperBound
            let y = lanesTop + free * Timeline.laneHeight
            if let tone = entry.kind.tone {
                bars.append(.init(span, lane: free, tone: tone, title: entry.words, y: y))
            } else {
                marks.append(.init(span, lane: free, title: entry.words, y: y))
            }
        }
        let bottom = lanesTop + lanes.count * Timeline.laneHeight + 50
        let row = Timeline.Row(
            rowLabel: name.cutInTheMiddle,
            labelY: em(top + 100),
            rowEndY: em(bottom),
            bars: bars,
            marks: marks
        )
        return (row, bottom)
    }
}

extension Axis {
    /// Where `kind` is drawn, never outside the picture. What has begun grows to the left where it
    /// is too short to see, so that nothing past seems to reach beyond now.
    func span(of kind: Timeline.Entry.Kind) -> Range<Int> {
        switch kind {
        case .active(let from, _): endingAt(place(now), from: place(from))
        case .ended(let from, let to): endingAt(place(to), from: place(from))
        case .scheduled(let from, let to): around(place(from), to: place(to))
        case .nothing(let at):
            around(place(at) - Timeline.markReach, to: place(at) + Timeline.markReach)
        }
    }

    private func endingAt(_ right: Int, from left: Int) -> Range<Int> {
        let right = max(right, Timeline.leastWidth)
        return max(0, min(left, right - Timeline.leastWidth))..<right
    }

    private func around(_ left: Int, to right: Int) -> Range<Int> {
        let width = max(right - left, Timeline.leastWidth)
        let left = min(max(left, 0), Self.width - width)
        return left..<left + width
    }
}

extension Timeline.Entry.Kind {
    /// How its bar looks; nil for a mark.
    fileprivate var tone: String? {
        switch self {
        case .active: "live"
        case .ended: "ended"
        case .scheduled: "scheduled"
        case .nothing: nil
        }
    }
}

extension Timeline.Bar {
    fileprivate init(_ span: Range<Int>, lane: Int, tone: String, title: String, y: Int) {
        self.init(
            left: span.lowerBound,
            width: span.count,
            lane: lane,
            tone: tone,
            barTitle: title,
            barX: percent(span.lowerBound),
            barWidth: percent(span.count),
            barY: em(y)
        )
    }
}

extension Timeline.Mark {
    fileprivate init(_ span: Range<Int>, lane: Int, title: String, y: Int) {
        let middle = (span.lowerBound + span.upperBound) / 2
        self.init(
            place: middle,
            lane: lane,
            markTitle: title,
            markX: percent(middle),
            markY: em(y + 35)
        )
    }
}

extension Timeline.Day {
    fileprivate init(_ index: Int64, on axis: Axis) {
        let midnight = axis.midnight(index)
        let (left, right) = (axis.place(midnight), axis.place(axis.midnight(index + 1)))
        // `Mon 23 Nov 2026, …`
        let words = midnight.words().split(separator: " ")
        (weekday, number) = (String(words[0]), String(words[1]))
        dayX = percent(left)
        nameX = percent((left + right) / 2)
        isToday = midnight <= axis.now && axis.now < axis.midnight(index + 1)
    }
}

extension Timeline.Line {
    fileprivate init(_ entry: Timeline.Entry) {
        (resource, engineer, request) = (entry.resource.words, entry.engineer, entry.request)
        switch entry.kind {
        case .active(let from, let until), .ended(let from, let until),
            .scheduled(let from, let until):
            (lineFrom, lineTo) = (ShownTime(from), ShownTime(until))
        case .nothing(let at):
            (lineFrom, lineTo) = (ShownTime(at), nil)
        }
        became = entry.became.capitalisedFirst
    }
}

extension Resource {
    fileprivate var words: String { "\(type) \(localName)" }
}

extension String {
    /// Short enough for a phone: an SVG text does not break into lines.
    fileprivate var cutInTheMiddle: String {
        let most = 34
        return count <= most ? self : "\(prefix(most / 2))…\(suffix(most / 2 - 1))"
    }
}
