/// Reads `csvlog`: RFC 4180 with line feeds, where a value in quotes may hold line feeds.
///
/// Strict, because the engineer writes what stands in quotes: where a quote is out of place, as
/// behind half a record that a crash left, what follows could be taken for records that it is not.
struct CSVLogReader: Sendable {
    private enum Place {
        case start, bare, quoted, quote
    }

    private var place = Place.start
    private var column = 0
    private var field = LogField.columns[0]
    private var record = LogRecord()

    mutating func read(_ byte: UInt8) throws(LogDamaged) -> LogStep {
        switch (place, byte) {
        case (.quoted, UInt8(ascii: "\"")): place = .quote
        case (.quoted, _): keep(byte)
        case (.start, UInt8(ascii: "\"")): place = .quoted
        case (.quote, UInt8(ascii: "\"")):
            keep(byte)
            place = .quoted
        case (_, UInt8(ascii: ",")):
            column += 1
            field = LogField.columns[column]
            place = .start
        case (_, UInt8(ascii: "\n")):
            guard LogField.numbersOfColumns.contains(column + 1) else { throw LogDamaged() }
            defer { self = Self() }
            return .record(record)
        case (.quote, _), (.bare, UInt8(ascii: "\"")): throw LogDamaged()
        case (.start, _), (.bare, _):
            keep(byte)
            place = .bare
        }
        return .goesOn
    }

    private mutating func keep(_ byte: UInt8) {
        if let field { record[field].append(byte) }
    }
}
