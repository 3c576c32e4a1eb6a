package import LockboxDomain
package import LockboxPorts
import MerkleLog

/// Checks whole logs from the inside: records against the tree, texts against commitments,
/// checkpoints against the tree, and the tables of state against what the records say happened.
package struct LogCheck: Sendable {
    package struct Report: Sendable {
        package let log: String
        package let records: UInt64
        package let checkpoints: Int
        /// Each in words; empty if all is as it should be.
        package let differences: [String]
    }

    /// What a log does not tell, and so cannot be compared with, by table. All other columns of the
    /// tables of state are.
    ///
    /// - Secrets and their hashes, settings of services, marks of sign-ins and of due work are no
    ///   events.
    /// - What follows from other columns (`canonical_email`, `prior_state`) is checked where it is
    ///   read.
    /// - The log's own tables are held against each other; that a checkpoint is missing, only who
    ///   kept it can tell.
    package static let notCompared: [String: Set<String>] = [
        "access_request": ["prior_state"],
        "api_token": ["secret_hash", "revoked_at", "last_used_at", "last_used_from"],
        "browser_code": [all],
        "command": [all],
        "decision": ["position"],
        "credential": ["secret_hash", "revoked_at"],
        "credential_use": [all],
        "identity": [all],
        "invitation": [all],
        "log_checkpoint": ["log", "ordinal"],
        "log_number": [all],
        "log_text": ["ordinal", "names_someone"],
        "log_words": [all],
        "notice": [all],
        "open_operation": [all],
        "operation_total": ["subject"],
        "passkey": [
            "user_handle", "is_backed_up", "counter", "last_used_at", "answered_at", "removed_at",
        ],
        "password": [all],
        "person": ["aliases", "canonical_email"],
        "portal_session": [all],
        "provider": ["id"],
        "removal": ["request", "usernames", "attempts", "next_attempt", "problem", "cut_at"],
        "request_transition": [all],
        "schema_migration": [all],
        "service": [
            "introspection_client", "introspection_secret_file", "doveadm_url",
            "doveadm_key_file", "settings",
        ],
        "sign_in_client": [all],
        "sign_in_settings": ["client_secret_file"],
        "statement_position": [all],
        "work_lease": [all],
    ]

    /// Stands for every column of a table.
    package static let all = "*"

    private let store: any Store
    private let clock: any WallClock
    private let longReads = LongReads(AuditLimits.checks)

    /// `clock` says what is over for so long that its row may be gone.
    package init(store: any Store, clock: any WallClock) {
        self.store = store
        self.clock = clock
    }

    /// Checks every log, or one tenant's.
    package func run(only tenant: TenantID?) async throws -> [Report] {
        let logs = try await store.read(.bulk) { tx in try tx.logs() }
        var reports: [Report] = []
        for log in logs where tenant == nil || log.tenant == tenant {
            reports.append(try await check(log))
        }
        return reports
    }

    /// Checks one log for `reader`. Throws `StoreError.busy` while as many checks go on as may.
    package func run(on log: LogID, for reader: PersonID) async throws -> Report {
        let place = try longReads.place(for: reader)
        defer { withExtendedLifetime(place) {} }
        return try await check(log)
    }

    /// Reads what is there now a slice at a time, each in a view of its own, so that no view is
    /// held for long and the server may run on meanwhile; what was read stays as it is. Only the
    /// last view, which also reads what has come since, is compared with the tables.
    private func check(_ log: LogID) async throws -> Report {
        let (begun, signed) = try await store.read(.bulk) { tx in
            (try tx.head(of: log).size, try tx.checkpoints(of: log))
        }
        let replay = try await read(log, to: begun, heads: signed.filter { $0.size <= begun })
        // Of a head that says more than there is, the tiles of what is there.
        let known = min(begun, replay.position)
        async let differences = treeDifferences(log, size: known)
        let (report, head) = try await store.read(.bulk) { [clock] tx in
            let report = try Self.finish(replay, after: begun, at: clock.now(), in: tx)
            return (report, try tx.head(of: log))
        }
        let size = min(head.size, report.records)
        let more = try await treeDifferences(log, size: size, beyond: known)
        return Report(
            log: report.log,
            records: report.records,
            checkpoints: report.checkpoints,
            differences: report.differences + (try await differences) + more
        )
    }

    /// Reads the records below `size`: some slices are read and checked at once, and gathered in
    /// their order. Ends at a slice of which nothing is there.
    private func read(_ log: LogID, to size: UInt64, heads: [(size: UInt64, root: Hash)])
        async throws -> RecordReplay
    {
        var replay = RecordReplay(log, heads: heads)
        try await withThrowingTaskGroup(of: (UInt64, [LogRecordCheck]).self) { group in
            var asked: UInt64 = 0
            func ask() {
                guard asked < size else { return }
                let range = asked..<min(asked + AuditLimits.checkedRecords, size)
                asked = range.upperBound
                group.addTask {
                    let entries = try await store.read(.bulk) { tx in
                        try tx.entries(of: log, in: range)
                    }
                    return (range.lowerBound, entries.map { LogRecordCheck($0, log: log) })
                }
            }
            for _ in 0..<AuditLimits.checkedAtOnce { ask() }
            var (early, next): ([UInt64: [LogRecordCheck]], UInt64) = ([:], 0)
            while let (first, records) = try await group.next() {
                early[first] = records
                while let records = early.removeValue(forKey: next) {
                    guard !records.isEmpty else { return group.cancelAll() }
                    ask()
                    replay.read(records)
                    next += AuditLimits.checkedRecords
                }
            }
        }
        return replay
    }

    /// Reads what has come since `size`, and compares with head, checkpoints and tables.
    private static func finish(
        _ earlier: RecordReplay,
        after size: UInt64,
        at now: Timestamp,
        in tx: any StoreTransaction
    ) throws -> Report {
        let log = earlier.log
        let head = try tx.head(of: log)
        let signed = try tx.checkpoints(of: log)
        var replay = earlier
        replay.goOn(heads: signed.filter { $0.size > size })
        while replay.next < head.size {
            let end = min(replay.next + AuditLimits.checkedRecords, head.size)
            let entries = try tx.entries(of: log, in: replay.next..<end)
            guard !entries.isEmpty else { break }
            replay.read(entries.map { LogRecordCheck($0, log: log) })
        }
        var differences = replay.differences
        if replay.position != head.size {
            differences.append(
                "the head says \(head.size) records, but there are \(replay.position)"
            )
        }
        if head.lastTime != replay.lastTime {
            differences.append("the head's time is not that of the last record")
        }
        if CompactRange(size: head.size, hashes: head.range)?.root != replay.root {
            differences.append("the records do not hash to the head of the tree")
        }
        if let fault = replay.fault { differences.append("\(fault)") }
        if let last = try tx.lastCheckpoint(of: log) {
            differences += noteDifferences(size: last.size, note: last.note, signed: signed)
        }
        differences += try replay.state.differences(log, at: now, in: tx)
        return Report(
            log: log.logName,
            records: replay.position,
            checkpoints: signed.count,
            differences: differences
        )
    }

    /// The newest note, which is what readers are given, against the root that was kept with it.
    /// Whether the signature is ours is for whoever has our key.
    private static func noteDifferences(
        size: UInt64,
        note: String,
        signed: [(size: UInt64, root: Hash)]
    ) -> [String] {
        do {
            let head = try Checkpoint(parsing: SignedNote(parsing: Array(note.utf8)).text).head
            if head.size == size,
                signed.contains(where: { $0.size == size && $0.root == head.root })
            {
                return []
            }
        } catch {
            return ["the note of the checkpoint at \(size) cannot be read: \(error)"]
        }
        return ["the note of the checkpoint at \(size) does not say what was signed"]
    }

    /// The stored roots of full tiles against the leaf hashes below them. Neither ever changes.
    /// Those that a tree of `known` records has too are left out.
    private func treeDifferences(_ log: LogID, size: UInt64, beyond known: UInt64 = 0) async throws
        -> [String]
    {
        let earlier = Set(Tile.all(ofSize: min(known, size)))
        let tiles = Tile.all(ofSize: size).filter {
            $0.width == Tile.fullWidth && !earlier.contains($0)
        }
        var differences: [String] = []
        var done = 0
        while done < tiles.count {
            let some = Array(tiles[done..<min(done + AuditLimits.checkedTiles, tiles.count)])
            differences += try await store.read(.bulk) { tx in
                try some.compactMap { try Self.difference($0, log, in: tx) }
            }
            done += some.count
        }
        return differences
    }

    private static func difference(_ tile: Tile, _ log: LogID, in tx: any StoreTransaction) throws
        -> String?
    {
        let below = try tx.treeHashes(
            of: log,
            level: tile.level,
            first: tile.index * 256,
            count: 256
        )
        guard below.count == 256 else { return "tile \(tile.path) has gaps" }
        var range = CompactRange()
        for hash in below { range.append(hash) }
        let stored = try tx.treeHashes(of: log, level: tile.level + 1, first: tile.index, count: 1)
        return stored.first == range.root ? nil : "tile \(tile.path) does not hash to its root"
    }
}

