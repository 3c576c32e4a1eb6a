import LockboxDomain
import LockboxPorts

/// The index of the texts beside the records (`Migrations/0008-search.swift`).
struct LogWords {
    let connection: any SQLConnection

    /// The span of rows of one log.
    private static let positions: Int64 = SQLLimits.count
    /// Logs whose rows all have a number.
    private static let logs: Range<Int64> = 1..<(1 << 20)

    // MARK: - Writing

    /// Adds what a new record's texts say.
    func add(_ texts: [CommittedText], of log: LogID, at position: UInt64) throws {
        let words = Words(texts)
        guard !words.isEmpty else { return }
        try connection.execute(
            "INSERT INTO log_words (rowid, names, others) VALUES ($1, $2, $3)",
            [
                .integer(try row(position, of: log)),
                .text(words.names), .text(words.others),
            ]
        )
    }

    /// Takes out what `texts`, all that the record has, said. The index keeps no text, so that it has
    /// to be told.
    func remove(_ texts: [CommittedText], of log: LogID, at position: UInt64) throws {
        let words = Words(texts)
        guard !words.isEmpty else { return }
        try connection.execute(
            "INSERT INTO log_words (log_words, rowid, names, others) VALUES ('delete', $1, $2, $3)",
            [
                .integer(try row(position, of: log)),
                .text(words.names), .text(words.others),
            ]
        )
    }

    private func row(_ position: UInt64, of log: LogID) throws -> Int64 {
        guard position < Self.positions else {
            throw StoreError.corrupt("log_head \(log.stored)")
        }
        return try number(log) * Self.positions + Int64(position)
    }

    /// The number of `log`, which gets the next one with its first texts.
    private func number(_ log: LogID) throws -> Int64 {
        if let number = try known(log) { return number }
        try connection.execute(
            """
            INSERT INTO log_number (log, number)
            SELECT $1, coalesce(max(number), 0) + 1 FROM log_number
            """,
            [.log(log)]
        )
        guard let number = try known(log) else {
            throw StoreError.corrupt("log_number \(log.stored)")
        }
        return number
    }

    private func known(_ log: LogID) throws -> Int64? {
        try connection.selectOne(
            from: "log_number",
            key: ["log"],
            "WHERE log = $1",
            [.log(log)]
        ) { row in
            let number = try row.integer("number")
            guard Self.logs.contains(number) else { throw row.corrupt }
            return number
        }
    }

    // MARK: - Asking

    /// Where in `range` of `log` there may be records whose texts contain `part`: every record that
    /// does is among them. Nil where `part` is too short for the index to know.
    func positions(
        of log: LogID,
        with part: String,
        inNames: Bool,
        _ range: Range<Int64>,
        oldestFirst: Bool,
        limit: Int
    ) throws -> [Int64]? {
        guard let pattern = Self.pattern(part, inNames: inNames) else { return nil }
        guard let number = try known(log) else { return [] }
        let first = number * Self.positions
        return try connection.query(
            """
            SELECT rowid FROM log_words
            WHERE log_words MATCH $1 AND rowid >= $2 AND rowid < $3
            ORDER BY rowid \(oldestFirst ? "ASC" : "DESC") LIMIT $4
            """,
            [
                .text(pattern), .integer(first + range.lowerBound),
                .integer(first + range.upperBound), .count(limit),
            ]
        ) { try $0.integer(0) - first }
    }

    /// Whether the index can say anything about `part`.
    static func knows(_ part: String) -> Bool { part.unicodeScalars.count >= gram }

    private static let gram = 3
    /// Three characters each. More would only make what is left to look at a little less.
    private static let grams = 24

    private static func pattern(_ part: String, inNames: Bool) -> String? {
        guard knows(part) else { return nil }
        let scalars = Array(part.unicodeScalars)
        let last = scalars.count - gram
        let step = max(1, last / grams)
        let starts = Array(stride(from: 0, to: last, by: step)) + [last]
        let grams = starts.map { start -> String in
            var text = String.UnicodeScalarView()
            for scalar in scalars[start..<start + gram] {
                text.append(scalar)
                // A quote within quotes is written twice.
                if scalar == "\"" { text.append(scalar) }
            }
            return "\"\(String(text))\""
        }
        let all = grams.joined(separator: " AND ")
        return inNames ? "names : (\(all))" : all
    }
}

/// A record's texts as the index takes them.
private struct Words {
    private(set) var names = ""
    private(set) var others = ""

    var isEmpty: Bool { names.isEmpty && others.isEmpty }

    init(_ texts: [CommittedText]) {
        for text in texts {
            guard let content = text.text else { continue }
            let framed = "\n\n\(content)\n\n"
            if text.namesSomeone { names += framed } else { others += framed }
        }
    }
}

extension CommittedText {
    /// Whether a search for a person looks here.
    var namesSomeone: Bool { field.hasSuffix("Name") || field.hasSuffix("Address") }
}
