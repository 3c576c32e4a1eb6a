/// Instants and spans as the log spells them, in milliseconds: enough to compare and to add.
package enum LogTime {
    /// `2026-11-28T03:20:11.000Z` as milliseconds since 1970; nil for any other spelling.
    package static func instant(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 24 else { return nil }
        for (place, mark) in zip([4, 7, 10, 13, 16, 19, 23], "--T::.Z".utf8)
        where bytes[place] != mark { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            guard bytes[range].allSatisfy({ (48...57).contains($0) }) else { return nil }
            return bytes[range].reduce(0) { $0 * 10 + Int64($1 - 48) }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let rest = number(20..<23), year > 0, (1...12).contains(month),
            (1...days(in: month, of: year)).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = (daysSince1970(year, month, day) * 24 + hour) * 3600 + minute * 60 + second
        return seconds * 1000 + rest
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Of the proleptic Gregorian calendar; the year begins in March, so that the leap day is its
    /// last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month < 3 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }

    /// `P1DT2H3M4.005S` in milliseconds; nil for anything but the parts in this order, each once.
    static func span(_ text: String) -> Int64? {
        var rest = text[...].utf8
        guard rest.popFirst() == UInt8(ascii: "P"), !rest.isEmpty else { return nil }
        var units: [(UInt8, Int64)] = [
            (UInt8(ascii: "D"), 86_400_000), (UInt8(ascii: "H"), 3_600_000),
            (UInt8(ascii: "M"), 60_000), (UInt8(ascii: "S"), 1000),
        ]
        var (total, isTime): (Int64, Bool) = (0, false)
        while let first = rest.first {
            if first == UInt8(ascii: "T") {
                guard !isTime, rest.count > 1 else { return nil }
                isTime = true
                rest.removeFirst()
                continue
            }
            guard let count = number(&rest, digits: 1...9) else { return nil }
            var fraction: Int64 = 0
            let hasFraction = rest.first == UInt8(ascii: ".")
            if hasFraction {
                rest.removeFirst()
                guard let part = number(&rest, digits: 3...3) else { return nil }
                fraction = part
            }
            guard let unit = rest.popFirst(), let place = units.firstIndex(where: { $0.0 == unit }),
                (unit == UInt8(ascii: "D")) != isTime, !hasFraction || unit == UInt8(ascii: "S")
            else { return nil }
            total += count * units[place].1 + fraction
            units.removeFirst(place + 1)
        }
        return total
    }

    private static func number(_ rest: inout Substring.UTF8View, digits: ClosedRange<Int>) -> Int64?
    {
        let found = rest.prefix { (48...57).contains($0) }
        guard digits.contains(found.count) else { return nil }
        rest.removeFirst(found.count)
        return found.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }
}
