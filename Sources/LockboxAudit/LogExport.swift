import Foundation
import LockboxDomain
package import LockboxPorts
package import LockboxWire
import MerkleLog

/// How records are handed out as a file.
package enum LogExport {
    package enum Form: String, Sendable {
        case jsonLines = "jsonl"
        case csv

        package var contentType: String {
            switch self {
            case .jsonLines: "application/jsonl"
            case .csv: "text/csv; charset=utf-8; header=present"
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
        var proofs: [[Hash]?] = []
        if let size {
            proofs = try await inclusions(of: entries.map(\.index), size: size, in: log) ?? []
        }
        return try entries.enumerated().map { position, entry in
            let proof = proofs.indices.contains(position) ? proofs[position] : nil
            return try AuditRecord(
                entry,
                size: proof == nil ? nil : size,
                proof: proof?.map(\.base64)
            )
        }
    }

    /// Gives every record that `query` finds to `write`, from the oldest to the newest, a batch at
    /// a time. `place` is held until the end.
    package func export(
        _ query: LogSearch,
        size: UInt64?,
        of log: LogID,
        as form: LogExport.Form,
        holding place: LongReadPlace,
        to write: (String) async throws -> Void
    ) async throws {
        var query = query
        query.oldestFirst = true
        if form == .csv { try await write(AuditTable.header) }
        var page = ListPage(limit: LogExport.batch)
        while true {
            let found = try await search(query, in: log, page: page, place)
            // An export of a tree of a given size ends where that tree does.
            let items = found.items.filter { entry in size.map { entry.index < $0 } ?? true }
            let lines = try await records(items, size: size, of: log).map { record in
                switch form {
                case .csv: AuditTable.row(record)
                case .jsonLines: try Self.jsonLine(record)
                }
            }
            try await write(lines.joined())
            guard let next = found.next, items.count == found.items.count else { break }
            page.cursor = next
        }
    }

    private static func jsonLine(_ record: AuditRecord) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(record), as: UTF8.self) + "\n"
    }
}

extension AuditRecord {
    /// The part of the leaf that only the leaf holds.
    private struct Leaf: Decodable {
        let data: [String: JSONValue]
    }

    fileprivate init(_ entry: LogEntry, size: UInt64?, proof: [String]?) throws {
        let leaf = try JSONDecoder().decode(Leaf.self, from: Data(entry.bytes))
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
                    salt: Data(text.salt).base64EncodedString()
                )
            },
            leaf: String(decoding: entry.bytes, as: UTF8.self),
            hash: entry.hash.base64,
            size: size,
            proof: proof
        )
    }
}

/// Audit records as a table (RFC 4180).
private enum AuditTable {
    static let header = "index,time,activity,actor,actorName,request,data,texts,hash\r\n"

    static func row(_ record: AuditRecord) -> String {
        let texts = record.texts.keys.sorted().filter { $0 != "actorName" }.map { field in
            "\(field)=\(record.texts[field]?.text ?? "(erased)")"
        }
        let data = record.data.keys.sorted().map { "\($0)=\(plain(record.data[$0] ?? .null))" }
        return [
            String(record.index), record.time, record.activity, record.actor.id,
            record.actor.name ?? "",
            record.request ?? "",
            data.joined(separator: "; "), texts.joined(separator: "; "), record.hash,
        ].map(cell).joined(separator: ",") + "\r\n"
    }

    /// Quoted where needed (RFC 4180 §2). A cell that a spreadsheet would run as a formula is made
    /// text by an apostrophe.
    ///
    /// Decided by scalars: to Swift `\r\n` is one character that equals neither of its halves, and
    /// so is a quote with an accent on it.
    private static func cell(_ raw: String) -> String {
        let text = isFormula(raw) ? "'" + raw : raw
        guard text.unicodeScalars.contains(where: quoted.contains) else { return text }
        var cell = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in text.unicodeScalars {
            if scalar == "\"" { cell.append(scalar) }
            cell.append(scalar)
        }
        cell.append("\"")
        return String(cell)
    }

    private static let quoted: Set<Unicode.Scalar> = [",", "\"", "\r", "\n"]

    /// Whether a spreadsheet would take `text` for a formula (OWASP, "CSV Injection"), also after
    /// white space, which some drop: `=`, `+`, `-`, `@`, their full-width forms, a tab, a line
    /// break.
    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        if [Unicode.Scalar("\t"), "\r", "\n"].contains(first) { return true }
        return text.unicodeScalars.first { !$0.properties.isWhitespace }.map(starts.contains)
            ?? false
    }

    private static let starts: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let flag): String(flag)
        case .integer(let number): String(number)
        case .string(let text): text
        case .array(let items): items.map(plain).joined(separator: "+")
        case .object(let members):
            members.keys.sorted().map { "\($0):\(plain(members[$0] ?? .null))" }.joined(
                separator: " "
            )
        }
    }
}
