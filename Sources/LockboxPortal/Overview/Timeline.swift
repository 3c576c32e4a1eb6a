import LockboxDomain
import LockboxPorts
import LockboxService

/// Who could reach what, when: a lane for each resource, or for each engineer, with all that was
/// open there (`{{#timeline}}{{> timeline}}{{/timeline}}`).
///
/// Access that overlaps, or is too near to be told apart, is one bar with a count. Across, places are
/// parts of the picture's width, so that it fits a phone and a wide screen alike with letters of one
/// size. What it weighs is bounded, however much there was.
struct Timeline: Sendable {
    /// Lanes on one page.
    static let mostLanes = 8
    /// Bars on one page, and parts of them that are drawn as used.
    static let (mostBars, mostUsed) = (24, 36)

    struct ShownLane: Sendable {
        let laneName: String
        /// The same lane alone, where there is room to tell more of it apart.
        let laneLink: String
        let laneWords: String
        let bars: [Bar]
    }

    /// Access from one instant to another.
    struct Bar: Sendable {
        let barLink: String
        let barTitle: String
        let tone: String
        let barX: String
        let barWidth: String
        /// Between first and last uses.
        let used: [Used]
        /// How many are in it, and where that stands; nil for one.
        let barCount: String?
        let countX: String
        // What the table says of it.
        let rowSubject: String
        let rowFrom: ShownTime
        let rowTo: ShownTime
        let rowState: String
        let rowUse: String
        let rowRequest: String
        /// In hundredths of a percent of the width.
        let place: Range<Int>
    }

    struct Used: Sendable {
        let usedX: String
        let usedWidth: String
    }

    let chips: [Chip]
    let periodWords: String
    let emptyWords: String
    let ticks: [TimelineAxis.Tick]
    let nowX: String
    /// Which part of the word stands there, so that it stays in the picture.
    let nowAnchor: String
    let lanes: [ShownLane]
    let isByEngineer: Bool
    /// What is left out because there is too much.
    let missingWords: String?
    let restWords: String?
    let restLink: String
    /// All lanes again, where one or the later ones are shown.
    let backLink: String?
    let showsUsed: Bool
    let showsUnused: Bool
    let showsScheduled: Bool
    let showsUnconfirmed: Bool

    init(_ history: AccessHistory, _ choice: TimelineChoice, _ viewer: Viewer) {
        self.init(
            history.entries(for: viewer.side),
            choice,
            side: viewer.side,
            since: history.since,
            now: history.at,
            viewer.days
        )
    }

    init(
        _ entries: [TimelineEntry],
        _ choice: TimelineChoice,
        side: Side,
        since: Timestamp? = nil,
        now: Timestamp,
        _ days: ReaderDays
    ) {
        let ahead = entries.filter { $0.phase == .scheduled }.map(\.end).max()
        let axis = TimelineAxis(choice.span, now: now, until: ahead, days)
        let shown = entries.filter { axis.shows($0) }
        let all = Lane.all(of: shown)
        let wanted = choice.only.map { key in all.filter { $0.lane.key == key } } ?? all
        let drawn = wanted.dropFirst(choice.skip).prefix(Self.mostLanes)
        let groups = Self.grouped(Array(drawn), on: axis)
        lanes = zip(drawn, groups).map { ShownLane($0, $1, choice, side, axis) }
        isByEngineer = side == .provider
        chips = TimelineSpan.allCases.map { span in
            Chip(
                chipLabel: span.words,
                chipLink: choice.path(span: span, only: choice.only),
                isCurrent: span == choice.span
            )
        }
        ticks = axis.ticks
        let now = axis.place(axis.now)
        nowX = percent(now)
        nowAnchor = now > TimelineAxis.width * 9 / 10 ? "end" : "middle"
        let isCut = since.flatMap { axis.start < $0 ? $0 : nil }
        periodWords =
            "\(axis.start.shown()) to now"
            + (axis.now < axis.end && ahead != nil ? ", and what is scheduled" : "")
            + ". Days are of \(days.name)."
        emptyWords = "Nobody had access in the last \(choice.span.words)."
        missingWords = isCut.map {
            "There is too much to draw: only what was asked for since \($0.shown()) is here. "
                + "Look at fewer days, or at the list of requests."
        }
        let rest = wanted.count - choice.skip - drawn.count
        restWords =
            rest > 0
            ? "and \(counted(Int64(rest), side == .provider ? "more engineer" : "more resource"))"
            : nil
        restLink = choice.path(only: choice.only, skip: choice.skip + Self.mostLanes)
        backLink = choice.only == nil && choice.skip == 0 ? nil : choice.path()
        let bars = lanes.flatMap(\.bars)
        showsUsed = bars.contains { !$0.used.isEmpty }
        showsUnused = bars.contains { $0.tone != "scheduled" }
        showsScheduled = bars.contains { $0.tone == "scheduled" }
        showsUnconfirmed = bars.contains { $0.tone == "unconfirmed" }
    }
}

