/// How the server is, beyond what one request shows.
package protocol ServerCondition: Sendable {
    /// Why it cannot do all of its work, looked at anew, in words that anybody may read; empty where
    /// it can. Answers within some two seconds whatever hangs.
    func problems() async -> [String]
    /// As it was at the last look.
    var gauges: [Gauge] { get }
}

/// One value for the metrics.
package struct Gauge: Sendable {
    package let name: String
    package let help: String
    /// As the text format writes it.
    package let value: String
    package let isCounter: Bool

    package init(
        _ name: String,
        _ help: String,
        _ value: some BinaryInteger,
        isCounter: Bool = false
    ) {
        (self.name, self.help, self.value) = (name, help, "\(value)")
        self.isCounter = isCounter
    }

    /// A length of time, in seconds.
    package init(_ name: String, _ help: String, milliseconds: Int64) {
        (self.name, self.help) = (name, help)
        value = Self.seconds(milliseconds)
        isCounter = false
    }

    /// In seconds with one decimal.
    static func seconds(_ milliseconds: Int64) -> String {
        let size = milliseconds.magnitude
        return (milliseconds < 0 ? "-" : "") + "\(size / 1000).\(size % 1000 / 100)"
    }

    var text: String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(isCounter ? "counter" : "gauge")\n\(name) \(value)\n"
    }
}
