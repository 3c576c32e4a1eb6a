/// How the server is, beyond what one request shows.
package protocol ServerCondition: Sendable {
    /// Why it cannot do all of its work, looked at anew, in words that anybody may read; empty where
    /// it can. Answers within some two seconds whatever hangs.
    func problems() async -> [String]
    /// What is not well besides and keeps it from little of its work, in words as above.
    var remarks: [String] { get }
    /// As it was at the last look.
    var gauges: [Gauge] { get }
}

/// One value for the metrics, or one for each of several things.
package struct Gauge: Sendable {
    package let name: String
    package let help: String
    package let isCounter: Bool
    /// As the text format writes them: labels, and value.
    package let samples: [(labels: String, value: String)]

    package init(
        _ name: String,
        _ help: String,
        _ value: some BinaryInteger,
        isCounter: Bool = false
    ) {
        (self.name, self.help, self.isCounter) = (name, help, isCounter)
        samples = [("", "\(value)")]
    }

    /// One for each value of `label`, which holds neither quotes nor line feeds.
    package init(
        _ name: String,
        _ help: String,
        by label: String,
        _ values: [(of: String, value: String)]
    ) {
        (self.name, self.help, isCounter) = (name, help, false)
        samples = values.map { ("{\(label)=\"\($0.of)\"}", $0.value) }
    }

    /// A length of time, in seconds.
    package init(_ name: String, _ help: String, milliseconds: Int64) {
        (self.name, self.help, isCounter) = (name, help, false)
        samples = [("", Self.seconds(milliseconds))]
    }

    /// In seconds with one decimal.
    package static func seconds(_ milliseconds: Int64) -> String {
        let size = milliseconds.magnitude
        return (milliseconds < 0 ? "-" : "") + "\(size / 1000).\(size % 1000 / 100)"
    }

    var text: String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(isCounter ? "counter" : "gauge")\n"
            + samples.map { "\(name)\($0.labels) \($0.value)\n" }.joined()
    }
}
