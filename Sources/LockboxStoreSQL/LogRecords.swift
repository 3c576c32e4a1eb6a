import LockboxDomain
import LockboxPorts
import MerkleLog

extension SQLTransaction: LogRecords {
    static let entryKey = ["log", "position"]

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
                    "salt": .optional(text.salt),
                    "names_someone": .flag(text.namesSomeone),
                    "content": .optional(text.text),
                ],
                into: "log_text"
            )
        }
        try words.add(entry.texts, of: entry.log, at: entry.index)
        try save(head, of: entry.log)
    }

    var words: LogWords { LogWords(connection: connection) }

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

    func entries(of log: LogID, saying activities: [String], about request: AccessRequestID?) throws
        -> [LogEntry]
    {
        var conditions = Conditions()
        conditions.add("e.log = %", [.log(log)])
        conditions.add("e.request = %", request.map(SQLValue.id))
        conditions.addOne(of: activities.map(SQLValue.text), "e.activity")
        return try entries("\(conditions.whereClause) ORDER BY e.position", conditions.values)
    }

    // MARK: - Reading

    func entries(at positions: [Int64], of log: LogID) throws -> [Int64: LogEntry] {
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

    func entries(_ clause: String, _ values: [SQLValue]) throws -> [LogEntry] {
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
                    salt: try row.optionalBlob("salt"),
                    text: try row.optionalText("content")
                )
            )
        }
        return texts.reduce(into: [:]) { $0[$1.0, default: []].append($1.1) }
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
