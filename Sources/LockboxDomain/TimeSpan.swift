/// A length of time in whole milliseconds.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static let zero = TimeSpan(milliseconds: 0)
    /// `count` whole seconds.
    public static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count * 1000) }
    /// `count` whole minutes.
    public static func minutes(_ count: Int64) -> TimeSpan { .seconds(count * 60) }
    /// `count` whole hours.
    public static func hours(_ count: Int64) -> TimeSpan { .minutes(count * 60) }
    /// `count` whole days of 24 hours.
    public static func days(_ count: Int64) -> TimeSpan { .hours(count * 24) }

    /// Without its sign.
    public var magnitude: TimeSpan {
        TimeSpan(milliseconds: Int64(clamping: milliseconds.magnitude))
    }

    public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.milliseconds < right.milliseconds
    }
}

// MARK: - ISO 8601

extension TimeSpan: CustomStringConvertible {
    /// The shortest ISO 8601 form in days, hours, minutes and seconds: `PT2H`, `P1DT30M`,
    /// `PT0.250S`.
    public var description: String {
        let magnitude = milliseconds.magnitude
        let days = magnitude / 86_400_000
        let hours = magnitude / 3_600_000 % 24
        let minutes = magnitude / 60_000 % 60
        let seconds = magnitude / 1000 % 60
        let fraction = Int(magnitude % 1000)
        var time = ""
        if hours > 0 { time += "\(hours)H" }
        if minutes > 0 { time += "\(minutes)M" }
        if fraction > 0 {
            time += "\(seconds).\(pad(fraction, 3))S"
        } else if seconds > 0 {
            time += "\(seconds)S"
        }
        if days == 0 && time.isEmpty { return "PT0S" }
        let sign = milliseconds < 0 ? "-" : ""
        return sign + "P" + (days > 0 ? "\(days)D" : "") + (time.isEmpty ? "" : "T" + time)
    }

    /// Reads `P[nD][T[nH][nM][n[.fff]S]]`. Years, months and weeks are refused because their length
    /// depends on the calendar; so are signs, empty parts (`P`, `PT`), parts out of order and
    /// anything that does not fit.
    public init?(_ text: String) {
        var reader = DigitReader(text)
        guard reader.skip("P") else { return nil }
        var total: Int64 = 0
        var inTime = false
        var remaining: [(Character, Int64)] = [
            ("D", 86_400_000), ("H", 3_600_000), ("M", 60_000), ("S", 1000),
        ]
        var parts = 0
        let longest = TimeSpan.days(36_500).milliseconds
        while !reader.isAtEnd {
            if !inTime, reader.skip("T") {
                inTime = true
                if reader.isAtEnd { return nil }
                continue
            }
            guard let count = reader.number(upTo: 12) else { return nil }
            var fraction: Int?
            if reader.skip(".") {
                fraction = reader.fractionMilliseconds()
                if fraction == nil { return nil }
            }
            guard let unit = reader.next(),
                let index = remaining.firstIndex(where: { $0.0 == unit }),
                (unit != "D") == inTime, fraction == nil || unit == "S"
            else { return nil }
            let (product, overflow) = Int64(count).multipliedReportingOverflow(
                by: remaining[index].1
            )
            // Each part alone is within the bound, so that no sum of the four can overflow.
            guard !overflow, product <= longest else { return nil }
            total += product + Int64(fraction ?? 0)
            remaining.removeFirst(index + 1)
            parts += 1
        }
        guard parts > 0, total <= longest else { return nil }
        self.init(milliseconds: total)
    }
}

/// Reads fixed-width decimal fields from ASCII text.
struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func next() -> Character? {
        guard let first = rest.popFirst() else { return nil }
        return Character(Unicode.Scalar(first))
    }

    /// Exactly `width` digits.
    mutating func number(_ width: Int) -> Int? {
        guard let digits = digits(upTo: width), digits.count == width else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1) }
    }

    /// One to `limit` digits.
    mutating func number(upTo limit: Int) -> Int? {
        guard let digits = digits(upTo: limit), !digits.isEmpty else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1) }
    }

    /// One to nine digits after a decimal point, as whole milliseconds.
    mutating func fractionMilliseconds() -> Int? {
        guard let digits = digits(upTo: 9), !digits.isEmpty else { return nil }
        return (0..<3).reduce(0) { $0 * 10 + ($1 < digits.count ? Int(digits[$1]) : 0) }
    }

    private mutating func digits(upTo limit: Int) -> [UInt8]? {
        var found: [UInt8] = []
        while found.count < limit, let byte = rest.first, byte.isDigit {
            found.append(byte - UInt8(ascii: "0"))
            rest.removeFirst()
        }
        return found
    }
}
