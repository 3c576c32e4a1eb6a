import Foundation
import LockboxDomain
package import LockboxPorts
package import LockboxWire
import MerkleLog

/// How records are handed out as a file.
package enum LogExport {
    package enum Form: Hashable, Sendable {
        case jsonLines
        /// Programs that open a table by double click take it for UTF-8 only with the mark.
        case csv(byteOrderMark: Bool)

        package var contentType: String {
            switch self {
            case .jsonLines: "application/jsonl"
            case .csv: "text/csv; charset=utf-8; header=present"
            }
        }

        package var suffix: String {
            switch self {
            case .jsonLines: "jsonl"
            case .csv: "csv"
            }
        }
    }

    fileprivate static let batch = 256
}

extension LogReader {
    /// `entries` as they are handed out; with proofs of inclusion in the tree of `size` where it is
    /// given.
    package func records(_ entries: [LogEntry], size: UInt64?, of log: LogID) async throws
        -> [AuditRecord]
    {
        let proofs = try await proofs(of: entries, size: size, in: log)
        return try zip(entries, proofs).map { entry, proof in
            try AuditRecord(
                entry,
                size: proof == nil ? nil : size,
                proof: proof?.map(\.base64)
            )
        }
    }

    func proofs(of entries: [LogEntry], size: UInt64?, in log: LogID) async throws
        -> [[Hash]?]
    {
        let none = [[Hash]?](repeating: nil, count: entries.count)
        guard let size, !entries.isEmpty else { return none }
        return try await inclusions(of: entries.map(\.index), size: size, in: log) ?? none
    }

    /// Gives every record that `query` finds to `write`, from the oldest to the newest, a batch at
    /// a time. `place` is held until the end.
    ///
    /// `isWanted` is asked before each part, which takes a fraction of a second: it throws once
    /// whoever asked has left, or may not read the log any more.
    package func export(
        _ query: LogSearch,
        size: UInt64?,
        of log: LogID,
        as form: LogExport.Form,
        holding place: LongReadPlace,
        isWanted: @Sendable () async throws -> Void,
        to write: ([UInt8]) async throws -> Void
    ) async throws {
        var query = query
        query.oldestFirst = true
        if case .csv(let byteOrderMark) = form {
            try await write((byteOrderMark ? CSVLine.byteOrderMark : []) + AuditTable.header)
        }
        var page = ListPage(limit: LogExport.batch)
        while true {
            let found = try await search(query, in: log, page: page, place, isWanted: isWanted)
            // An export of a tree of a given size ends where that tree does.
            let items = found.items.filter { entry in size.map { entry.index < $0 } ?? true }
            if !items.isEmpty {
                try await write(try await encode(items, size: size, of: log, as: form))
            }
            guard let next = found.next, items.count == found.items.count else { break }
            page.cursor = next
        }
    }

    private func encode(
        _ entries: [LogEntry],
        size: UInt64?,
        of log: LogID,
        as form: LogExport.Form
    ) async throws -> [UInt8] {
        switch form {
        case .csv:
            return try await records(entries, size: nil, of: log).flatMap(AuditTable.row)
        case .jsonLines:
            let proofs = try await proofs(of: entries, size: size, in: log)
            var lines: [UInt8] = []
            for (entry, proof) in zip(entries, proofs) {
                try RecordWriter.write(entry, size: size, proof: proof, to: &lines)
            }
            return lines
        }
    }
}

extension AuditRecord {
    /// The part of the leaf that only the leaf holds.
    private struct Leaf: Decodable {
        let data: [String: JSONValue]
    }

    fileprivate init(_ entry: LogEntry, size: UInt64?, proof: [String]?) throws {
        let leaf: Leaf
        do {
            leaf = try JSONDecoder().decode(Leaf.self, from: Data(entry.bytes))
        } catch {
            throw StoreError.corrupt("record \(entry.index) of log \(entry.log.logName)")
        }
        self.init(
            index: entry.index,
            time: entry.time.description,
            activity: entry.activity,
            actor: .init(
                id: entry.actor,
                name: entry.texts.first { $0.field == "actorName" }?.text
            ),
            request: entry.request?.text,
            data: leaf.data,
            texts: entry.texts.reduce(into: [:]) { texts, text in
                texts[text.field] = .init(
                    text: text.text,
                    salt: text.salt.map { Data($0).base64EncodedString() }
                )
            },
            leaf: String(decoding: entry.bytes, as: UTF8.self),
            hash: entry.hash.base64,
            size: size,
            proof: proof
        )
    }
}
