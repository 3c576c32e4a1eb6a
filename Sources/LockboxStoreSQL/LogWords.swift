import LockboxDomain
import LockboxPorts

/// The index of the texts beside the records (`Migrations/0008-search.swift`). PostgreSQL has one of
/// `log_text` itself (`log_text_words`), and needs not be told.
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
        guard connection.dialect == .sqlite, !words.isEmpty else { return }
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
        guard connection.dialect == .sqlite, !words.isEmpty else { return }
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

    /// What the index is asked for.
    struct Pattern {
        fileprivate let anywhere: String?
        fileprivate let inNames: String?

        /// Every record whose texts contain the one, and whose names and addresses the other. Nil
        /// where both are too short for the index to know, or not asked for.
        init?(anywhere: String?, inNames: String?) {
            self.anywhere = anywhere.flatMap { LogWords.knows($0) ? $0 : nil }
            self.inNames = inNames.flatMap { LogWords.knows($0) ? $0 : nil }
            if self.anywhere == nil, self.inNames == nil { return nil }
        }

        /// As `log_words` takes it.
        fileprivate var text: String {
            let names = inNames.map { "names : (\(LogWords.grams($0)))" }
            return [anywhere.map(LogWords.grams), names].compactMap(\.self)
                .joined(separator: " AND ")
        }
    }

    /// Where in `range` of `log` there may be what `pattern` says: every record that has it is among
    /// them, up to the last one given.
    func positions(
        of log: LogID,
        with pattern: Pattern,
        _ range: Range<Int64>,
        oldestFirst: Bool,
        limit: Int
    ) throws -> [Int64] {
        if connection.dialect == .postgres {
            return try texts(of: log, with: pattern, range, oldestFirst: oldestFirst, limit: limit)
        }
        guard let number = try known(log) else { return [] }
        let first = number * Self.positions
        return try connection.query(
            """
            SELECT rowid FROM log_words
            WHERE log_words MATCH $1 AND rowid >= $2 AND rowid < $3
            ORDER BY rowid \(oldestFirst ? "ASC" : "DESC") LIMIT $4
            """,
            [
                .text(pattern.text), .integer(first + range.lowerBound),
                .integer(first + range.upperBound), .count(limit),
            ]
        ) { try $0.integer(0) - first }
    }

    /// The same from `log_text` itself. A pattern that has no whole word of three letters is looked for
    /// in the texts, which costs more and finds the same.
    private func texts(
        of log: LogID,
        with pattern: Pattern,
        _ range: Range<Int64>,
        oldestFirst: Bool,
        limit: Int
    ) throws -> [Int64] {
        var values: [SQLValue] = [
            .log(log), .integer(range.lowerBound), .integer(range.upperBound),
        ]
        var parts: [String] = []
        let wanted = [(pattern.anywhere, ""), (pattern.inNames, "names_someone = 1 AND ")]
        for (part, condition) in wanted {
            guard let part else { continue }
            values.append(.containing(part))
            parts.append(
                """
                SELECT DISTINCT position FROM log_text
                WHERE log = $1 AND position >= $2 AND position < $3
                    AND \(condition)lower(content) LIKE $\(values.count) ESCAPE '\\'
                """
            )
        }
        values.append(.count(limit))
        return try connection.query(
            """
            \(parts.joined(separator: " INTERSECT "))
            ORDER BY position \(oldestFirst ? "ASC" : "DESC") LIMIT $\(values.count)
            """,
            values
        ) { try $0.integer(0) }
    }

    /// Whether the index can say anything about `part`.
    static func knows(_ part: String) -> Bool { part.unicodeScalars.count >= gram }

    private static let gram = 3
    /// Three characters each. More would only make what is left to look at a little less.
    private static let grams = 24

    /// The question for a `part` that the index knows.
    private static func grams(_ part: String) -> String {
        let scalars = Array(part.unicodeScalars)
        let last = scalars.count - gram
        let step = max(1, last / grams)
        let starts = Array(stride(from: 0, to: last, by: step)) + [last]
        return starts.map { start -> String in
            var text = String.UnicodeScalarView()
            for scalar in scalars[start..<start + gram] {
                text.append(scalar)
                // A quote within quotes is written twice.
                if scalar == "\"" { text.append(scalar) }
            }
            return "\"\(String(text))\""
        }.joined(separator: " AND ")
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
