import Synchronization

/// Counters of this process, in the Prometheus text format 0.0.4.
package final class Metrics: Sendable {
    private struct Answer: Hashable, Comparable {
        let method: String
        let status: Int

        static func < (left: Answer, right: Answer) -> Bool {
            (left.method, left.status) < (right.method, right.status)
        }
    }

    private let answers = Mutex<[Answer: Int]>([:])
    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
    ]

    package init() {}

    func count(method: String, status: Int) {
        // A caller may invent methods; the number of series stays bounded.
        let method = Self.methods.contains(method) ? method : "other"
        answers.withLock { $0[Answer(method: method, status: status), default: 0] += 1 }
    }

    /// The counters as they are now.
    var text: String {
        var lines = [
            "# HELP lockbox_http_requests_total Answers by method and status.",
            "# TYPE lockbox_http_requests_total counter",
        ]
        let counts = answers.withLock { $0 }
        for answer in counts.keys.sorted() {
            lines.append(
                "lockbox_http_requests_total{method=\"\(answer.method)\",status=\"\(answer.status)\"} "
                    + "\(counts[answer] ?? 0)"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
