import Foundation
import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog
import NIOCore

extension API {
    var logEndpoints: [Endpoint] { logEndpoints("/v1/tenants/{id}") + logEndpoints("/v1/provider") }

    /// The search and the files of one log (C2SP tlog-tiles), below `prefix`.
    private func logEndpoints(_ prefix: String) -> [Endpoint] {
        [
            reading(prefix + "/audit") { request, log in try await search(request, log) },
            reading(prefix + "/log/checkpoint") { _, log in
                Self.text(try await self.log.checkpoint(of: log))
            },
            reading(prefix + "/log/key") { _, log in Self.text(self.log.verifierKey(of: log) + "\n") },
            reading(prefix + "/log/proof") { request, log in
                guard let index = try request.number("index") else {
                    throw BoundaryError.badParameter("index", expected: "given")
                }
                let size = try await self.size(request, "size", of: log)
                guard let found = try await self.log.inclusion(of: index, size: size, in: log) else {
                    throw Refusal.notFound(.auditRecord)
                }
                return try JSONAnswer.response(
                    InclusionProofBody(
                        index: index, size: size, hash: found.hash.base64, proof: found.proof.map(\.base64)))
            },
            reading(prefix + "/log/consistency") { request, log in
                guard let from = try request.number("from") else {
                    throw BoundaryError.badParameter("from", expected: "given")
                }
                let to = try await self.size(request, "to", of: log)
                guard let proof = try await self.log.consistency(from: from, to: to, in: log) else {
                    throw Refusal.notFound(.auditRecord)
                }
                return try JSONAnswer.response(ConsistencyProofBody(from: from, to: to, proof: proof.map(\.base64)))
            },
            readingFiles(prefix + "/log/tile/**"),
        ]
    }

    /// An endpoint for those who may read the log that the path names.
    private func reading(
        _ path: String, _ handler: @escaping @Sendable (Request, LogID) async throws -> Response
    ) -> Endpoint {
        signedIn(.get, RouterPath(path)) { request, context, caller in
            let tenant = context.parameters.get("id") == nil ? nil : try context.parameters.text("id")
            return try await handler(request, try await lockbox.readableLog(tenant: tenant, by: caller))
        }
    }

