import LockboxDomain
package import LockboxPorts
package import Logging

/// Writes the log to standard error, one JSON object a line.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let label: String
    private let clock: any WallClock
    private let output = LogOutput.standardError

    package init(label: String, level: Logger.Level, clock: any WallClock) {
        self.label = label
        logLevel = level
        self.clock = clock
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: Logging.LogEvent) {
        output.write(line(event), canWait: event.level <= .info)
    }

    /// With a line for each request this is written by hand: `JSONEncoder` takes longer than the
    /// answers of the decision path do.
    func line(_ event: Logging.LogEvent) -> [UInt8] {
        var fields: [(key: String, value: String)] = [
            ("level", event.level.rawValue), ("logger", label),
            ("message", event.message.description), ("time", clock.now().description),
        ]
        let own = fields.count
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
        where !fields[..<own].contains(where: { $0.key == key }) {
            fields.append((key, value.description))
        }
        fields.sort { $0.key < $1.key }
        var line: [UInt8] = []
        line.reserveCapacity(256)
        for (key, value) in fields {
            line.append(line.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            line.append(jsonText: key)
            line.append(UInt8(ascii: ":"))
            line.append(jsonText: value)
        }
        line += "}\n".utf8
        return line
    }
}

extension [UInt8] {
    /// A string of RFC 8259 §7, with what must be escaped escaped.
    fileprivate mutating func append(jsonText text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case ..<0x20:
                let digits = String(byte, radix: 16)
                self += "\\u00\(digits.count < 2 ? "0" : "")\(digits)".utf8
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
