import Foundation
import GRDB
import LockboxDomain
import LockboxPorts
import Synchronization

/// What the database holds after each commit, read beside everything that is simulated, and what must
/// never be so.
final class Truth: Sendable {
    struct Request: Hashable, Sendable {
        let id: String
        let state: String
        let version: Int
        let grant: String?
    }

    struct Access: Hashable, Sendable {
        let starts: Int64
        let ends: Int64
        /// When its end was committed before its time, as time truly was; nil where it was not.
        var endedEarly: Int64?
    }

    struct Decision: Hashable, Sendable {
        let stage: String
        let person: String
        let isApproval: Bool
    }

    private struct State {
        var version: Int64 = -1
        var requests: [String: Request] = [:]
        var accesses: [String: Access] = [:]
        var decisions: [String: [Decision]] = [:]
        var leaves: [String: [[UInt8]]] = [:]
        var seen: Set<Int> = []
        var violations: [String] = []
    }

    private static let over: Set = ["ended", "rejected", "denied", "withdrawn", "expired"]

    private let database: DatabaseQueue
    private let scheduler: Scheduler
    private let state = Mutex(State())

    init(path: String, _ scheduler: Scheduler) throws {
        var configuration = Configuration()
        configuration.readonly = true
        database = try DatabaseQueue(path: path, configuration: configuration)
        self.scheduler = scheduler
    }

    var requests: [Request] { state.withLock { $0.requests.values.sorted { $0.id < $1.id } } }
    var violations: [String] { state.withLock(\.violations) }
    /// How many different sets of states of all requests and accesses there were.
    var statesSeen: Set<Int> { state.withLock(\.seen) }

    func access(_ grant: GrantID) -> Access? { state.withLock { $0.accesses[grant.text] } }

    func decisions(on request: String) -> [Decision] {
        state.withLock { $0.decisions[request] ?? [] }
    }

    func violated(_ rule: String) {
        let now = scheduler.now
        state.withLock { $0.violations.append("\(now) ms: \(rule)") }
    }

    /// Reads what is new. Called after each piece that went outside.
    func look() throws {
        try database.read { db in
            let version = try Int64.fetchOne(db, sql: "PRAGMA data_version")!
            guard state.withLock({ $0.version != version }) else { return }
            let requests = try Row.fetchAll(
                db,
                sql: """
                    SELECT r.id, r.state, r.version, r.settled_at, g.id AS grant_id, g.starts_at, g.ends_at
                    FROM access_request r LEFT JOIN access_grant g ON g.request = r.id
                    """
            )
            let decisions = try Row.fetchAll(
                db,
                sql:
                    "SELECT request, stage, person, is_approval FROM decision ORDER BY request, position"
            )
            let now = scheduler.now
            try state.withLock { state in
                state.version = version
                Self.takeRequests(requests, at: now, into: &state)
                Self.takeDecisions(decisions, at: now, into: &state)
                try Self.takeLeaves(db, at: now, into: &state)
                state.seen.insert(Self.fingerprint(state))
            }
        }
    }

    private static func takeRequests(_ rows: [Row], at now: Int64, into state: inout State) {
        for row in rows {
            let next = Request(
                id: row["id"],
                state: row["state"],
                version: row["version"],
                grant: row["grant_id"]
            )
            if let before = state.requests[next.id] {
                if next.version < before.version || over.contains(before.state) && next != before {
                    state.violations.append(
                        "\(now) ms: \(next.id) went from \(before.state) v\(before.version) to "
                            + "\(next.state) v\(next.version)"
                    )
                }
            }
            state.requests[next.id] = next
            guard let grant = next.grant else { continue }
            let (starts, ends): (Int64, Int64) = (row["starts_at"], row["ends_at"])
            let known = state.accesses[grant]
            if let known, known.starts != starts || known.ends != ends {
                state.violations.append("\(now) ms: \(grant) changed its window")
            }
            var access = known ?? Access(starts: starts, ends: ends)
            if next.state == "ended", access.endedEarly == nil { access.endedEarly = now }
            state.accesses[grant] = access
        }
        if rows.count < state.requests.count {
            state.violations.append("\(now) ms: a request is gone")
        }
    }

    private static func takeDecisions(_ decisions: [Row], at now: Int64, into state: inout State) {
        let all = Dictionary(grouping: decisions) { $0["request"] as String }.mapValues { rows in
            rows.map {
                Decision(stage: $0["stage"], person: $0["person"], isApproval: $0["is_approval"])
            }
        }
        for (request, before) in state.decisions
        where !(all[request] ?? []).starts(with: before) {
            state.violations.append("\(now) ms: decisions on \(request) changed")
        }
        state.decisions = all
    }

    /// Each log grows at its end, and nowhere else.
    private static func takeLeaves(_ db: Database, at now: Int64, into state: inout State) throws {
        let sizes = try Row.fetchAll(db, sql: "SELECT log, size FROM log_head")
        for row in sizes {
            let (log, size): (String, Int) = (row["log"], row["size"])
            let known = state.leaves[log] ?? []
            let from = max(known.count - 3, 0)
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT position, hash FROM log_entry WHERE log = ? AND position >= ? ORDER BY position
                    """,
                arguments: [log, from]
            )
            let positions: [Int] = rows.map { $0["position"] }
            let hashes: [[UInt8]] = rows.map { Array($0["hash"] as Data) }
            if positions != Array(from..<max(size, from)) || size < known.count
                || Array(hashes.prefix(known.count - from)) != Array(known[from...])
            {
                state.violations.append("\(now) ms: \(log) does not extend what it was")
            }
            state.leaves[log] = known.prefix(from) + hashes
        }
    }

    private static func fingerprint(_ state: State) -> Int {
        var hasher = StableHash()
        for request in state.requests.values.sorted(by: { $0.id < $1.id }) {
            hasher.add(request.state)
            hasher.add(UInt64(state.decisions[request.id]?.count ?? 0))
        }
        return hasher.value
    }

    /// Letters that should have been sent by `instant`, and of which nobody knows more.
    func lettersDue(before instant: Timestamp) throws -> Int {
        try database.read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM notice WHERE delivery = 'queued' AND next_attempt < ?",
                arguments: [instant.milliseconds]
            )!
        }
    }

    /// Ends that no service has confirmed.
    func openRemovals() throws -> Int {
        try database.read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM removal WHERE progress <> 'confirmed'"
            )!
        }
    }

    func close() throws { try database.close() }
}
