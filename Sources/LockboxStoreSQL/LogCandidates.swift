import LockboxDomain
import LockboxPorts

/// What the indices propose for a search of one log: every record that it finds, and perhaps others.
/// Where several indices know something of it, only what all of them propose, as far as they were
/// asked.
struct LogCandidates {
    /// Some of them, and what is left after all that was looked at for them.
    struct Some {
        /// In the search's order.
        let positions: [Int64]
        let rest: Range<Int64>
        /// What it cost, in records looked at.
        let looks: Int
    }

    private let connection: any SQLConnection
    private let log: LogID
    private let oldestFirst: Bool
    /// A record is proposed if one of them proposes it.
    private let alternatives: [Alternative]

    /// What must all be so.
    private struct Alternative {
        /// Each column with the values of which it has one. There is at least one value; only the first
        /// column may have several.
        var columns: [(name: String, values: [SQLValue])] = []
        var words: LogWords.Pattern?

        var isEmpty: Bool { columns.isEmpty && words == nil }
    }

    /// Nil where no index helps: there the records themselves are looked at.
    init?(_ search: LogSearch, in log: LogID, connection: any SQLConnection) throws {
        (self.connection, self.log, oldestFirst) = (connection, log, search.oldestFirst)
        var one = Alternative()
        if !search.activities.isEmpty {
            let all = try Set(
                search.activities.flatMap { try Self.activities(from: $0, in: log, connection) }
            ).sorted()
            // What never happened has an index too, which gives nothing.
            let values = all.isEmpty ? search.activities : all
            one.columns.append(("activity", values.map(SQLValue.text)))
        }
        if let request = search.request { one.columns.append(("request", [.id(request)])) }
        one.words = LogWords.Pattern(anywhere: search.text, inNames: search.person)
        var alternatives = [one]
        if let person = search.person, LogWords.knows(person) {
            // Who did it need not be named.
            var other = one
            other.columns.append(("actor", [.text(search.actor ?? person)]))
            other.words = LogWords.Pattern(anywhere: search.text, inNames: nil)
            alternatives.append(other)
        }
        if one.isEmpty { return nil }
        self.alternatives = alternatives
    }

    /// The activities that `log` has of `activity` itself and of what is below it. There are few, and
    /// each is one step in the index.
    private static func activities(
        from activity: String,
        in log: LogID,
        _ connection: any SQLConnection
    ) throws -> [String] {
        var found: [String] = []
        var (least, isOpen) = (activity, false)
        while true {
            let next = try connection.queryOne(
                """
                SELECT activity FROM log_entry
                WHERE log = $1 AND activity \(isOpen ? ">" : ">=") $2 AND activity < $3
                ORDER BY activity LIMIT 1
                """,
                [.log(log), .text(least), .text(activity + "/")]
            ) { try $0.text(0) }
            guard let next else { return found }
            if next == activity || next.hasPrefix(activity + ".") { found.append(next) }
            (least, isOpen) = (next, true)
        }
    }

    // MARK: - Asking

    /// What comes first in `range`: at most `limit` positions of each alternative, none left out
    /// between them, for about as much work as it is to look at `looks` records.
    func next(in range: Range<Int64>, limit: Int, looks: Int) throws -> Some {
        let span = Self.passed * min(max(looks, 1), Self.span / Self.passed)
        let answers = try alternatives.map { try next($0, range, limit: limit, span: span) }
        // As far as all of them went.
        let rest = answers.map(\.rest).max { $0.count < $1.count } ?? range
        let all = Set(answers.flatMap(\.positions)).filter { !rest.contains($0) }
        return Some(
            positions: all.sorted { oldestFirst ? $0 < $1 : $0 > $1 },
            rest: rest,
            looks: max(1, all.count, answers.reduce(0) { $0 + $1.passed } / Self.passed)
        )
    }

    /// Positions that one question to an index goes through at the most.
    private static let span = 1 << 18
    /// Positions that an index goes through in the time that it takes to read a record and compare
    /// it, at the least.
    private static let passed = 128
    /// Positions that an index goes through in the time that it takes to take one out of it.
    private static let row = 8
    /// How much each of two indices is asked for at least, before anything is read.
    private static let asked = 512
    /// So few proposals of one index are looked at without asking another.
    private static let few = 32

    /// What an index says of the part of the log where the search begins.
    private struct Answer {
        var positions: [Int64] = []
        /// Where there may be more.
        var rest: Range<Int64>
        /// How many positions were gone through.
        var passed = 0
    }

