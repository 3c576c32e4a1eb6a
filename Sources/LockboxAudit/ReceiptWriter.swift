import LockboxApprovals
package import LockboxDomain
package import LockboxPorts
import LockboxWire
import MerkleLog

extension LogReader {
    private static let recordsAtOnce = 256

    /// Gives the receipt of `request` to `write`, a part at a time (docs/spec/receipt.md): the records
    /// about it, and those of the log that they rest on, each with its proof to one head.
    ///
    /// `now` is of before the head is read. `place` is held until the end. `isWanted` is asked before
    /// each part, and throws once whoever asked has left, or may not read the log any more.
    package func receipt(
        of request: AccessRequestID,
        in log: LogID,
        at now: Timestamp,
        holding place: LongReadPlace,
        isWanted: @Sendable () async throws -> Void,
        to write: ([UInt8]) async throws -> Void
    ) async throws {
        let note = try await checkpoint(of: log, at: now)
        let size = try head(of: note, log).size
        var grounds = try await grounds(of: request, in: log, size: size)[...]
        var part = Array(#"{"checkpoint":"#.utf8)
        CanonicalJSON.write(note, to: &part)
        part += #","key":"#.utf8
        CanonicalJSON.write(try verifierKey(of: log).text, to: &part)
        part += ",\(Receipt.opening)".utf8
        var query = LogSearch(request: request)
        query.oldestFirst = true
        var (page, isFirst) = (ListPage(limit: Self.recordsAtOnce), true)
        while true {
            let found = try await search(query, in: log, page: page, place, isWanted: isWanted)
            var entries: [LogEntry] = []
            // What is newer than the head has no proof to it.
            for entry in found.items where entry.index < size {
                let before = grounds.prefix { $0.index < entry.index }
                entries += before + [entry]
                grounds = grounds.dropFirst(before.count)
            }
            if found.next == nil { entries += grounds }
            let proofs = try await proofs(of: entries, size: size, in: log)
            for (entry, proof) in zip(entries, proofs) {
                part += (isFirst ? "\n" : ",\n").utf8
                try RecordWriter.write(entry, size: size, proof: proof, to: &part)
                // The line's end comes with what follows it.
                part.removeLast()
                isFirst = false
            }
            try await write(part)
            part = []
            guard let next = found.next else { break }
            page.cursor = next
        }
        part += "\n\(Receipt.closing)\"request\":".utf8
        CanonicalJSON.write(request.text, to: &part)
        part += #","type":"#.utf8
        CanonicalJSON.write(Receipt.form, to: &part)
        try await write(part + Array("}\n".utf8))
    }

    /// The whole of it, for a page to be made of it. Throws a refusal where that is too much.
    package func receipt(
        of request: AccessRequestID,
        in log: LogID,
        at now: Timestamp,
        holding place: LongReadPlace,
        isWanted: @Sendable () async throws -> Void
    ) async throws -> [UInt8] {
        var whole: [UInt8] = []
        try await receipt(of: request, in: log, at: now, holding: place, isWanted: isWanted) {
            whole += $0
            guard whole.count <= AuditLimits.receiptOnPage else {
                throw Refusal.invalid(
                    field: "Accept",
                    problem: .notAllowedHere(
                        "asks for a page, and this receipt is too large for one. Take it as JSON."
                    )
                )
            }
        }
        return whole
    }

    /// The records that are not about `request` and say whether what was done about it was right, in
    /// order: rules and keys up to its last step, changes of the log's own key, erasures.
    private func grounds(of request: AccessRequestID, in log: LogID, size: UInt64) async throws
        -> [LogEntry]
    {
        try await store.read(.bulk) { tx in
            let steps = try tx.entries(
                of: log,
                saying: ApprovalCheck.requestActivities,
                about: request
            )
            let last = steps.last?.index ?? 0
            var found = try tx.entries(
                of: log,
                saying: ApprovalCheck.ruleActivities + ApprovalCheck.keyActivities
                    + [KeyChange.activity],
                about: nil
            ).filter { $0.index < last || $0.activity == KeyChange.activity }
            let rules = found.filter { ApprovalCheck.ruleActivities.contains($0.activity) }
            let signing = Set((steps + rules).compactMap(Self.signingKey))
            found.removeAll { entry in
                ApprovalCheck.keyActivities.contains(entry.activity)
                    && Self.key(in: entry).map(signing.contains) != true
            }
            found += try Self.erasures(of: request, and: found, in: log, tx)
            return found.filter { $0.index < size }.sorted { $0.index < $1.index }
        }
    }

    /// The records that say which texts of `request` and of `entries` went; and of those records, for
    /// their own reasons may be gone too.
    private static func erasures(
        of request: AccessRequestID,
        and entries: [LogEntry],
        in log: LogID,
        _ tx: any StoreTransaction
    ) throws -> [LogEntry] {
        guard let tenant = log.tenant else { return [] }
        var found: [UInt64: LogEntry] = [:]
        var next = Set(try tx.erasures(of: request, of: tenant))
        var looked = entries
        while true {
            let gone = looked.filter { $0.texts.contains { $0.text == nil } }.map(\.index)
            let said = try tx.erasures(of: tenant, at: gone).values.flatMap(\.values)
            next = next.union(said).subtracting(found.keys)
            guard !next.isEmpty else { break }
            looked = try next.flatMap { try tx.entries(of: log, in: $0..<$0 + 1) }
            for entry in looked { found[entry.index] = entry }
            next = []
        }
        return found.values.filter { $0.request != request }
    }

    /// The key that signed what `entry` says, where one did.
    private static func signingKey(_ entry: LogEntry) -> String? {
        LogRecordCheck.Leaf(entry.bytes)?.data["signature"]?.members.flatMap(key)
    }

    private static func key(in entry: LogEntry) -> String? {
        LogRecordCheck.Leaf(entry.bytes).flatMap { key($0.data) }
    }

    private static func key(_ members: [String: JSONValue]) -> String? {
        (members["passkey"] ?? members["key"])?.text
    }
}
