import LockboxDomain
import LockboxPorts

extension SQLTransaction {
    func search(_ search: LogSearch, in log: LogID, page: ListPage, lookingAt records: Int) throws
        -> Paged<LogEntry>
    {
        let wanted = try positions(search, in: log, cursor: page.cursor)
        // Nothing that is stored holds a NUL, at which SQLite would cut the pattern off.
        let isFindable = !([search.person, search.text].compactMap(\.self) + search.activities)
            .contains { $0.unicodeScalars.contains("\0") }
        guard isFindable, !wanted.isEmpty else { return Paged(items: [], next: nil) }
        if let candidates = try LogCandidates(search, in: log, connection: connection) {
            return try self.search(search, in: log, wanted, candidates, page, lookingAt: records)
        }
        let looked =
            search.isExact
            ? wanted : wanted.firstPart(max(records, 1), search.oldestFirst)
        var conditions = Conditions()
        conditions.add("e.log = %", [.log(log)])
        conditions.add("e.position >= %", [.integer(looked.lowerBound)])
        conditions.add("e.position < %", [.integer(looked.upperBound)])
        addSubject(search, to: &conditions)
        let limit = conditions.placeholder(for: page.rows)
        let found = try entries(
            "\(conditions.whereClause) ORDER BY e.position \(search.order) LIMIT \(limit)",
            conditions.values
        )
        var paged = page.paged(found) {
            Cursor(list: search.list, time: Int64(clamping: $0.index))
        }
        if paged.next == nil, looked != wanted {
            paged.next = search.cursor(before: wanted.rest(after: looked, search.oldestFirst))
        }
        return paged
    }

    /// Where the search may find something. Time does not run backwards in a log, so a span of time
    /// is a span of positions.
    private func positions(_ search: LogSearch, in log: LogID, cursor: String?) throws
        -> Range<Int64>
    {
        var (first, end) = (Int64(0), Int64(clamping: try head(of: log).size))
        if let from = search.from { first = try firstPosition(of: log, at: from) ?? end }
        if let to = search.to, let after = try firstPosition(of: log, at: to) { end = after }
        if let cursor {
            // Positions stay what they are while the log grows; the time in the cursor only makes
            // it one of this list.
            let last = try Cursor(cursor, list: search.list, keyParts: 0).time
            if search.oldestFirst {
                first = max(first, min(last, end - 1) + 1)
            } else {
                end = min(end, last)
            }
        }
        return first..<max(first, end)
    }

    /// Of the first entry at or after `instant`.
    private func firstPosition(of log: LogID, at instant: Timestamp) throws -> Int64? {
        try connection.selectOne(
            from: "log_entry",
            key: Self.entryKey,
            "WHERE log = $1 AND time >= $2 ORDER BY time, position LIMIT 1",
            [.log(log), .time(instant)]
        ) { Int64(try $0.position("position")) }
    }

    private func addSubject(_ search: LogSearch, to conditions: inout Conditions) {
        conditions.add("e.request = %", search.request.map(SQLValue.id))
        if !search.activities.isEmpty {
            // "/" is the character after ".": between the two lies everything that begins with the
            // activity and a dot.
            let one = "e.activity = % OR (e.activity >= % AND e.activity < %)"
            let any = search.activities.map { _ in one }.joined(separator: " OR ")
            conditions.add(
                "(\(any))",
                search.activities.flatMap { [.text($0), .text($0 + "."), .text($0 + "/")] }
            )
        }
        let content = """
            EXISTS (
                SELECT 1 FROM log_text t WHERE t.log = e.log AND t.position = e.position
                    AND lower(t.content) LIKE % ESCAPE '\\'
            """
        if let person = search.person {
            conditions.add(
                "(e.actor = % OR \(content) AND t.names_someone = 1))",
                [.text(search.actor ?? person), .containing(person)]
            )
        }
        conditions.add("\(content))", search.text.map(SQLValue.containing))
    }

