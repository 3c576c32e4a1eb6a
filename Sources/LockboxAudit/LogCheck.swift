import LockboxApprovals
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
    /// - The logs' name is held against what lies beside the signing key, when the server starts.
    /// - Secrets and their hashes, settings of services, marks of sign-ins and of due work are no
    ///   events.
    /// - What follows from other columns (`canonical_email`, `prior_state`) is checked where it is
    ///   read.
    /// - `erasure` is an index of what records of erasures say; those are compared with the texts.
    /// - The log's own tables are held against each other; that a checkpoint is missing, only who
    ///   kept it can tell.
    package static let notCompared: [String: Set<String>] = [
        "access_request": ["prior_state"],
        "api_token": [
            "secret_hash", "revoked_at", "last_used_at", "last_used_from", "access_hash",
            "access_ends_at", "refresh_hash",
        ],
        "browser_code": [all],
        "command": [all],
        "decision": ["position"],
        // Each line proves itself, or counts for nothing.
        "cosignature": [all],
        "credential": ["secret_hash", "revoked_at"],
        "credential_use": [all],
        "erasure": [all],
        "identity": [all],
        "invitation": [all],
        "login_request": [all],
        "log_checkpoint": ["log", "ordinal"],
        "log_number": [all],
        "log_origin": [all],
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
        "provisioned_group": [all],
        "provisioned_member": [all],
        "provisioned_user": [all],
        "provisioning_token": ["secret_hash", "revoked_at", "last_used_at", "last_used_from"],
        "request_transition": [all],
        "schema_migration": [all],
        "service": [
            "introspection_client", "introspection_secret_file", "doveadm_url",
            "doveadm_key_file", "settings",
        ],
        "sign_in_client": [all],
        "sign_in_change": ["client_secret_file", "client_secret_sealed"],
        "sign_in_settings": ["client_secret_file", "client_secret_sealed"],
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
        let earlier = try await read(log, to: begun, heads: signed.filter { $0.size <= begun })
        let (replay, size, report) = try await store.read(.bulk) { [clock] tx in
            let replay = try Self.readRest(earlier, after: begun, in: tx)
            let report = try Self.report(of: replay, at: clock.now(), in: tx)
            // Of a head that says more than there is, the tiles of what is there.
            return (replay, min(try tx.head(of: log).size, report.records), report)
        }
        return Report(
            log: report.log,
            records: report.records,
            checkpoints: report.checkpoints,
            differences: report.differences
                + (try await tileDifferences(log, size: size, roots: replay.tileRoots))
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
                group.addTask { (range.lowerBound, try await slice(range, of: log)) }
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

    /// The records of `range`, each compared with the row that it tells of if that never changes: the
    /// two are written together.
    private func slice(_ range: Range<UInt64>, of log: LogID) async throws -> [LogRecordCheck] {
        let name = log.logName
        let entries = try await store.read(.bulk) { tx in try tx.entries(of: log, in: range) }
        var records = entries.map { LogRecordCheck($0, log: name) }
        guard let tenant = log.tenant, records.contains(where: { $0.supportRequest != nil }) else {
            return records
        }
        let told = records
        let supports = try await store.read(.bulk) { tx in
            try Self.supportRequests(toldBy: told, of: tenant, in: tx)
        }
        Self.compare(&records, with: supports)
        return records
    }

    private static func compare(
        _ records: inout [LogRecordCheck],
        with supports: [String: SupportRequest]
    ) {
        for place in records.indices {
            guard let number = records[place].supportRequest else { continue }
            records[place].compare(with: supports[number])
        }
    }

    /// The support requests that `records` tell of, by their numbers.
    private static func supportRequests(
        toldBy records: [LogRecordCheck],
        of tenant: TenantID,
        in tx: any StoreTransaction
    ) throws -> [String: SupportRequest] {
        let told = records.filter { $0.supportRequest != nil }
        guard let first = told.first, let last = told.last, first.time <= last.time else {
            return [:]
        }
        // By time they lie side by side; by number, each on a page of its own.
        let near = try tx.supportRequests(
            of: tenant,
            opened: first.time...last.time,
            limit: told.count
        )
        var found = Dictionary(near.map { ($0.number.text, $0) }) { first, _ in first }
        let others = told.compactMap(\.supportRequest).filter { found[$0] == nil }
            .compactMap { SupportRequestNumber($0) }
        for support in try tx.supportRequests(others, of: tenant) {
            found[support.number.text] = support
        }
        return found
    }

    /// Reads what has come since `size`.
    private static func readRest(
        _ earlier: RecordReplay,
        after size: UInt64,
        in tx: any StoreTransaction
    ) throws -> RecordReplay {
        let (log, name) = (earlier.log, earlier.log.logName)
        let head = try tx.head(of: log)
        var replay = earlier
        replay.goOn(heads: try tx.checkpoints(of: log).filter { $0.size > size })
        while replay.next < head.size {
            let end = min(replay.next + AuditLimits.checkedRecords, head.size)
            let entries = try tx.entries(of: log, in: replay.next..<end)
            guard !entries.isEmpty else { break }
            var records = entries.map { LogRecordCheck($0, log: name) }
            if let tenant = log.tenant {
                compare(
                    &records,
                    with: try supportRequests(toldBy: records, of: tenant, in: tx)
                )
            }
            replay.read(records)
        }
        return replay
    }

    /// Compares what was read with head, checkpoints and tables.
    private static func report(
        of replay: RecordReplay,
        at now: Timestamp,
        in tx: any StoreTransaction
    ) throws -> Report {
        let log = replay.log
        let head = try tx.head(of: log)
        let signed = try tx.checkpoints(of: log)
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
        differences += try replay.erasures.differences(log, in: tx)
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

    /// The stored roots of full tiles against what is below them: hashes of records, which have
    /// `roots` by the place of their tile, or roots of smaller tiles. Neither ever changes.
    private func tileDifferences(_ log: LogID, size: UInt64, roots: [UInt64: Hash]) async throws
        -> [String]
    {
        let tiles = Tile.all(ofSize: size).filter { $0.width == Tile.fullWidth }
        var differences: [String] = []
        var done = 0
        while done < tiles.count {
            let some = tiles[done..<min(done + AuditLimits.checkedTiles, tiles.count)]
            differences += try await store.read(.bulk) { tx in
                try some.compactMap { tile in
                    let root =
                        tile.level == 0
                        ? roots[tile.index] : try Self.root(of: tile, log, in: tx)
                    guard let root else { return "tile \(tile.path) has gaps" }
                    let stored = try tx.treeHashes(
                        of: log,
                        level: tile.level + 1,
                        first: tile.index,
                        count: 1
                    )
                    return stored.first == root
                        ? nil : "tile \(tile.path) does not hash to its root"
                }
            }
            done += some.count
        }
        return differences
    }

    /// What the tiles below `tile` hash to; nil where some are missing.
    private static func root(of tile: Tile, _ log: LogID, in tx: any StoreTransaction) throws
        -> Hash?
    {
        let width = Int(Tile.fullWidth)
        let below = try tx.treeHashes(
            of: log,
            level: tile.level,
            first: tile.index * UInt64(width),
            count: width
        )
        guard below.count == width else { return nil }
        var range = CompactRange()
        for hash in below { range.append(hash) }
        return range.root
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
    private(set) var erasures = ErasureReplay()
    private var approvals: ApprovalCheck?
    private var tree: LogReplay
    private(set) var lastTime: Timestamp?
    /// What the stored hashes of each 256 records hash to, by the place of their tile. Those of which
    /// one is missing have none.
    private(set) var tileRoots: [UInt64: Hash] = [:]
    private var tile = (place: UInt64(0), below: CompactRange())
    private var earlierFault: LogReplay.Fault?

    init(_ log: LogID, heads: [(size: UInt64, root: Hash)]) {
        self.log = log
        approvals = log.tenant.map { ApprovalCheck(tenant: $0.text) }
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
            addToTile(record)
            state.read(record)
            erasures.read(record)
            readApproval(record)
            position += 1
            next = record.index + 1
        }
    }

    /// Keys, rules, approvals and grants, by the rules that every verifier has. What was erased by a
    /// record of it is no difference.
    private mutating func readApproval(_ record: LogRecordCheck) {
        guard let leaf = record.leaf, ApprovalCheck.concerns(leaf.activity) else { return }
        let told = LogRecordCheck.Told(leaf: leaf, texts: record.texts).approvalRecord
        let findings = approvals?.read(told) ?? []
        differences += findings.filter { $0.fault != .erased }.map(\.words)
    }

    private mutating func addToTile(_ record: LogRecordCheck) {
        let (place, offset) = record.index.quotientAndRemainder(
            dividingBy: UInt64(Tile.fullWidth)
        )
        if offset == 0 { tile = (place, CompactRange()) }
        guard tile.place == place, tile.below.size == offset else { return }
        tile.below.append(record.storedHash)
        if tile.below.size == Tile.fullWidth { tileRoots[place] = tile.below.root }
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
