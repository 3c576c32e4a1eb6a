package import LockboxDomain
package import LockboxPorts
package import MerkleLog

/// Another key of a log by the word of the one before.
package enum KeyChange {
    /// The activity of its record.
    static let activity = "key.changed"

    /// What the key before signs. `index` is that of the record of the change.
    package static func statement(
        _ log: LogID,
        origin: String,
        from previous: VerifierKey,
        to key: VerifierKey,
        at index: UInt64
    ) -> String {
        "lockbox-key-change/v1\n\(log.origin(under: origin))\n\(previous)\n\(key)\n\(index)\n"
    }
}

/// A change of a log's key, as its record has it.
package struct RecordedKeyChange: Hashable, Sendable {
    package let index: UInt64
    package let change: LogKeyChange

    /// Nil for any other record.
    init?(_ entry: LogEntry) {
        guard entry.activity == KeyChange.activity, let leaf = LogRecordCheck.Leaf(entry.bytes),
            let key = leaf.data["key"]?.text, let previous = leaf.data["previous"]?.text,
            let signature = leaf.data["signature"]?.text
        else { return nil }
        index = entry.index
        change = LogKeyChange(key: key, previous: previous, signature: signature)
    }
}

extension LogReader {
    /// How often keys change at the most that are told.
    private static let mostKeyChanges = 1000

    /// Every change of the key of `log`, the oldest first.
    package func keyChanges(of log: LogID) async throws -> [RecordedKeyChange] {
        var search = LogSearch(activity: KeyChange.activity)
        search.oldestFirst = true
        return try await store.read { [search] tx in
            try tx.search(search, in: log, page: ListPage(limit: Self.mostKeyChanges)).items
                .compactMap(RecordedKeyChange.init)
        }
    }

    /// Records in every log that `key` signs from now on, by the word of the key that signs now, and
    /// has each head as it is then signed by both. `record` writes the records.
    ///
    /// A crash on the way leaves logs with the record and heads of the key before; the same again
    /// records nothing a second time, and signs what is not signed.
    package func change(
        to next: any CheckpointSigner,
        record: (_ changes: [LogID: (index: UInt64, change: LogKeyChange)]) async throws -> Void
    ) async throws {
        let logs = try await store.read { tx in
            try tx.logs().reduce(into: [:]) { $0[$1] = try tx.head(of: $1).size }
        }
        var changes: [LogID: (index: UInt64, change: LogKeyChange)] = [:]
        for (log, size) in logs {
            let origin = origin(of: log)
            let (previous, key) = (
                try signer.verifierKey(origin: origin), try next.verifierKey(origin: origin)
            )
            guard try await keyChanges(of: log).last?.change.key != key.text else { continue }
            let statement = KeyChange.statement(
                log,
                origin: self.origin,
                from: previous,
                to: key,
                at: size
            )
            let signature = try await signer.signature(of: statement)
            guard previous.isValid(signature, for: statement.utf8) else {
                throw NoteError.badSignature(name: origin)
            }
            changes[log] = (
                size,
                LogKeyChange(
                    key: key.text,
                    previous: previous.text,
                    signature: Base64.encode(signature)
                )
            )
        }
        if !changes.isEmpty { try await record(changes) }
        for log in logs.keys { _ = try await signHead(of: log, by: [signer, next]) }
    }
}