/// The records of a log read again from the first on.
private struct RecordReplay: Sendable {
    let log: LogID
    private(set) var position: UInt64 = 0
    /// The index after the last record that was read; more than `position` where some are missing.
    private(set) var next: UInt64 = 0
    private(set) var differences: [String] = []
    private(set) var state = LogReplayState()
    private var tree: LogReplay
    private(set) var lastTime: Timestamp?
    private var earlierFault: LogReplay.Fault?

    init(_ log: LogID, heads: [(size: UInt64, root: Hash)]) {
        self.log = log
        tree = LogReplay(heads: heads.map { TreeHead(size: $0.size, root: $0.root) })
    }

    var root: Hash { tree.root }

    /// The first thing wrong with the tree. A checkpoint beyond the last record is one: it says
    /// that records were taken off the end.
    var fault: LogReplay.Fault? { earlierFault ?? Self.fault(of: tree) }

    mutating func read(_ records: [LogRecordCheck]) {
        for record in records {
            if record.index != next {
                differences.append("record \(next) is missing; found \(record.index)")
            }
            differences += record.differences
            if let last = lastTime, record.time < last {
                differences.append("record \(record.index) is older than the one before")
            }
            lastTime = record.time
            tree.append(hash: record.hash)
            state.read(record)
            position += 1
            next = record.index + 1
        }
    }

    /// Goes on with `heads`, which are larger than what has been read.
    mutating func goOn(heads: [(size: UInt64, root: Hash)]) {
        earlierFault = fault
        tree = LogReplay(
            from: tree.compactRange,
            heads: heads.map { TreeHead(size: $0.size, root: $0.root) }
        )
    }

    private static func fault(of tree: LogReplay) -> LogReplay.Fault? {
        do throws(LogReplay.Fault) {
            try tree.finish()
            return nil
        } catch {
            return error
        }
    }
}
