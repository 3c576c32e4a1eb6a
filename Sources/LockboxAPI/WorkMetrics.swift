import LockboxDomain
import LockboxPorts

/// Due work by lane, in the Prometheus text format 0.0.4.
struct WorkMetrics {
    let backlogs: [(lane: WorkLane, backlog: Backlog)]
    let now: Timestamp

    init(at now: Timestamp, in tx: any StoreTransaction) throws {
        self.now = now
        backlogs = try WorkLane.allCases.map { ($0, try tx.backlog(of: $0, at: now)) }
    }

    var text: String {
        gauge("lockbox_work_due", "Pieces of work that are due, being carried out or not.") {
            "\($0.due)"
        }
            + gauge(
                "lockbox_work_oldest_due_seconds",
                "For how long the oldest of it has been due. Alert on what stays above 10 in cut."
            ) { backlog in
                let late = backlog.oldest.map { max(0, (now - $0).milliseconds) } ?? 0
                return "\(late / 1000).\(late % 1000 / 100)"
            }
            + gauge(
                "lockbox_work_failing",
                "Pieces of work that failed at least once and are tried again."
            ) { "\($0.failing)" }
    }

    private func gauge(_ name: String, _ help: String, value: (Backlog) -> String) -> String {
        let samples = backlogs.map { lane, backlog in
            "\(name){lane=\"\(lane.rawValue)\"} \(value(backlog))\n"
        }
        return "# HELP \(name) \(help)\n# TYPE \(name) gauge\n" + samples.joined()
    }
}