    /// A page of what `candidates` are and `search` finds. A page that is short because `records`
    /// records were looked at goes on after the last of them.
    private func search(
        _ search: LogSearch,
        in log: LogID,
        _ wanted: Range<Int64>,
        _ candidates: LogCandidates,
        _ page: ListPage,
        lookingAt records: Int
    ) throws -> Paged<LogEntry> {
        var found: [LogEntry] = []
        var rest = wanted
        var left = max(records, 1)
        var batch = page.size + 1 + Self.spareCandidates
        while !rest.isEmpty, found.count <= page.size {
            guard left > 0 else {
                return Paged(items: found, next: search.cursor(before: rest))
            }
            let limit = min(left, search.isExact ? page.size + 1 - found.count : batch)
            // An index that proposes much that is not found is asked for more at once.
            batch = min(2 * batch, Self.mostCandidates)
            let some = try candidates.next(in: rest, limit: limit, looks: left)
            let proposed = some.positions
            var hits = (search.isExact ? proposed : try matching(proposed, search, in: log))[...]
            // More than the page takes is read only where the database and we disagree.
            while !hits.isEmpty, found.count <= page.size {
                let few = Array(hits.prefix(page.size + 1 - found.count))
                hits = hits.dropFirst(few.count)
                let read = try entries(at: few, of: log)
                found += few.compactMap { read[$0] }.filter(search.finds)
            }
            rest = some.rest
            left -= some.looks
        }
        return page.paged(found) { Cursor(list: search.list, time: Int64(clamping: $0.index)) }
    }

    /// Candidates beyond a page's worth that are looked at first, and the most at once.
    private static let spareCandidates = 64
    private static let mostCandidates = 1024

    /// Those of `candidates` that the search finds, in their order.
    private func matching(_ candidates: [Int64], _ search: LogSearch, in log: LogID) throws
        -> [Int64]
    {
        guard !candidates.isEmpty else { return [] }
        var conditions = Conditions()
        conditions.add("e.log = %", [.log(log)])
        conditions.addOne(of: candidates.map(SQLValue.integer), "e.position")
        addSubject(search, to: &conditions)
        // The hash is in no index but the record's own row: an index by activity or actor that had all
        // that is read would be gone through from end to end instead.
        let hits = Set(
            try connection.query(
                "SELECT e.position, e.hash FROM log_entry e \(conditions.whereClause)",
                conditions.values
            ) { try $0.integer(0) }
        )
        return candidates.filter(hits.contains)
    }
}

extension LogSearch {
    /// The kind of list that its cursors belong to.
    fileprivate var list: String { oldestFirst ? "export" : "log" }

    fileprivate var order: String { oldestFirst ? "ASC" : "DESC" }

    /// Of a page after which `rest` is to be looked at.
    fileprivate func cursor(before rest: Range<Int64>) -> String {
        let last = oldestFirst ? rest.lowerBound - 1 : rest.upperBound
        return Cursor(list: list, time: last).text
    }

    /// Who did it, where the search is by person.
    var actor: String? { person.map { PersonID($0)?.text ?? $0 } }

    /// Whether columns alone say what it finds.
    fileprivate var isExact: Bool { text == nil && person == nil }

    /// Whether `entry`, which lies in the time that is searched, is found.
    fileprivate func finds(_ entry: LogEntry) -> Bool {
        if let request, entry.request != request { return false }
        let isWanted = activities.contains {
            entry.activity == $0 || entry.activity.hasPrefix($0 + ".")
        }
        if !activities.isEmpty, !isWanted { return false }
        if let person, entry.actor != actor,
            !entry.texts.contains(where: { $0.namesSomeone && $0.contains(person) })
        {
            return false
        }
        return text.map { text in entry.texts.contains { $0.contains(text) } } ?? true
    }
}

extension CommittedText {
    /// Whether `part` is in it, whatever its ASCII letter case.
    fileprivate func contains(_ part: String) -> Bool {
        guard let text else { return false }
        let (wanted, all) = (part.utf8.map(\.lowerCased), text.utf8.map(\.lowerCased))
        guard let first = wanted.first else { return true }
        var rest = all[...]
        while let place = rest.firstIndex(of: first) {
            if all[place...].starts(with: wanted) { return true }
            rest = all[(place + 1)...]
        }
        return false
    }
}

extension UInt8 {
    fileprivate var lowerCased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}

extension SQLValue {
    /// The pattern of texts in lower case that contain `part`, whatever its ASCII letter case.
    static func containing(_ part: String) -> SQLValue {
        var pattern = "%"
        for scalar in part.unicodeScalars {
            switch scalar {
            case "%", "_", "\\": pattern.unicodeScalars.append(contentsOf: ["\\", scalar])
            case "A"..."Z": pattern.append(String(scalar).lowercased())
            case _: pattern.unicodeScalars.append(scalar)
            }
        }
        return .text(pattern + "%")
    }
}
