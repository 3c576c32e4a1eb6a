/// An instant in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// The range is that of RFC 3339 years 0001…9999; arithmetic saturates at its ends, so that no sum
/// of a hostile duration can wrap around into the past.
public struct Timestamp: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public static let earliest = Timestamp(unchecked: -62_135_596_800_000)
    public static let latest = Timestamp(unchecked: 253_402_300_799_999)

    /// The instant `milliseconds` after the epoch, clamped to the representable range.
    public init(milliseconds: Int64) {
        self.milliseconds = min(
            max(milliseconds, Self.earliest.milliseconds),
            Self.latest.milliseconds
        )
    }

    private init(unchecked milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public static func + (instant: Timestamp, span: TimeSpan) -> Timestamp {
        let (sum, overflow) = instant.milliseconds.addingReportingOverflow(span.milliseconds)
        if overflow { return span.milliseconds > 0 ? .latest : .earliest }
        return Timestamp(milliseconds: sum)
    }

    public static func - (instant: Timestamp, span: TimeSpan) -> Timestamp {
        let (difference, overflow) = instant.milliseconds.subtractingReportingOverflow(
            span.milliseconds
        )
        if overflow { return span.milliseconds > 0 ? .earliest : .latest }
        return Timestamp(milliseconds: difference)
    }

    public static func - (later: Timestamp, earlier: Timestamp) -> TimeSpan {
        TimeSpan(milliseconds: later.milliseconds - earlier.milliseconds)
    }

    /// Whole seconds since the epoch, rounded down: the form of OAuth's `exp`, `iat`, `nbf` (RFC
    /// 7662 §2.2).
    public var secondsSinceEpoch: Int64 { CivilDate.floorDivide(milliseconds, 1000) }
}

// MARK: - RFC 3339

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with exactly three fractional digits: `2026-11-23T20:15:00.000Z`.
    public var description: String {
        let (date, time) = civil
        // Every record holds some of these.
        return String(unsafeUninitializedCapacity: 24) { text in
            var end = 0
            func add(_ number: Int, _ width: Int, _ mark: Unicode.Scalar) {
                var rest = number
                for place in (end..<end + width).reversed() {
                    text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                text[end + width] = UInt8(ascii: mark)
                end += width + 1
            }
            add(date.year, 4, "-")
            add(date.month, 2, "-")
            add(date.day, 2, "T")
            add(time.hour, 2, ":")
            add(time.minute, 2, ":")
            add(time.second, 2, ".")
            add(time.millisecond, 3, "Z")
            return end
        }
    }

    /// Reads RFC 3339 §5.6. A zone (`Z` or `±hh:mm`) is required: a time without one means a
    /// different instant to everyone who reads it. Fractions beyond milliseconds are cut off. Leap
    /// seconds are refused.
    public init?(_ text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2),
            reader.skip("-"),
            let day = reader.number(2), reader.skip("T") || reader.skip("t"),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2),
            reader.skip(":"),
            let second = reader.number(2),
            let date = CivilDate(year: year, month: month, day: day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        var millisecond = 0
        if reader.skip(".") {
            guard let fraction = reader.fractionMilliseconds() else { return nil }
            millisecond = fraction
        }
        var offsetMinutes = 0
        if !(reader.skip("Z") || reader.skip("z")) {
            let sign: Int
            if reader.skip("+") {
                sign = 1
            } else if reader.skip("-") {
                sign = -1
            } else {
                return nil
            }
            guard let hours = reader.number(2), reader.skip(":"), let minutes = reader.number(2),
                hours < 24,
                minutes < 60
            else { return nil }
            offsetMinutes = sign * (hours * 60 + minutes)
        }
        guard reader.isAtEnd else { return nil }
        let seconds =
            Int64(date.daysSinceEpoch) * 86_400
            + Int64((hour * 60 + minute - offsetMinutes) * 60 + second)
        let milliseconds = seconds * 1000 + Int64(millisecond)
        guard (Self.earliest.milliseconds...Self.latest.milliseconds).contains(milliseconds) else {
            return nil
        }
        self.init(unchecked: milliseconds)
    }

    /// The calendar day and the time of day in UTC.
    public var civil:
        (date: CivilDate, time: (hour: Int, minute: Int, second: Int, millisecond: Int))
    {
        let day = CivilDate.floorDivide(milliseconds, 86_400_000)
        let rest = Int(milliseconds - day * 86_400_000)
        return (
            CivilDate(daysSinceEpoch: Int(day)),
            (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000)
        )
    }
}

/// A day of the proleptic Gregorian calendar.
public struct CivilDate: Hashable, Sendable, CustomStringConvertible {
    public let year: Int
    public let month: Int
    public let day: Int

    /// Nil unless the day exists in years 1…9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.days(inMonth: month, of: year)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
    }

    public var description: String { "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))" }

    /// Days since 1970-01-01. Counts in eras of 400 years that begin on 1 March, so that a leap day
    /// ends its year.
    var daysSinceEpoch: Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = Int(Self.floorDivide(Int64(shifted), 400))
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    init(daysSinceEpoch: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = Int(Self.floorDivide(Int64(shifted), 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// 0 is Sunday.
    public var weekday: Int { ((daysSinceEpoch % 7) + 11) % 7 }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        case _: 31
        }
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}

func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
