import LockboxClient

/// How a watch stands, in the text form that Prometheus reads.
enum WatchMetrics {
    static func text(
        _ state: WatchState,
        records: UInt64,
        isUp: Bool,
        log: String,
        channels: [String]
    ) -> String {
        let log = "log=\"\(escaped(log))\""
        var lines: [String] = []
        func add(_ name: String, _ type: String, _ help: String, _ samples: [(String, String)]) {
            let name = "lockbox_watch_\(name)"
            lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"]
            lines += samples.map { "\(name){\(log)\($0.0)} \($0.1)" }
        }
        func seconds(_ milliseconds: Int64) -> String {
            "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())"
        }
        add("up", "gauge", "Whether the log could be looked at last.", [("", isUp ? "1" : "0")])
        add(
            "in_order",
            "gauge",
            "Whether nothing is wrong with the log.",
            [("", state.findings.isEmpty && records > 0 ? "1" : "0")]
        )
        add("findings", "gauge", "What is wrong with it.", [("", "\(state.findings.count)")])
        add(
            "stands_still",
            "gauge",
            "Whether the last sign of life is too old.",
            [("", state.standsStill ? "1" : "0")]
        )
        add("records", "gauge", "Records that were verified.", [("", "\(records)")])
        add(
            "last_reading_timestamp_seconds",
            "gauge",
            "When the log could be looked at.",
            [("", seconds(state.lastReading))]
        )
        add(
            "last_life_timestamp_seconds",
            "gauge",
            "The log's last sign of life.",
            [("", seconds(state.lastLife))]
        )
        let kinds =
            LogAlert.Kind.allCases.map(\.rawValue) + [
                "log.finding", "log.forked", "log.inOrder", "log.moves", "log.still", "watch.began",
            ]
        add(
            "events_total",
            "counter",
            "What was told, by kind.",
            kinds.sorted().map { (",kind=\"\($0)\"", "\(state.counts[$0] ?? 0)") }
        )
        add(
            "undelivered",
            "gauge",
            "Events that a channel has not taken yet.",
            channels.map { (",channel=\"\(escaped($0))\"", "\(state.pending($0))") }
        )
        add(
            "delivery_failures_total",
            "counter",
            "How often a channel failed.",
            channels.map { (",channel=\"\(escaped($0))\"", "\(state.failures[$0] ?? 0)") }
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ label: String) -> String {
        TerminalText.clean(label).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
