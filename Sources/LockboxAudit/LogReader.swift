package import LockboxDomain
package import LockboxPorts
package import MerkleLog

/// Reads the logs the way a verifier wants them: checkpoint, tiles, proofs.
package struct LogReader: Sendable {
    let store: any Store
    let signer: any CheckpointSigner
    private let heads: any SignedHeads
    let origin: String
    /// Whose cosignatures are shown.
    package let witnesses: [LogWitness]
    private let slice: Int
    private let longReads = LongReads(AuditLimits.searches)
    private let exports = DayCounts()
    private let shownHeads = ShownHeads()

    /// `origin` is what the names of all logs of this installation begin with; `heads` is what was
    /// signed of them. Cosignatures are shown of `witnesses` alone.
    package init(
        store: any Store,
        signer: any CheckpointSigner,
        heads: any SignedHeads,
        origin: String,
        witnesses: [LogWitness] = []
    ) {
        self.init(
            store: store,
            signer: signer,
            heads: heads,
            origin: origin,
            witnesses: witnesses,
            slice: AuditLimits.slice
        )
    }

    /// `slice` is how many records one view of the store looks at.
    init(
        store: any Store,
        signer: any CheckpointSigner,
        heads: any SignedHeads,
        origin: String,
        witnesses: [LogWitness] = [],
        slice: Int
    ) {
        self.store = store
        self.signer = signer
        self.heads = heads
        self.origin = origin
        self.witnesses = witnesses
        self.slice = slice
    }

    /// The log's name in checkpoints (C2SP tlog-checkpoint).
    package func origin(of log: LogID) -> String { log.origin(under: origin) }

    /// The key that signs the log (C2SP signed-note).
    package func verifierKey(of log: LogID) throws -> VerifierKey {
        try signer.verifierKey(origin: origin(of: log))
    }

    /// The signed head of the log as it is now. Throws `LogsNotContinued` where the database does not
    /// go on from what was signed before.
    package func checkpoint(of log: LogID) async throws -> String {
        let origin = origin(of: log)
        let last = try await store.read { tx in
            (head: try tx.head(of: log), signed: try tx.lastCheckpoint(of: log))
        }
        if let signed = last.signed, signed.size == last.head.size, isOurs(signed.note, origin) {
            return signed.note
        }
        return try await signHead(of: log, by: [signer])
    }

    /// The head of the log as it is now, signed by each of `signers`, kept before it leaves.
    func signHead(of log: LogID, by signers: [any CheckpointSigner]) async throws -> String {
        let origin = origin(of: log)
        let kept = try await LogContinuity(store: store, heads: heads).keepHeads(of: [log])
        let head = kept[log] ?? CompactRange().head
        let text = try Checkpoint(origin: origin, head: head).text
        var signatures: [NoteSignature] = []
        for signer in signers { signatures.append(try await signer.sign(text, origin: origin)) }
        let note = try SignedNote(text: text, signatures: signatures).encoded
        // The root commits before the signature leaves: a crash here loses a signature nobody saw.
        try await store.write { [origin = self.origin] tx in
            try tx.fixLogOrigin(origin)
            try tx.saveCheckpoint(size: head.size, root: head.root, note: note, of: log)
        }
        return note
    }

    /// The same logs, signed by `other`.
    package func signing(by other: any CheckpointSigner) -> LogReader {
        LogReader(
            store: store,
            signer: other,
            heads: heads,
            origin: origin,
            witnesses: witnesses,
            slice: slice
        )
    }

    /// Signs every log's head as it is now.
    package func signHeads() async throws {
        for log in try await store.read({ tx in try tx.logs() }) {
            _ = try await checkpoint(of: log)
        }
    }

    /// Whether our key signed what was signed last of some log, or nothing is signed: under another
    /// name too, for the address may have changed since.
    package func isKeyKnown() async throws -> Bool {
        let notes = try await store.read { tx in
            try tx.logs().compactMap { try tx.lastCheckpoint(of: $0)?.note }
        }
        return notes.isEmpty || notes.contains { isOurs($0, String($0.prefix { $0 != "\n" })) }
    }

    /// The signed head with this log's own word that it was the newest at `now`, to the second (C2SP
    /// tlog-cosignature). Its text has no time, and whoever reads it shall see how old it is. `now` is
    /// of before the head is read.
    package func checkpoint(of log: LogID, at now: Timestamp) async throws -> String {
        let note = try SignedNote(parsing: Array(try await checkpoint(of: log).utf8))
        if let shown = shownHeads.note(of: log.logName, saying: note.text, at: now) { return shown }
        let key = try verifierKey(of: log).cosigning
        guard let time = UInt64(exactly: now.secondsSinceEpoch) else { return note.encoded }
        let message = Cosignature.message(note.text, time: time)
        let signature = try await signer.sign(message, origin: origin(of: log)).signature
        let shown = try note.adding(Cosignature.line(signature, time: time, key: key)).encoded
        shownHeads.keep(shown, of: log.logName, saying: note.text, at: now)
        return shown
    }

    /// Whether readers who know our present key and address can use `note`: both may have changed
    /// since it was signed.
    func isOurs(_ note: String, _ origin: String) -> Bool {
        do {
            let key = try signer.verifierKey(origin: origin)
            _ = try Checkpoint(
                opening: SignedNote(parsing: Array(note.utf8)),
                origin: origin,
                logKey: key
            )
            return true
        } catch {
            return false
        }
    }

    /// The bytes of a tile (C2SP tlog-tiles); nil where the log is not that long.
    package func tile(_ tile: Tile, of log: LogID) async throws -> [UInt8]? {
        try await store.read { tx in
            guard tile.end <= (try tx.head(of: log)).size else { return nil }
            return Tile.encode(try Self.hashes(of: tile, log, in: tx))
        }
    }

    /// The bytes of a bundle of entries (C2SP tlog-tiles); nil where the log is not that long.
    package func entries(_ bundle: EntryBundle, of log: LogID) async throws -> [UInt8]? {
        try await store.read { tx in
            guard bundle.entries.upperBound <= (try tx.head(of: log)).size else { return nil }
            let entries = try tx.entries(of: log, in: bundle.entries).map(\.bytes)
            do throws(EntryBundleError) {
                guard entries.count == bundle.width else { throw .wrongLength }
                return try EntryBundle.encode(entries)
            } catch {
                throw StoreError.corrupt("\(bundle.path) of log \(log.logName): \(error)")
            }
        }
    }

    /// What `search` finds, for `reader`. Throws `StoreError.busy` while as many searches and
    /// exports go on as may.
    package func search(
        _ search: LogSearch,
        in log: LogID,
        page: ListPage,
        for reader: PersonID
    ) async throws -> Paged<LogEntry> {
        let place = try place(for: reader)
        return try await self.search(search, in: log, page: page, place)
    }

    /// A place for one search of `reader`. Throws `StoreError.busy`.
    func place(for reader: PersonID) throws(StoreError) -> LongReadPlace {
        try longReads.place(for: reader)
    }

    /// A place for one export of `log` by `reader`, which is counted from here on. Throws
    /// `StoreError.busy`, or a refusal where the bound of the day is reached.
    package func exportPlace(of log: LogID, for reader: PersonID, at now: Timestamp) throws
        -> LongReadPlace
    {
        let place = try place(for: reader)
        try exports.add([(.exports, reader.text), (.exportsOfLog, log.logName)], at: now)
        return place
    }

    /// Each slice has a view of its own, which the log allows: what is in it stays as it is.
    func search(
        _ search: LogSearch,
        in log: LogID,
        page: ListPage,
        _ place: LongReadPlace,
        isWanted: @Sendable () async throws -> Void = {}
    ) async throws -> Paged<LogEntry> {
        var found = Paged<LogEntry>(items: [], next: page.cursor)
        for _ in 0..<AuditLimits.slicesOfAPage {
            try await isWanted()
            let rest = ListPage(limit: page.limit - found.items.count, cursor: found.next)
            let more = try await store.read(.bulk) { [slice] tx in
                try tx.search(search, in: log, page: rest, lookingAt: slice)
            }
            found = Paged(items: found.items + more.items, next: more.next)
            if more.next == nil || found.items.count >= page.limit { break }
        }
        return found
    }

    /// The record at `index`; nil where the log is not that long.
    package func entry(_ index: UInt64, of log: LogID) async throws -> LogEntry? {
        try await store.read { tx in
            guard index < (try tx.head(of: log)).size else { return nil }
            return try tx.entries(of: log, in: index..<index + 1).first
        }
    }

    /// The batch of operations of one record: a line of JSON for each. Nil where the record is none
    /// of operations, or its text was erased.
    package func operations(_ index: UInt64, of log: LogID) async throws -> String? {
        try await entry(index, of: log)?.texts.first { $0.field == AuditFacts.operations }?.text
    }

    package func size(of log: LogID) async throws -> UInt64 {
        try await store.read { tx in try tx.head(of: log).size }
    }

    /// The record's hash and its proof of inclusion in the tree of `size` (RFC 9162 §2.1.3).
    package func inclusion(of index: UInt64, size: UInt64, in log: LogID) async throws -> (
        hash: Hash, proof: [Hash]
    )? {
        try await store.read { tx in
            guard size <= (try tx.head(of: log)).size, index < size else { return nil }
            guard let hash = try tx.treeHashes(of: log, level: 0, first: index, count: 1).first
            else {
                throw StoreError.corrupt("record \(index) of log \(log.logName) has no hash")
            }
            return (hash, try Self.proof(.inclusion(index: index, size: size), log, in: tx))
        }
    }

    /// Proofs of inclusion of several records in the tree of `size`, nil for those beyond it.
    package func inclusions(of indices: [UInt64], size: UInt64, in log: LogID) async throws
        -> [[Hash]?]?
    {
        try await store.read(.bulk) { tx in
            guard size <= (try tx.head(of: log)).size else { return nil }
            // Neighbours share most of their proofs: each tile is read once, each node made once.
            var tiles: [Tile: [Hash]] = [:]
            var nodes: [Subtree: Hash] = [:]
            return try indices.map { index in
                guard index < size else { return nil }
                return try ProofPlan.inclusion(index: index, size: size).hashes { subtree in
                    if let node = nodes[subtree] { return node }
                    let tree = TiledTree(size: size) { tile in
                        try Self.known(tile, &tiles, log, in: tx)
                    }
                    let node = try tree.node(subtree)
                    nodes[subtree] = node
                    return node
                }
            }
        }
    }

    /// The proof that the tree of `to` continues that of `from` (RFC 9162 §2.1.4).
    package func consistency(from: UInt64, to: UInt64, in log: LogID) async throws -> [Hash]? {
        try await store.read { tx in
            guard from <= to, to <= (try tx.head(of: log)).size else { return nil }
            return try Self.proof(.consistency(from: from, to: to), log, in: tx)
        }
    }

    private static func proof(_ plan: ProofPlan, _ log: LogID, in tx: any StoreTransaction) throws
        -> [Hash]
    {
        // Most nodes of a proof are in the same few tiles.
        var tiles: [Tile: [Hash]] = [:]
        return try plan.hashes { subtree in
            let tree = TiledTree(size: plan.size) { tile in
                try known(tile, &tiles, log, in: tx)
            }
            return try tree.node(subtree)
        }
    }

    private static func known(
        _ tile: Tile,
        _ tiles: inout [Tile: [Hash]],
        _ log: LogID,
        in tx: any StoreTransaction
    ) throws -> [Hash] {
        if let known = tiles[tile] { return known }
        let hashes = try hashes(of: tile, log, in: tx)
        tiles[tile] = hashes
        return hashes
    }

    static func hashes(of tile: Tile, _ log: LogID, in tx: any StoreTransaction) throws
        -> [Hash]
    {
        let hashes = try tx.treeHashes(
            of: log,
            level: tile.level,
            first: tile.index * 256,
            count: tile.width
        )
        guard hashes.count == tile.width else {
            throw StoreError.corrupt("tile \(tile.path) of log \(log.logName) has gaps")
        }
        return hashes
    }
}
