import LockboxDomain
import LockboxPorts
import MerkleLog

extension SQLTransaction: LogRecords {
    private static let entryKey = ["log", "position"]

    func logs() throws -> [LogID] {
        // The provider's is the empty one, so it comes first.
        try connection.select(from: "log_head", key: ["log"], "ORDER BY log") { try $0.log("log") }
    }

    func head(of log: LogID) throws -> LogHead {
        let stored = try connection.selectOne(
            from: "log_head",
            key: ["log"],
            "WHERE log = $1",
            [.log(log)]
        ) { row in
            LogHead(
                size: try row.position("size"),
                range: try row.hashes("range_hashes"),
                lastTime: try row.timestamp("last_time")
            )
        }
        return stored ?? .empty
    }

    func append(_ entry: LogEntry, head: LogHead) throws {
        try connection.insert(
            [
                "log": .log(entry.log),
                "position": .position(entry.index),
                "time": .time(entry.time),
                "activity": .text(entry.activity),
                "actor": .text(entry.actor),
                "request": .id(entry.request),
                "leaf": .blob(entry.bytes),
                "hash": .blob(entry.hash.bytes),
            ],
            into: "log_entry"
        )
        for (ordinal, text) in entry.texts.enumerated() {
            try connection.insert(
                [
                    "log": .log(entry.log),
                    "position": .position(entry.index),
                    "field": .text(text.field),
                    "ordinal": .count(ordinal),
                    "salt": .blob(text.salt),
                    "names_someone": .flag(text.namesSomeone),
                    "content": .optional(text.text),
                ],
                into: "log_text"
            )
        }
        try words.add(entry.texts, of: entry.log, at: entry.index)
        try save(head, of: entry.log)
    }

    private var words: LogWords { LogWords(connection: connection) }

    private func save(_ head: LogHead, of log: LogID) throws {
        let values: [SQLValue] = [
            .position(head.size), .blob(head.range.flatMap(\.bytes)), .time(head.lastTime),
            .log(log),
        ]
        let moved = try connection.execute(
            "UPDATE log_head SET size = $1, range_hashes = $2, last_time = $3 WHERE log = $4",
            values
        )
        guard moved == 0 else { return }
        try connection.execute(
            "INSERT INTO log_head (size, range_hashes, last_time, log) VALUES ($1, $2, $3, $4)",
            values
        )
    }

    func entries(of log: LogID, in range: Range<UInt64>) throws -> [LogEntry] {
        try entries(
            """
            WHERE e.log = $1 AND e.position >= $2 AND e.position < $3 ORDER BY e.position
            """,
            [.log(log), .position(range.lowerBound), .position(range.upperBound)]
        )
    }

    func eraseText(_ field: String, of log: LogID, at index: UInt64) throws {
        // A crash here leaves both the text and its words, for they go in one transaction.
        try words.remove(try texts(of: log, index..<index + 1)[index] ?? [], of: log, at: index)
        try connection.execute(
            "UPDATE log_text SET content = NULL WHERE log = $1 AND position = $2 AND field = $3",
            [.log(log), .position(index), .text(field)]
        )
        try words.add(try texts(of: log, index..<index + 1)[index] ?? [], of: log, at: index)
        if field == CommittedText.operations { try eraseSubjects(of: log, at: index) }
    }

    // MARK: - Searching