// MARK: - Lanes and groups

extension Timeline {
    /// All that was open in one lane.
    fileprivate struct Lane: Sendable {
        let lane: TimelineEntry.Lane
        var entries: [TimelineEntry]

        /// Open access first, then the latest used, then the latest that was open.
        static func all(of entries: [TimelineEntry]) -> [Lane] {
            Dictionary(grouping: entries, by: \.lane).map(Lane.init).sorted { one, other in
                let (mine, theirs) = (one.rank, other.rank)
                if mine != theirs { return mine > theirs }
                return one.lane.key < other.lane.key
            }
        }

        private var rank: (Int, Int64, Int64) {
            let used = entries.compactMap(\.lastUse).max()?.milliseconds ?? .min
            let begun = entries.map(\.start).max()?.milliseconds ?? .min
            return (entries.contains { $0.phase == .open } ? 1 : 0, used, begun)
        }

        init(_ lane: TimelineEntry.Lane, _ entries: [TimelineEntry]) {
            self.lane = lane
            self.entries = entries.sorted { ($0.start, $0.request) < ($1.start, $1.request) }
        }
    }

    /// What one bar stands for.
    fileprivate struct Group: Sendable {
        var place: Range<Int>
        var entries: [TimelineEntry]
        var used: [Range<Int>] = []

        var isScheduled: Bool { entries[0].phase == .scheduled }
    }

    /// The bars of each lane, put together until there are few enough.
    fileprivate static func grouped(_ lanes: [Lane], on axis: TimelineAxis) -> [[Group]] {
        var gap = 0
        while true {
            let found = lanes.map { groups(of: $0.entries, on: axis, gap: gap) }
            let all = found.joined()
            let used = all.reduce(0) { $0 + $1.used.count }
            if gap > TimelineAxis.width || all.count <= mostBars && used <= mostUsed {
                return found
            }
            gap = max(gap * 2, 50)
        }
    }

    private static func groups(
        of entries: [TimelineEntry],
        on axis: TimelineAxis,
        gap: Int
    ) -> [Group] {
        var groups: [Group] = []
        for (entry, place) in entries.map({ ($0, axis.place(of: $0)) }).sorted(by: {
            $0.1.lowerBound < $1.1.lowerBound
        }) {
            if let last = groups.last, last.isScheduled == (entry.phase == .scheduled),
                place.lowerBound < last.place.upperBound + gap
            {
                let end = max(last.place.upperBound, place.upperBound)
                groups[groups.count - 1].place = last.place.lowerBound..<end
                groups[groups.count - 1].entries.append(entry)
            } else {
                groups.append(Group(place: place, entries: [entry]))
            }
        }
        return groups.map { group in
            var group = group
            group.used = axis.used(group.entries, within: group.place, gap: gap)
            return group
        }
    }
}

extension TimelineAxis {
    /// The least width of a bar, so that a short access is seen on a phone, and of what is drawn of
    /// it as used.
    static let (leastWidth, leastUsed) = (130, 60)

    fileprivate func shows(_ entry: TimelineEntry) -> Bool {
        // What may still be open is never past.
        (start < entry.end || entry.phase == .unconfirmed) && entry.start < end
    }

    /// Where it is drawn, never outside the picture. What has begun grows to the left where it is too
    /// short to see, so that nothing past seems to reach beyond now.
    fileprivate func place(of entry: TimelineEntry) -> Range<Int> {
        let (left, right) = (place(entry.start), place(min(entry.end, self.end)))
        switch entry.phase {
        case .scheduled:
            let width = max(right - left, Self.leastWidth)
            let first = min(left, Self.width - width)
            return first..<first + width
        case .open, .ended, .unconfirmed:
            let last = max(entry.phase == .ended ? right : place(now), Self.leastWidth)
            return min(left, last - Self.leastWidth)..<last
        }
    }

