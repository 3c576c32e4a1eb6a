import Foundation
package import LockboxDomain

extension TimeZoneName {
    /// All that a person may choose from: places, by name.
    package static let all: [TimeZoneName] = TimeZone.knownTimeZoneIdentifiers
        .filter { $0.contains("/") }
        .sorted()
        .compactMap { TimeZoneName($0) }

    /// Whether the database has it.
    package var isKnown: Bool { TimeZone(identifier: text) != nil }

    /// How far clocks there are ahead of UTC at `instant`; nil where the database does not have it, as
    /// after it was removed there.
    package func offset(at instant: Timestamp) -> TimeSpan? {
        let date = Date(timeIntervalSince1970: Double(instant.milliseconds) / 1000)
        return TimeZone(identifier: text).map { .seconds(Int64($0.secondsFromGMT(for: date))) }
    }
}

extension Timestamp {
    /// As somebody reads it who chose `zone`: her own time, and UTC beside it.
    package func words(in zone: TimeZoneName?, withSeconds: Bool = false) -> String {
        guard let offset = zone?.offset(at: self) else { return words(withSeconds: withSeconds) }
        return words(offset: offset, withSeconds: withSeconds)
    }
}