    private func next(
        _ alternative: Alternative,
        _ range: Range<Int64>,
        limit: Int,
        span: Int
    ) throws -> Answer {
        // Nothing is found before the first record that each column knows.
        var start = range
        for column in alternative.columns {
            guard let first = try positions(in: [column], start, limit: 1).first else {
                return Answer(rest: range.rest(after: range, oldestFirst))
            }
            start = start.rest(from: first, oldestFirst)
        }
        let part = start.firstPart(span, oldestFirst)
        let isOne = alternative.columns.isEmpty || alternative.words == nil
        let asked = isOne ? limit : max(limit, Self.asked)
        func answer(_ positions: [Int64], isFree: Bool = false) -> Answer {
            let end = positions.count < asked ? nil : positions.last
            let known = end.map { $0..<$0 + 1 } ?? part
            let rest = start.rest(after: known, oldestFirst)
            let passed = isFree ? 0 : start.count - rest.count + Self.row * positions.count
            return Answer(positions: positions, rest: rest, passed: passed)
        }
        var columns: Answer?
        if !alternative.columns.isEmpty {
            let found = try positions(in: alternative.columns, part, limit: asked)
            columns = answer(found, isFree: alternative.columns.count == 1)
        }
        guard let pattern = alternative.words else { return columns ?? Answer(rest: range) }
        if let columns, columns.positions.count < min(Self.few, limit) { return columns }
        let found = try LogWords(connection: connection).positions(
            of: log,
            with: pattern,
            part,
            oldestFirst: oldestFirst,
            limit: asked
        )
        let words = answer(found)
        guard let columns else { return words }
        var common = both(columns, words)
        if common.positions.count > limit {
            let last = common.positions[limit - 1]
            common.positions = Array(common.positions.prefix(limit))
            common.rest = start.rest(after: last..<last + 1, oldestFirst)
        }
        return common
    }

    /// What both propose, as far as the one goes that goes further.
    private func both(_ one: Answer, _ other: Answer) -> Answer {
        var (far, near) = (one, other)
        if near.rest.count < far.rest.count { swap(&far, &near) }
        let known = Set(near.positions)
        return Answer(
            positions: far.positions.filter { near.rest.contains($0) || known.contains($0) },
            rest: far.rest,
            passed: one.passed + other.passed
        )
    }

    /// At most `limit` positions of `range` where each of `columns` has one of its values. Each is
    /// read in the order of its own index, side by side, no further than that.
    private func positions(
        in columns: [(name: String, values: [SQLValue])],
        _ range: Range<Int64>,
        limit: Int
    ) throws -> [Int64] {
        var values: [SQLValue] = [
            .log(log), .integer(range.lowerBound), .integer(range.upperBound),
        ]
        var sql = ""
        for column in columns {
            for (place, value) in column.values.enumerated() {
                values.append(value)
                if place == 0, !sql.isEmpty {
                    // Only SQLite reads from left to right.
                    if connection.dialect == .postgres { sql = "(\(sql))" }
                    sql += " INTERSECT "
                } else if !sql.isEmpty {
                    sql += " UNION "
                }
                sql += """
                    SELECT position FROM log_entry
                    WHERE log = $1 AND position >= $2 AND position < $3
                        AND \(column.name) = $\(values.count)
                    """
            }
        }
        values.append(.count(limit))
        sql += " ORDER BY position \(oldestFirst ? "ASC" : "DESC") LIMIT $\(values.count)"
        return try connection.query(sql, values) { try $0.integer(0) }
    }
}

/// Parts of a log, in the order in which it is gone through.
extension Range<Int64> {
    /// The `count` positions that come first.
    func firstPart(_ count: Int, _ oldestFirst: Bool) -> Range<Int64> {
        guard count < self.count else { return self }
        return oldestFirst
            ? lowerBound..<lowerBound + Int64(count) : upperBound - Int64(count)..<upperBound
    }

    /// `position`, which is in it, and what comes after.
    func rest(from position: Int64, _ oldestFirst: Bool) -> Range<Int64> {
        oldestFirst ? position..<upperBound : lowerBound..<position + 1
    }

    /// What comes after `part`, its first one.
    func rest(after part: Range<Int64>, _ oldestFirst: Bool) -> Range<Int64> {
        oldestFirst ? part.upperBound..<upperBound : lowerBound..<part.lowerBound
    }
}