    private func readingFiles(_ path: String) -> Endpoint {
        reading(path) { request, log in
            guard let begin = request.uri.path.range(of: "/log/tile/") else { throw BoundaryError.noSuchPage }
            let file = "tile/" + request.uri.path[begin.upperBound...]
            let bytes: [UInt8]?
            if let bundle = EntryBundle(path: file) {
                bytes = try await self.log.entries(bundle, of: log)
            } else if let tile = Tile(path: file) {
                bytes = try await self.log.tile(tile, of: log)
            } else {
                throw BoundaryError.noSuchPage
            }
            guard let bytes else { throw BoundaryError.noSuchPage }
            return Response(
                status: .ok,
                // What a tile holds never changes; but it is the tenant's alone.
                headers: [
                    .contentType: "application/octet-stream", .cacheControl: "private, max-age=31536000, immutable",
                ],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
    }

    private static func text(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private func size(_ request: Request, _ name: String, of log: LogID) async throws -> UInt64 {
        if let size = try request.number(name) { return size }
        return try await self.log.size(of: log)
    }

    // MARK: - Search and export

    private func search(_ request: Request, _ log: LogID) async throws -> Response {
        var query = LogSearch(
            from: try request.instant("from"), to: try request.instant("to"), activity: try short(request, "activity"),
            person: try short(request, "person"), text: try short(request, "text"))
        if let text = try request.parameter("request") {
            guard let id = RequestID(text) else {
                throw BoundaryError.badParameter(
                    "request", expected: "the identifier of an access request, such as LBX-7K3M9QPXAB")
            }
            query.request = id
        }
        let size = try request.number("size")
        if let size, try await self.log.size(of: log) < size {
            throw BoundaryError.badParameter("size", expected: "a size that the log has reached")
        }
        switch try Self.form(request.headers[.accept]) {
        case .json:
            let page = try await self.log.search(query, in: log, page: try request.page())
            let records = try await records(page.items, size: size, of: log)
            return try JSONAnswer.response(List(items: records, next: page.next))
        case .jsonLines:
            query.oldestFirst = true
            return export(query, size: size, of: log, type: "application/jsonl", header: "") { record in
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return String(decoding: try encoder.encode(record), as: UTF8.self) + "\n"
            }
        case .csv:
            query.oldestFirst = true
            return export(
                query, size: size, of: log, type: "text/csv; charset=utf-8; header=present", header: AuditTable.header
            ) {
                AuditTable.row($0)
            }
        }
    }

    private enum Form {
        case json, jsonLines, csv
    }

    /// The form that `Accept` asks for; JSON unless another one is named.
    private static func form(_ accept: String?) throws -> Form {
        let wanted = (accept ?? "*/*").split(separator: ",").map { part in
            part.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        }
        for type in wanted {
            switch type {
            case "application/json", "*/*", "application/*": return .json
            case "application/jsonl", "application/x-ndjson": return .jsonLines
            case "text/csv", "text/*": return .csv
            case _: continue
            }
        }
        throw BoundaryError.notAcceptable("application/json, application/jsonl and text/csv")
    }

    private func short(_ request: Request, _ name: String) throws -> String? {
        guard let text = try request.parameter(name) else { return nil }
        guard APILimits.searchTextLength.contains(text.unicodeScalars.count) else {
            throw BoundaryError.badParameter(name, expected: "1 to \(APILimits.searchTextLength.upperBound) characters")
        }
        return text
    }

    /// Streams every record that `query` finds, from the oldest to the newest, a batch at a time.
    private func export(
        _ query: LogSearch, size: UInt64?, of log: LogID, type: String, header: String,
        line: @escaping @Sendable (AuditRecord) throws -> String
    ) -> Response {
        Response(
            status: .ok, headers: [.contentType: type],
            body: .init { writer in
                try await writer.write(ByteBuffer(string: header))
                var page = Page(limit: Int(APILimits.exportBatch))
                while true {
                    let found = try await self.log.search(query, in: log, page: page)
                    // An export of a tree of a given size ends where that tree does.
                    let items = found.items.filter { entry in size.map { entry.index < $0 } ?? true }
                    let lines = try await records(items, size: size, of: log).map(line)
                    try await writer.write(ByteBuffer(string: lines.joined()))
                    guard let next = found.next, items.count == found.items.count else { break }
                    page.cursor = next
                }
                try await writer.finish(nil)
            })
    }

    private func records(_ entries: [LogEntry], size: UInt64?, of log: LogID) async throws -> [AuditRecord] {
        var proofs: [[Hash]?] = []
        if let size { proofs = try await self.log.inclusions(of: entries.map(\.index), size: size, in: log) ?? [] }
        return try entries.enumerated().map { position, entry in
            let proof = proofs.indices.contains(position) ? proofs[position] : nil
            return try AuditRecord(entry, size: proof == nil ? nil : size, proof: proof?.map(\.base64))
        }
    }
}

extension AuditRecord {
    /// The part of the leaf that only the leaf holds.
    private struct Leaf: Decodable {
        let data: [String: JSONValue]
    }

    init(_ entry: LogEntry, size: UInt64?, proof: [String]?) throws {
        let leaf = try JSONDecoder().decode(Leaf.self, from: Data(entry.bytes))
        self.init(
            index: entry.index, time: entry.time.description, activity: entry.activity,
            actor: .init(id: entry.actor, name: entry.texts.first { $0.field == "actorName" }?.text),
            request: entry.request?.text,
            data: leaf.data,
            texts: entry.texts.reduce(into: [:]) { texts, text in
                texts[text.field] = .init(text: text.text, salt: Data(text.salt).base64EncodedString())
            },
            leaf: String(decoding: entry.bytes, as: UTF8.self), hash: entry.hash.base64, size: size, proof: proof)
    }
}

/// Audit records as a table (RFC 4180).
enum AuditTable {
    static let header = "index,time,activity,actor,actorName,request,data,texts,hash\r\n"

    static func row(_ record: AuditRecord) -> String {
        let texts = record.texts.keys.sorted().filter { $0 != "actorName" }.map { field in
            "\(field)=\(record.texts[field]?.text ?? "(erased)")"
        }
        let data = record.data.keys.sorted().map { "\($0)=\(plain(record.data[$0] ?? .null))" }
        return [
            String(record.index), record.time, record.activity, record.actor.id, record.actor.name ?? "",
            record.request ?? "",
            data.joined(separator: "; "), texts.joined(separator: "; "), record.hash,
        ].map(cell).joined(separator: ",") + "\r\n"
    }

    /// Quoted where needed. A cell that a spreadsheet would run as a formula is made text by an apostrophe.
    private static func cell(_ raw: String) -> String {
        let text = raw.first.map { "=+-@\t\r".contains($0) } ?? false ? "'" + raw : raw
        guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let flag): String(flag)
        case .integer(let number): String(number)
        case .string(let text): text
        case .array(let items): items.map(plain).joined(separator: "+")
        case .object(let members):
            members.keys.sorted().map { "\($0):\(plain(members[$0] ?? .null))" }.joined(separator: " ")
        }
    }
}
