// How people read instants, lengths of time and things, in letters and on pages alike.

extension Timestamp {
    /// As people read it: `Mon 23 Nov 2026, 20:15 UTC`. Cut off, not rounded, so that a deadline is
    /// never told too late.
    public func words(withSeconds: Bool = false) -> String {
        "\(civil.date.words), \(clock(withSeconds)) UTC"
    }

    /// The same where clocks are `offset` ahead of UTC, and UTC beside it, with its day where that is
    /// another: `Tue 24 Nov 2026, 06:15 (Mon 23 Nov, 20:15 UTC)`.
    public func words(offset: TimeSpan, withSeconds: Bool = false) -> String {
        guard offset != .zero else { return words(withSeconds: withSeconds) }
        let local = self + offset
        let (day, here) = (civil.date, local.civil.date)
        let shortDay = "\(day.weekdayName) \(day.day) \(day.monthName), "
        return "\(here.words), \(local.clock(withSeconds)) "
            + "(\(day == here ? "" : shortDay)\(clock(withSeconds)) UTC)"
    }

    private func clock(_ withSeconds: Bool) -> String {
        let time = civil.time
        let parts = [time.hour, time.minute] + (withSeconds ? [time.second] : [])
        return parts.map { pad($0, 2) }.joined(separator: ":")
    }

    /// As mail and HTTP write it, without the zone, which is UTC: `Mon, 23 Nov 2026 20:15:00`
    /// (RFC 5322 §3.3, RFC 9110 §5.6.7).
    public var internetDate: String {
        let (date, time) = civil
        let clock = [time.hour, time.minute, time.second].map { pad($0, 2) }.joined(separator: ":")
        let day = "\(pad(date.day, 2)) \(date.monthName) \(pad(date.year, 4))"
        return "\(date.weekdayName), \(day) \(clock)"
    }
}

extension CivilDate {
    /// `Mon 23 Nov 2026`.
    public var words: String { "\(weekdayName) \(day) \(monthName) \(year)" }

    fileprivate var weekdayName: String {
        ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][weekday]
    }

    fileprivate var monthName: String {
        [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ][month - 1]
    }
}

extension TimeSpan {
    /// `2 hours`, `1 hour 30 minutes`, `45 seconds`.
    public var words: String {
        if milliseconds < 1000 { return "less than a second" }
        let seconds = milliseconds / 1000
        let parts = [
            (seconds / 86_400, "day"), (seconds / 3600 % 24, "hour"), (seconds / 60 % 60, "minute"),
            (seconds % 60, "second"),
        ]
        return parts.filter { $0.0 > 0 }.map { counted($0.0, $0.1) }.joined(separator: " ")
    }
}

/// `1 time`, `2 times`.
public func counted(_ count: Int64, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}

extension [OperationTotal] {
    /// How much was done in all: `12 reads and 1 change`. Nil where no service told of anything.
    public var words: String? {
        let (reads, writes) = reduce((0, 0)) { ($0.0 + $1.reads, $0.1 + $1.writes) }
        return Self.words(reads, writes)
    }

    /// What most was done to, a line for each, at most `limit`: `/orders: 12 reads`; then how much
    /// there is besides.
    public func subjects(_ limit: Int) -> [String] {
        let named = filter { $0.subject != nil }.sorted {
            ($1.reads + $1.writes, $0.subject ?? "") < ($0.reads + $0.writes, $1.subject ?? "")
        }
        let severalServices = Set(map(\.service)).count > 1
        let lines = named.prefix(limit).compactMap { total in
            let place = severalServices ? " (service \(total.service))" : ""
            return Self.words(total.reads, total.writes).map {
                "\(total.subject ?? "")\(place): \($0)"
            }
        }
        let rest = named.dropFirst(limit) + filter { $0.subject == nil }
        return lines + (Array(rest).words.map { ["elsewhere: \($0)"] } ?? [])
    }

    private static func words(_ reads: Int, _ writes: Int) -> String? {
        let parts = [(reads, "read"), (writes, "change")].filter { $0.0 > 0 }
        guard !parts.isEmpty else { return nil }
        return parts.map { counted(Int64($0.0), $0.1) }.joined(separator: " and ")
    }
}

extension Person {
    /// The name as people read it, with the mark of a program: nobody may take it for a human being's.
    public var markedName: String { isProgram ? name + Self.programMark : name }

    /// What follows a program's name.
    public static let programMark = " (a program)"
}

extension Actions {
    /// As in "asks to …".
    public var words: String { contains(.write) ? "read and change" : "read" }
}

extension Scope {
    /// One line for each resource: `read the mailbox sue@contoso.test`. Services are named where
    /// there are several, because two of them may call a thing by the same name.
    public var words: [String] {
        let severalServices = services.count > 1
        return accesses.map { access in
            let thing = "the \(access.resource.type) \(access.resource.localName)"
            let place = severalServices ? " (service \(access.resource.service))" : ""
            return "\(access.actions.words) \(thing)\(place)"
        }
    }

    /// Whether anything can be changed by it.
    public var allowsChanges: Bool { accesses.contains { $0.actions.contains(.write) } }

    /// How many things can be changed, and how many only read, as in "asks to …": `change 2 and
    /// read 1 mailboxes`.
    public var countedWords: String {
        let changed = accesses.count { $0.actions.contains(.write) }
        let counts = [("change", changed), ("read", accesses.count - changed)].filter { $0.1 > 0 }
        let types = Set(accesses.map(\.resource.type))
        let noun = types.count == 1 ? types.first ?? "resource" : "resource"
        return counts.map { "\($0.0) \($0.1)" }.joined(separator: " and ") + " "
            + (accesses.count == 1 ? noun : Self.plural(noun))
    }

    private static func plural(_ noun: String) -> String {
        if ["s", "x", "ch", "sh"].contains(where: noun.hasSuffix) { return noun + "es" }
        let isAfterVowel = ["ay", "ey", "oy", "uy"].contains(where: noun.hasSuffix)
        return noun.hasSuffix("y") && !isAfterVowel ? noun.dropLast() + "ies" : noun + "s"
    }
}

/// What becomes of the connections that are open when access ends, in words. That they are cut is
/// said only of services that are told to cut them and confirm it.
public struct EndOfConnections: Hashable, Sendable {
    /// The services that cut, and those that do not.
    private let cut, left: [ServiceID]

    public init(cut: [ServiceID], left: [ServiceID]) {
        self.cut = cut
        self.left = left
    }

    /// Whether no service keeps any.
    public var areAllCut: Bool { left.isEmpty }

    /// `open connections are cut`, or what is true instead; `when` says how soon they are.
    public func words(_ when: String = "") -> String {
        if cut.isEmpty && !left.isEmpty { return "open connections cannot be cut" }
        let names = left.map(\.text).joined(separator: ", ")
        return "open connections are cut" + (when.isEmpty ? "" : " \(when)")
            + (left.isEmpty ? "" : ", except those at \(names), which cannot be cut")
    }
}

extension [ServiceID] {
    /// Of services at which access has ended and connections may be left open, as in "it ended at …;
    /// …"; nil where there are none.
    public var leftOpenWords: String? {
        let names = map(\.text).joined(separator: ", ")
        return isEmpty
            ? nil
            : "connections that are open at \(names) cannot be cut, and nobody confirms that they "
                + "are closed"
    }
}

extension Ending.Reason {
    /// As in "it ended: …"; the name of who ended it follows.
    public var words: String {
        switch self {
        case .expired: "the approved time was over"
        case .finished: "finished"
        case .revoked: "stopped"
        case .policyChanged: "the customer's rules were changed"
        }
    }
}