    func search(_ search: LogSearch, in log: LogID, page: ListPage, lookingAt records: Int) throws
        -> Paged<LogEntry>
    {
        let wanted = try positions(search, in: log, cursor: page.cursor)
        // Nothing that is stored holds a NUL, at which SQLite would cut the pattern off.
        let isFindable = ![search.activity, search.person, search.text].contains {
            $0?.unicodeScalars.contains("\0") ?? false
        }
        guard isFindable, !wanted.isEmpty else { return Paged(items: [], next: nil) }
        let sources = try sources(search, in: log)
        if !sources.isEmpty {
            return try self.search(search, in: log, wanted, sources, page, lookingAt: records)
        }
        let looked = search.mayLookAtEveryRecord ? search.firstPart(of: wanted, records) : wanted
        var conditions = Conditions()
        conditions.add("e.log = %", [.log(log)])
        conditions.add("e.position >= %", [.integer(looked.lowerBound)])
        conditions.add("e.position < %", [.integer(looked.upperBound)])
        addSubject(search, to: &conditions)
        let limit = conditions.placeholder(for: page.rows)
        let found = try entries(
            "\(conditions.whereClause) ORDER BY e.position \(search.oldestFirst ? "ASC" : "DESC") LIMIT \(limit)",
            conditions.values
        )
        var paged = page.paged(found) {
            Cursor(list: search.list, time: Int64(clamping: $0.index))
        }
        if paged.next == nil, looked != wanted {
            let last = search.oldestFirst ? looked.upperBound - 1 : looked.lowerBound
            paged.next = Cursor(list: search.list, time: last).text
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
        if let activity = search.activity {
            // "/" is the character after ".": between the two lies everything that begins with the
            // activity and a dot.
            conditions.add(
                "(e.activity = % OR (e.activity >= % AND e.activity < %))",
                [.text(activity), .text(activity + "."), .text(activity + "/")]
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

    // MARK: - Searching by indices

    /// An index that gives, in the search's order, every record that the search finds, and perhaps
    /// others.
    private enum Source {
        case column(String, SQLValue)
        case words(String, inNames: Bool)
    }

    /// The indices that together give all that is searched for; none where no index helps: there the
    /// records themselves are looked at.
    private func sources(_ search: LogSearch, in log: LogID) throws -> [Source] {
        guard search.request == nil else { return [] }
        if let text = search.text, LogWords.knows(text) { return [.words(text, inNames: false)] }
        if let person = search.person, LogWords.knows(person) {
            return [
                .column("actor", .text(search.actor ?? person)), .words(person, inNames: true),
            ]
        }
        guard search.text == nil, search.person == nil, let activity = search.activity else {
            return []
        }
        let all = try activities(from: activity, in: log)
        // What never happened has an index too, which gives nothing.
        return (all.isEmpty ? [activity] : all).map { .column("activity", .text($0)) }
    }

    /// The activities that `log` has of `activity` itself and of what is below it. There are few, and
    /// each is one step in the index.
    private func activities(from activity: String, in log: LogID) throws -> [String] {
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

    /// At most `limit` positions that `source` gives.
    private func positions(
        of source: Source,
        _ search: LogSearch,
        in log: LogID,
        _ range: Range<Int64>,
        limit: Int
    ) throws -> [Int64] {
        switch source {
        case .words(let part, let inNames):
            return try words.positions(
                of: log,
                with: part,
                inNames: inNames,
                range,
                oldestFirst: search.oldestFirst,
                limit: limit
            ) ?? []
        case .column(let column, let value):
            return try connection.query(
                """
                SELECT position FROM log_entry
                WHERE log = $1 AND \(column) = $2 AND position >= $3 AND position < $4
                ORDER BY position \(search.oldestFirst ? "ASC" : "DESC") LIMIT $5
                """,
                [
                    .log(log), value, .integer(range.lowerBound), .integer(range.upperBound),
                    .count(limit),
                ]
            ) { try $0.integer(0) }
        }
    }

    /// What all of `sources` give next: at most `limit` positions of `range`, in the search's order,
    /// none of them twice, and none left out between them.
    private func candidates(
        _ sources: [Source],
        _ search: LogSearch,
        in log: LogID,
        _ range: Range<Int64>,
        limit: Int
    ) throws -> [Int64] {
        var all: Set<Int64> = []
        for source in sources {
            all.formUnion(try positions(of: source, search, in: log, range, limit: limit))
        }
        // Each source gives its first ones, so the first of all of them are among these.
        return Array(all.sorted { search.oldestFirst ? $0 < $1 : $0 > $1 }.prefix(limit))
    }

    /// A page of what `sources` give and `search` finds. A page that is short because `records`
    /// records were looked at goes on after the last of them.
    private func search(
        _ search: LogSearch,
        in log: LogID,
        _ wanted: Range<Int64>,
        _ sources: [Source],
        _ page: ListPage,
        lookingAt records: Int
    ) throws -> Paged<LogEntry> {
        var found: [LogEntry] = []
        var rest = wanted
        var left = max(records, 1)
        var batch = page.size + 1 + Self.spareCandidates
        while !rest.isEmpty, found.count <= page.size {
            guard left > 0 else {
                let last = search.oldestFirst ? rest.lowerBound - 1 : rest.upperBound
                return Paged(items: found, next: Cursor(list: search.list, time: last).text)
            }
            let limit = min(left, search.isExact ? page.size + 1 - found.count : batch)
            // An index that proposes much that is not found is asked for more at once.
            batch = min(2 * batch, Self.mostCandidates)
            let some = try candidates(sources, search, in: log, rest, limit: limit)
            let hits = search.isExact ? some : try matching(some, search, in: log)
            let read = try entries(at: Array(hits.prefix(page.size + 1 - found.count)), of: log)
            let unread = Set(hits.dropFirst(page.size + 1 - found.count))
            for position in some where found.count <= page.size {
                // More were read than the page takes, unless the database and we disagree on some.
                if unread.contains(position) { break }
                if let entry = read[position], search.finds(entry) { found.append(entry) }
                rest =
                    search.oldestFirst
                    ? position + 1..<max(rest.upperBound, position + 1)
                    : min(rest.lowerBound, position)..<position
                left -= 1
            }
            if some.count < limit, unread.isEmpty, found.count <= page.size { break }
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

    // MARK: - Reading

    private func entries(at positions: [Int64], of log: LogID) throws -> [Int64: LogEntry] {
        guard !positions.isEmpty else { return [:] }
        var conditions = Conditions()
        conditions.add("e.log = %", [.log(log)])
        conditions.addOne(of: positions.map(SQLValue.integer), "e.position")
        let entries = try entries(
            "\(conditions.whereClause) ORDER BY e.position",
            conditions.values
        )
        return Dictionary(entries.map { (Int64(clamping: $0.index), $0) }) { first, _ in first }
    }

    private func entries(_ clause: String, _ values: [SQLValue]) throws -> [LogEntry] {
        // Ends the first query before it begins the others.
        let rows = try connection.select(
            from: "log_entry e",
            key: Self.entryKey,
            clause,
            values
        ) { $0.of("log_entry", key: Self.entryKey) }
        guard let first = rows.first, let last = rows.last else { return [] }
        let log = try first.log("log")
        let ends = [try first.position("position"), try last.position("position")].sorted()
        // The texts of neighbours come at once; between records that lie far apart there are others'.
        let isDense = ends[1] - ends[0] < UInt64(rows.count) * 4
        let texts =
            isDense
            ? try texts(of: log, ends[0]..<ends[1] + 1)
            : try texts(of: log, at: try rows.map { .position(try $0.position("position")) })
        return try rows.map { row in
            let index = try row.position("position")
            return LogEntry(
                log: try row.log("log"),
                index: index,
                time: try row.timestamp("time"),
                activity: try row.text("activity"),
                actor: try row.text("actor"),
                request: try row.optionalID("request"),
                bytes: try row.blob("leaf"),
                hash: try row.hash("hash"),
                texts: texts[index] ?? []
            )
        }
    }

    /// The texts beside records of `log`, by their positions.
    private func texts(of log: LogID, _ range: Range<UInt64>) throws -> [UInt64: [CommittedText]] {
        try texts(
            "WHERE log = $1 AND position >= $2 AND position < $3",
            [.log(log), .position(range.lowerBound), .position(range.upperBound)]
        )
    }

    private func texts(of log: LogID, at positions: [SQLValue]) throws
        -> [UInt64: [CommittedText]]
    {
        var conditions = Conditions()
        conditions.add("log = %", [.log(log)])
        conditions.addOne(of: positions, "position")
        return try texts(conditions.whereClause, conditions.values)
    }

    private func texts(_ clause: String, _ values: [SQLValue]) throws
        -> [UInt64: [CommittedText]]
    {
        let texts = try connection.select(
            from: "log_text",
            key: ["log", "position", "field"],
            "\(clause) ORDER BY position, ordinal",
            values
        ) { row in
            (
                try row.position("position"),
                CommittedText(
                    field: try row.text("field"),
                    salt: try row.blob("salt"),
                    text: try row.optionalText("content")
                )
            )
        }
        return texts.reduce(into: [:]) { $0[$1.0, default: []].append($1.1) }
    }
}

extension LogSearch {
    /// The kind of list that its cursors belong to.
    fileprivate var list: String { oldestFirst ? "export" : "log" }

    /// Who did it, where the search is by person.
    fileprivate var actor: String? { person.map { PersonID($0)?.text ?? $0 } }

    /// Whether an index gives nothing that the search does not find.
    fileprivate var isExact: Bool { text == nil && person == nil }

    /// Whether `entry`, which lies in the time that is searched, is found.
    fileprivate func finds(_ entry: LogEntry) -> Bool {
        if let request, entry.request != request { return false }
        if let activity, entry.activity != activity, !entry.activity.hasPrefix(activity + ".") {
            return false
        }
        if let person, entry.actor != actor,
            !entry.texts.contains(where: { $0.namesSomeone && $0.contains(person) })
        {
            return false
        }
        return text.map { text in entry.texts.contains { $0.contains(text) } } ?? true
    }

    /// Whether it may have to look at every record to find a page's worth: no index knows words,
    /// and an activity may never have happened.
    fileprivate var mayLookAtEveryRecord: Bool {
        request == nil && !(activity == nil && person == nil && text == nil)
    }

    /// The `count` positions of `wanted` that come first in the search's own order.
    fileprivate func firstPart(of wanted: Range<Int64>, _ count: Int) -> Range<Int64> {
        guard count < wanted.count else { return wanted }
        let span = Int64(max(count, 1))
        return oldestFirst
            ? wanted.lowerBound..<wanted.lowerBound + span
            : wanted.upperBound - span..<wanted.upperBound
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
    fileprivate static func containing(_ part: String) -> SQLValue {
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

extension SQLRow {
    /// Hashes one after another.
    fileprivate func hashes(_ column: SQLColumn) throws(StoreError) -> [Hash] {
        let bytes = try blob(column)
        guard bytes.count.isMultiple(of: Hash.byteCount) else { throw corrupt }
        return stride(from: 0, to: bytes.count, by: Hash.byteCount).compactMap {
            Hash(bytes: bytes[$0..<$0 + Hash.byteCount])
        }
    }
}
