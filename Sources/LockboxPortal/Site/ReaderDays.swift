import Foundation
import LockboxDomain

/// Days and hours as whoever reads counts them: what is drawn, or searched, by the day.
struct ReaderDays: Sendable {
    static let utc = ReaderDays(.gmt)

    private let calendar: Calendar

    init(_ zone: TimeZone) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        self.calendar = calendar
    }

    /// As in "days of …".
    var name: String { calendar.timeZone == .gmt ? "UTC" : calendar.timeZone.identifier }

    /// The first instant of the day `days` after the one that holds `instant`.
    func midnight(of instant: Timestamp, plus days: Int = 0) -> Timestamp {
        let first = calendar.startOfDay(for: Date(instant))
        guard let day = calendar.date(byAdding: .day, value: days, to: first) else {
            return Timestamp(first)
        }
        // Where a clock is put forward at midnight, a day begins later.
        return Timestamp(calendar.startOfDay(for: day))
    }

    /// The first instant of the day that is named as `day` is in UTC.
    func midnight(ofDayInUTC day: Timestamp) -> Timestamp {
        var utc = Calendar(identifier: .gregorian)
        utc.timeZone = .gmt
        let named = utc.dateComponents([.year, .month, .day], from: Date(day))
        guard let date = calendar.date(from: named) else { return day }
        return Timestamp(calendar.startOfDay(for: date))
    }

    /// The day that holds `instant`, as addresses have it: `2026-11-23`.
    func date(of instant: Timestamp) -> String {
        let parts = calendar.dateComponents([.year, .month, .day], from: Date(instant))
        let day = CivilDate(year: parts.year ?? 1, month: parts.month ?? 1, day: parts.day ?? 1)
        return day?.description ?? ""
    }

    /// The beginning of the hour that holds `instant`.
    func hour(of instant: Timestamp) -> Timestamp {
        Timestamp(calendar.dateInterval(of: .hour, for: Date(instant))?.start ?? Date(instant))
    }

    /// What is called what at `instant`: `Mon`, `23`, `Nov`, and the hour.
    func names(of instant: Timestamp) -> (weekday: String, day: String, month: String, hour: Int) {
        let parts = calendar.dateComponents([.weekday, .day, .month, .hour], from: Date(instant))
        return (
            Self.weekdays[((parts.weekday ?? 1) - 1) % 7], String(parts.day ?? 0),
            Self.months[((parts.month ?? 1) - 1) % 12], parts.hour ?? 0
        )
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

extension Viewer {
    /// The days of the time zone that the reader chose; of UTC where she chose none.
    var days: ReaderDays {
        person.timeZone.flatMap { TimeZone(identifier: $0.text) }.map { ReaderDays($0) } ?? .utc
    }
}

extension Date {
    fileprivate init(_ instant: Timestamp) {
        self.init(timeIntervalSince1970: Double(instant.milliseconds) / 1000)
    }
}

extension Timestamp {
    fileprivate init(_ date: Date) {
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }
}
