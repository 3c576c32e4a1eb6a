import Foundation
import LockboxDomain
package import LockboxPorts
package import Logging

/// Writes the log to standard error, one JSON object a line.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let label: String
    private let clock: any WallClock

    package init(label: String, level: Logger.Level, clock: any WallClock) {
        self.label = label
        logLevel = level
        self.clock = clock
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = [
            "time": clock.now().description, "level": event.level.rawValue, "logger": label,
            "message": event.message.description,
        ]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
        where fields[key] == nil {
            fields[key] = value.description
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            // One write, so that lines of several threads do not mix.
            FileHandle.standardError.write(try encoder.encode(fields) + Data("\n".utf8))
        } catch {
            preconditionFailure("texts can always be encoded: \(error)")
        }
    }
}