    /// Between the first and the last use of each credential, within the bar that it belongs to.
    fileprivate func used(_ entries: [TimelineEntry], within bar: Range<Int>, gap: Int)
        -> [Range<Int>]
    {
        var found: [Range<Int>] = []
        let uses = entries.flatMap(\.uses).filter { start <= $0.last && $0.first < end }
        for use in uses.sorted(by: { $0.first < $1.first }) {
            let last = min(max(place(use.last), bar.lowerBound + Self.leastUsed), bar.upperBound)
            let first = max(min(place(use.first), last - Self.leastUsed), bar.lowerBound)
            if let before = found.last, first <= before.upperBound + gap {
                let end = max(before.upperBound, last)
                found[found.count - 1] = before.lowerBound..<end
            } else {
                found.append(first..<last)
            }
        }
        return found
    }
}

// MARK: - Words

extension Timeline.ShownLane {
    fileprivate init(
        _ lane: Timeline.Lane,
        _ groups: [Timeline.Group],
        _ choice: TimelineChoice,
        _ side: Side,
        _ axis: TimelineAxis
    ) {
        laneName = lane.lane.name
        laneLink = choice.path(only: lane.lane.key)
        let parts = [
            lane.entries.contains { $0.phase == .open } ? "open now" : nil,
            Self.accesses(lane.entries.count),
            lane.entries.useWords,
        ]
        laneWords = parts.compactMap(\.self).joined(separator: " · ")
        bars = groups.map { Timeline.Bar($0, lane.lane, side, axis.days) }
    }

    fileprivate static func accesses(_ count: Int) -> String {
        count == 1 ? "1 access" : "\(count) accesses"
    }
}

extension [TimelineEntry] {
    /// `used 3 times`; each use is counted, and the first and the last of each credential have a time.
    fileprivate var useWords: String {
        let count = reduce(0) { $0 + $1.useCount }
        return count == 0 ? "not used" : "used \(counted(Int64(count), "time"))"
    }

    fileprivate var stateWords: String {
        let phases = Set(map(\.phase))
        let isOpen = phases.contains(.open) ? "open now" : nil
        let unconfirmed = count == 1 ? "ended – not confirmed closed" : "some not confirmed closed"
        let words = [isOpen, phases.contains(.unconfirmed) ? unconfirmed : nil].compactMap(\.self)
        if !words.isEmpty { return words.joined(separator: ", ") }
        return phases.contains(.scheduled) ? "scheduled" : "ended"
    }

    /// `Eve Park and 2 more`.
    fileprivate var subjectWords: String {
        if count == 1 { return self[0].detail }
        let names = Set(map(\.subject))
        let rest = names.count - 1
        return self[count - 1].subject + (rest > 0 ? " and \(rest) more" : "")
    }
}

extension Timeline.Bar {
    fileprivate init(
        _ group: Timeline.Group,
        _ lane: TimelineEntry.Lane,
        _ side: Side,
        _ days: ReaderDays
    ) {
        let entries = group.entries
        let from = entries.map(\.start).min() ?? entries[0].start
        let to = entries.map(\.end).max() ?? entries[0].end
        place = group.place
        barX = percent(group.place.lowerBound)
        barWidth = percent(group.place.count)
        used = group.used.map {
            Timeline.Used(usedX: percent($0.lowerBound), usedWidth: percent($0.count))
        }
        barCount = entries.count == 1 ? nil : String(entries.count)
        countX = percent((group.place.lowerBound + group.place.upperBound) / 2)
        let phases = Set(entries.map(\.phase))
        let order: [TimelineEntry.Phase] = [.unconfirmed, .open, .scheduled]
        let phase = order.first { phases.contains($0) } ?? .ended
        tone =
            switch phase {
            case .unconfirmed: "unconfirmed"
            case .open: "open"
            case .scheduled: "scheduled"
            case .ended: "ended"
            }
        (rowFrom, rowTo) = (ShownTime(from), ShownTime(to))
        (rowState, rowUse) = (entries.stateWords, entries.useWords)
        rowSubject = entries.subjectWords
        if entries.count == 1 {
            rowRequest = entries[0].request
            barLink = "\(side.requestsPath)/\(entries[0].request)"
        } else {
            rowRequest = "\(entries.count) accesses"
            let asked = entries.map(\.createdAt).sorted()
            let span = [("from", asked[0]), ("to", asked[asked.count - 1])].map {
                "\($0.0)=\(days.date(of: $0.1))"
            }
            barLink =
                "\(side.requestsPath)?text=\(lane.search.asQueryValue)&"
                + span.joined(separator: "&")
        }
        let many = entries.count == 1 ? "" : "\(entries.count) accesses: "
        barTitle =
            "\(many)\(rowSubject), \(from.shown()) to \(to.shown()), \(rowState), \(rowUse)"
    }
}
