package import LockboxDomain
package import LockboxPorts
package import MerkleLog

/// The database does not go on from what was signed of its logs: it is an older copy, or another
/// one. Nothing is signed, and nobody is let in by it.
package struct LogsNotContinued: Error, Sendable {
    package let breaks: [LogContinuity.Break]

    package init(_ breaks: [LogContinuity.Break]) { self.breaks = breaks }
}

extension LogsNotContinued: CustomStringConvertible {
    package var description: String {
        let logs = breaks.prefix(3).map(\.description).joined(separator: "; ")
        let all = "\(logs)\(breaks.count > 3 ? "; …" : "")"
        guard breaks.contains(where: { $0.expected.size > 0 }) else {
            return """
                \(all). Whether the database is an older copy cannot be told. Put back the newest copy \
                of the file with the heads of the logs, beside the signing key. \(Self.wayOut)
                """
        }
        return """
            The database is an older copy, or another one: \(all). Access that was ended since may be \
            open in it. Put the newest database back. \(Self.wayOut)
            """
    }

    private static let wayOut = """
        If there is none, run `lockboxd recover --reason TEXT`: it ends all open access, sessions and \
        API tokens, records that in every log, and tells the administrators of every tenant.
        """
}

/// Whether the database goes on from what was signed of its logs.
package struct LogContinuity: Sendable {
    /// A log that does not.
    package struct Break: Hashable, Sendable, CustomStringConvertible {
        package let log: LogID
        /// What was signed; the empty tree where that is not known any more.
        package let expected: TreeHead
        /// How many records the database has.
        package let size: UInt64

        init(_ log: LogID, expected: TreeHead, size: UInt64) {
            (self.log, self.expected, self.size) = (log, expected, size)
        }

        package var description: String {
            if expected.size == 0 {
                return
                    "what was signed of the log \(log.logName) is not kept beside the key any more"
            }
            return size < expected.size
                ? "the log \(log.logName) ends at \(size) records, and \(expected.size) were signed"
                : "the first \(expected.size) records of the log \(log.logName) are not those that were signed"
        }
    }

    private let store: any Store
    private let heads: any SignedHeads

    package init(store: any Store, heads: any SignedHeads) {
        (self.store, self.heads) = (store, heads)
    }

    /// Every log that does not go on from what was signed; empty if all is as it should be.
    package func breaks() async throws -> [Break] {
        let (kept, lost) = try await known(of: nil)
        return try await store.read { tx in
            try lost.map { log in
                Break(log, expected: CompactRange().head, size: try tx.head(of: log).size)
            }
                + kept.compactMap { log, head in
                    try Self.rootsAgree(head, log, in: tx)
                        ? nil : Break(log, expected: head, size: try tx.head(of: log).size)
                }
        }.sorted { $0.log.logName < $1.log.logName }
    }

    /// What is kept, and which of `logs`, or of all, were signed and are not kept any more: heads are
    /// kept before anything of their log is signed, and before the logs have their name. It is read
    /// before the heads in the database, which has had each before it was kept, and after what was
    /// signed there.
    private func known(of logs: [LogID]?) async throws -> (kept: [LogID: TreeHead], lost: [LogID]) {
        let (isNamed, signed, all) = try await store.read { tx in
            let all = try logs ?? tx.logs()
            return (
                try tx.logOrigin() != nil, try all.filter { try tx.lastCheckpoint(of: $0) != nil },
                all
            )
        }
        guard let kept = try await heads.all() else { return ([:], isNamed ? all : []) }
        return (kept, signed.filter { kept[$0] == nil })
    }

    /// Begins to keep what was signed before heads were kept, as the database says it, and to keep
    /// the name under which that was.
    ///
    /// A crash between the two leaves heads that the next start finds, and a name that it takes from
    /// the same notes.
    package func adopt(origin: String) async throws {
        let kept = try await heads.all()
        let signed = try await store.read { tx -> [LogID: TreeHead]? in
            guard try tx.logOrigin() == nil else { return nil }
            var found: [LogID: TreeHead] = [:]
            for log in try tx.logs() {
                guard let last = try tx.checkpoints(of: log).last else { continue }
                let head = TreeHead(size: last.size, root: last.root)
                guard try Self.rootsAgree(head, log, in: tx) else {
                    throw LogsNotContinued([
                        Break(log, expected: head, size: try tx.head(of: log).size)
                    ])
                }
                found[log] = head
            }
            return found
        }
        guard let signed, !signed.isEmpty else { return }
        if kept == nil { try await heads.replaceAll(with: signed) }
        try await store.write { tx in try tx.fixLogOrigin(origin) }
    }

    /// The heads of `logs` as they are now, or of all, which are kept before they are returned: then
    /// they may be signed. Throws `LogsNotContinued`, and keeps nothing, where one does not go on
    /// from what was kept of it.
    @discardableResult
    package func keepHeads(of logs: [LogID]? = nil) async throws -> [LogID: TreeHead] {
        while true {
            let (kept, lost) = try await known(of: logs)
            let now = try await store.read { tx in
                var now: [LogID: TreeHead] = [:]
                for log in try logs ?? tx.logs() {
                    let (head, known) = (try Self.head(of: log, in: tx), kept[log])
                    now[log] = head
                    guard !lost.contains(log),
                        try known.map({ try Self.rootsAgree($0, log, in: tx) }) ?? true
                    else {
                        let expected = known ?? CompactRange().head
                        throw LogsNotContinued([Break(log, expected: expected, size: head.size)])
                    }
                }
                return now
            }
            let moved = now.filter { kept[$0.key] != $0.value }
            // A crash after this leaves a head that nobody signed, which the database has.
            if moved.isEmpty { return now }
            if try await heads.replace(kept, with: moved) { return now }
        }
    }

    /// Keeps every log's head as it is now, and nothing else: what was kept is known to be lost.
    package func keepOnlyPresentHeads() async throws {
        let now = try await store.read { tx in
            try tx.logs().reduce(into: [:]) { $0[$1] = try Self.head(of: $1, in: tx) }
        }
        try await heads.replaceAll(with: now)
    }

    /// What the names of all logs begin with, if one was signed. Before that was kept, it is what the
    /// newest notes say; where those of several logs differ, because the address changed, the one of
    /// them that is `preferred`.
    package static func signedOrigin(
        preferring preferred: String,
        in tx: any StoreTransaction
    ) throws -> String? {
        if let kept = try tx.logOrigin() { return kept }
        let found = try tx.logs().compactMap { log -> String? in
            guard let note = try tx.lastCheckpoint(of: log)?.note else { return nil }
            let (name, suffix) = (note.prefix { $0 != "\n" }, log.origin(under: ""))
            return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : nil
        }
        return found.contains(preferred) ? preferred : found.first
    }

    /// What is to be recorded of each log: what was signed of it, what there is, and why that is
    /// taken.
    package func recoveries(
        from breaks: [Break],
        reason: String
    ) async throws -> [LogID: LogRecovery] {
        let broken = breaks.reduce(into: [:]) { $0[$1.log] = $1.expected }
        return try await store.read { tx in
            try ([.provider] + tx.logs()).reduce(into: [:]) { found, log in
                let head = try Self.head(of: log, in: tx)
                let expected = broken[log] ?? head
                found[log] = LogRecovery(
                    expectedSize: expected.size,
                    expectedRoot: expected.root.base64,
                    size: head.size,
                    reason: reason
                )
            }
        }
    }

    private static func head(of log: LogID, in tx: any StoreTransaction) throws -> TreeHead {
        let head = try tx.head(of: log)
        guard let range = CompactRange(size: head.size, hashes: head.range) else {
            throw StoreError.corrupt(
                "the head of log \(log.logName) does not fit its size \(head.size)"
            )
        }
        return range.head
    }

    /// Whether the first records of `log` in the database are those of `head`.
    private static func rootsAgree(
        _ head: TreeHead,
        _ log: LogID,
        in tx: any StoreTransaction
    ) throws -> Bool {
        let now = try Self.head(of: log, in: tx)
        guard head.size < now.size else { return head == now }
        let tree = TiledTree(size: head.size) { try LogReader.hashes(of: $0, log, in: tx) }
        return try tree.root() == head.root
    }
}
