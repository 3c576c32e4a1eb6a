import LockboxDomain
import LockboxPorts

/// Due work by lane, in the Prometheus text format 0.0.4.
struct WorkMetrics {
    let backlogs: [(lane: WorkLane, backlog: Backlog)]
    let letters: LettersWaiting
    let now: Timestamp

    init(at now: Timestamp, in tx: any StoreTransaction) throws {
        self.now = now
        letters = try tx.lettersWaiting(at: now)
        backlogs = try WorkLane.allCases.map { ($0, try tx.backlog(of: $0, at: now)) }
    }

    var text: String {
        gauge("lockbox_work_due", "Pieces of work that are due, being carried out or not.") {
            "\($0.due)"
        }
            + gauge(
                "lockbox_work_oldest_due_seconds",
                "For how long the oldest of it has been due. Alert on what stays above 10 in cut."
            ) { Gauge.seconds(milliseconds(since: $0.oldest)) }
            + gauge(
                "lockbox_work_failing",
                "Pieces of work that failed at least once and are tried again."
            ) { "\($0.failing)" }
            + [
                Gauge(
                    "lockbox_letters_waiting",
                    "Letters that are due or were tried in vain, and are tried again.",
                    letters.waiting
                ),
                Gauge(
                    "lockbox_letters_oldest_waiting_seconds",
                    "For how long the oldest of them should have been sent.",
                    milliseconds: milliseconds(since: letters.oldest)
                ),
                Gauge(
                    "lockbox_letters_relay_refuses",
                    "Of them those that the relay refuses about us, or that do not reach it. Alert.",
                    letters.refusedByRelay
                ),
                Gauge(
                    "lockbox_letters_given_up",
                    "Letters that are not tried again, and may not have arrived.",
                    letters.givenUp
                ),
            ].map(\.text).joined()
    }

    private func milliseconds(since instant: Timestamp?) -> Int64 {
        instant.map { max(0, (now - $0).milliseconds) } ?? 0
    }

    private func gauge(_ name: String, _ help: String, value: (Backlog) -> String) -> String {
        let samples = backlogs.map { lane, backlog in
            "\(name){lane=\"\(lane.rawValue)\"} \(value(backlog))\n"
        }
        return "# HELP \(name) \(help)\n# TYPE \(name) gauge\n" + samples.joined()
    }
}
