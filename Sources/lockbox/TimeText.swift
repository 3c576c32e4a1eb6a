import ArgumentParser
import Foundation

/// Instants of the wire in words: UTC, and how far away.
enum TimeText {
    /// Milliseconds since 1970; nil if it is not RFC 3339.
    static func milliseconds(_ text: String) -> Int64? {
        for fractions in [true, false] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: fractions)
            if case .success(let date) = Result(catching: { try style.parse(text) }) {
                return Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded())
            }
        }
        return nil
    }

    /// `2026-11-23 20:15:00 UTC`; what is not an instant comes back as it is.
    static func absolute(_ text: String) -> String {
        guard let milliseconds = milliseconds(text) else { return text }
        let date = Date(timeIntervalSince1970: Double(milliseconds.dividing(by: 1000)))
        let plain = date.formatted(Date.ISO8601FormatStyle(dateTimeSeparator: .space))
        return plain.hasSuffix("Z") ? plain.dropLast() + " UTC" : plain
    }

    /// `in 11 h 58 min`, `3 min ago`, `now`.
    static func relative(_ text: String, now: Int64) -> String {
        guard let instant = milliseconds(text) else { return "" }
        let seconds = (abs(instant - now) + 500) / 1000
        if seconds == 0 { return "now" }
        return instant > now ? "in \(span(seconds: seconds))" : "\(span(seconds: seconds)) ago"
    }

    /// Both: `2026-11-23 20:15:00 UTC (in 2 h)`.
    static func both(_ text: String, now: Int64) -> String {
        "\(absolute(text)) (\(relative(text, now: now)))"
    }

    /// The two largest units: `11 h 58 min`.
    static func span(seconds: Int64) -> String {
        let units: [(Int64, String)] = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ]
        guard let first = units.firstIndex(where: { $0.0 > 0 }) else { return "0 s" }
        return units[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(
            separator: " "
        )
    }

    /// An ISO 8601 duration in words: `PT1H30M` is `1 h 30 min`. What is none comes back as it is.
    static func duration(_ iso: String) -> String {
        guard iso.hasPrefix("P"), iso.count > 2 else { return iso }
        var words: [String] = []
        var digits = ""
        for character in iso.dropFirst() {
            switch character {
            case "T": continue
            case "D": words.append("\(digits) d")
            case "H": words.append("\(digits) h")
            case "M": words.append("\(digits) min")
            case "S": words.append("\(digits) s")
            case _:
                digits.append(character)
                continue
            }
            guard !digits.isEmpty else { return iso }
            digits = ""
        }
        return digits.isEmpty && !words.isEmpty ? words.joined(separator: " ") : iso
    }
}

extension Int64 {
    /// Rounded down, also below zero.
    fileprivate func dividing(by divisor: Int64) -> Int64 {
        (self - ((self % divisor) + divisor) % divisor) / divisor
    }
}

/// A length of time as people type it (`90m`, `1h30m`, `2d`) or as ISO 8601 has it (`PT90M`).
struct DurationArgument: ExpressibleByArgument, Equatable {
    /// For the server.
    let iso: String

    init?(argument: String) {
        if argument.uppercased().hasPrefix("P") {
            iso = argument.uppercased()
            return
        }
        var rest = argument.lowercased().filter { $0 != " " }[...]
        var parts: [Character: String] = [:]
        var last = -1
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard !digits.isEmpty, digits.count <= 9, let unit = rest.popFirst(),
                let order = ["d", "h", "m", "s"].firstIndex(of: unit), order > last
            else { return nil }
            last = order
            parts[unit] = String(digits)
            // `min` is a minute too.
            if unit == "m", rest.hasPrefix("in") { rest = rest.dropFirst(2) }
        }
        guard last >= 0 else { return nil }
        let time = ["h", "m", "s"].compactMap { unit in
            parts[Character(unit)].map { $0 + unit.uppercased() }
        }.joined()
        iso = "P" + (parts["d"].map { $0 + "D" } ?? "") + (time.isEmpty ? "" : "T" + time)
    }

    init(seconds: Int64) { iso = "PT\(seconds)S" }

    var defaultValueDescription: String { seconds.map(TimeText.span) ?? iso }

    /// Whole seconds, for waiting; nil if the form is not known here.
    var seconds: Int64? {
        var total: Int64 = 0
        var digits = ""
        for character in iso.dropFirst() where character != "T" {
            if let unit = ["D": 86_400, "H": 3600, "M": 60, "S": 1][character] as Int64? {
                guard let count = Int64(digits) else { return nil }
                let (span, isTooLong) = count.multipliedReportingOverflow(by: unit)
                let (sum, isOver) = total.addingReportingOverflow(span)
                guard !isTooLong, !isOver else { return nil }
                total = sum
                digits = ""
            } else {
                digits.append(character)
            }
        }
        return total
    }
}

/// An instant as people type it: RFC 3339, or a day, which means its first moment in UTC.
struct InstantArgument: ExpressibleByArgument, Equatable {
    /// For the server.
    let text: String

    init?(argument: String) {
        let day = argument + "T00:00:00Z"
        if argument.count == 10, TimeText.milliseconds(day) != nil {
            text = day
        } else if TimeText.milliseconds(argument) != nil {
            text = argument
        } else {
            return nil
        }
    }
}
