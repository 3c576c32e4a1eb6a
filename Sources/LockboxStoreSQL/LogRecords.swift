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
        try save(head, of: entry.log)
    }

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
        try connection.execute(
            "UPDATE log_text SET content = NULL WHERE log = $1 AND position = $2 AND field = $3",
            [.log(log), .position(index), .text(field)]
        )
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
        ) { try $0.integer("position") }
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
                [.text(PersonID(person)?.text ?? person), .containing(person)]
            )
        }
        conditions.add("\(content))", search.text.map(SQLValue.containing))
    }

    // MARK: - Reading

    private func entries(_ clause: String, _ values: [SQLValue]) throws -> [LogEntry] {
        // Ends the first query before it begins the others.
        let rows = try connection.select(
            from: "log_entry e",
            key: Self.entryKey,
            clause,
            values
        ) { $0.of("log_entry", key: Self.entryKey) }
        return try rows.map { row in
            let (log, index) = (try row.log("log"), try row.position("position"))
            return LogEntry(
                log: log,
                index: index,
                time: try row.timestamp("time"),
                activity: try row.text("activity"),
                actor: try row.text("actor"),
                request: try row.optionalID("request"),
                bytes: try row.blob("leaf"),
                hash: try row.hash("hash"),
                texts: try texts(of: log, at: index)
            )
        }
    }

    private func texts(of log: LogID, at index: UInt64) throws -> [CommittedText] {
        try connection.select(
            from: "log_text",
            key: ["log", "position", "field"],
            "WHERE log = $1 AND position = $2 ORDER BY ordinal",
            [.log(log), .position(index)]
        ) { row in
            CommittedText(
                field: try row.text("field"),
                salt: try row.blob("salt"),
                text: try row.optionalText("content")
            )
        }
    }
}

extension LogSearch {
    /// The kind of list that its cursors belong to.
    fileprivate var list: String { oldestFirst ? "export" : "log" }

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
    /// Whether a search for a person looks here.
    fileprivate var namesSomeone: Bool { field.hasSuffix("Name") || field.hasSuffix("Address") }
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
