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
            signedIn(.get, RouterPath(prefix + "/audit")) { request, context, caller in
                let log = try await readableLog(context, caller)
                return try await search(request, log, caller)
            },
            reading(prefix + "/log/checkpoint") { _, log in
                Self.text(try await self.log.checkpoint(of: log))
            },
            reading(prefix + "/log/key") { _, log in Self.text(self.log.verifierKey(of: log) + "\n")
            },
            reading(prefix + "/log/proof") { request, log in
                guard let index = try request.number("index") else {
                    throw BoundaryError.badParameter("index", expected: "given")
                }
                let size = try await self.size(request, "size", of: log)
                guard let found = try await self.log.inclusion(of: index, size: size, in: log)
                else {
                    throw Refusal.notFound(.auditRecord)
                }
                return try JSONAnswer.response(
                    InclusionProofBody(
                        index: index,
                        size: size,
                        hash: found.hash.base64,
                        proof: found.proof.map(\.base64)
                    )
                )
            },
            reading(prefix + "/log/consistency") { request, log in
                guard let from = try request.number("from") else {
                    throw BoundaryError.badParameter("from", expected: "given")
                }
                let to = try await self.size(request, "to", of: log)
                guard let proof = try await self.log.consistency(from: from, to: to, in: log) else {
                    throw Refusal.notFound(.auditRecord)
                }
                return try JSONAnswer.response(
                    ConsistencyProofBody(from: from, to: to, proof: proof.map(\.base64))
                )
            },
            readingFiles(prefix + "/log/tile/**"),
        ]
    }

    /// An endpoint for those who may read the log that the path names.
    private func reading(
        _ path: String,
        _ handler: @escaping @Sendable (Request, LogID) async throws -> Response
    ) -> Endpoint {
        signedIn(.get, RouterPath(path)) { request, context, caller in
            try await handler(request, try await readableLog(context, caller))
        }
    }

    private func readableLog(_ context: APIContext, _ caller: Person) async throws -> LogID {
        let tenant = context.parameters.get("id") == nil ? nil : try context.parameters.text("id")
        return try await lockbox.readableLog(tenant: tenant, by: caller)
    }

    private func readingFiles(_ path: String) -> Endpoint {
        reading(path) { request, log in
            guard let begin = request.uri.path.range(of: "/log/tile/") else {
                throw BoundaryError.noSuchPage
            }
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
                    .contentType: "application/octet-stream",
                    .cacheControl: "private, max-age=31536000, immutable",
                ],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes))
            )
        }
    }

    private static func text(_ text: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
    }

    private func size(_ request: Request, _ name: String, of log: LogID) async throws -> UInt64 {
        if let size = try request.number(name) { return size }
        return try await self.log.size(of: log)
    }

    // MARK: - Search and export

    private func search(_ request: Request, _ log: LogID, _ caller: Person) async throws
        -> Response
    {
        var query = LogSearch(
            from: try request.instant("from"),
            to: try request.instant("to"),
            activity: try short(request, "activity"),
            person: try short(request, "person"),
            text: try short(request, "text")
        )
        if let text = try request.parameter("request") {
            guard let id = AccessRequestID(text) else {
                throw BoundaryError.badParameter(
                    "request",
                    expected: "the identifier of an access request, such as LBX-7K3M9QPXAB"
                )
            }
            query.request = id
        }
        let size = try request.number("size")
        if let size, try await self.log.size(of: log) < size {
            throw BoundaryError.badParameter("size", expected: "a size that the log has reached")
        }
        switch try Self.form(request.headers[.accept]) {
        case .json:
            let page = try await self.log.search(
                query,
                in: log,
                page: try request.page(),
                for: caller.id
            )
            let records = try await self.log.records(page.items, size: size, of: log)
            return try JSONAnswer.response(List(items: records, next: page.next))
        case .jsonLines:
            return try export(query, size: size, of: log, as: .jsonLines, for: caller)
        case .csv:
            return try export(query, size: size, of: log, as: .csv, for: caller)
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
            throw BoundaryError.badParameter(
                name,
                expected: "1 to \(APILimits.searchTextLength.upperBound) characters"
            )
        }
        return text
    }

    /// Streams every record that `query` finds.
    private func export(
        _ query: LogSearch,
        size: UInt64?,
        of log: LogID,
        as form: LogExport.Form,
        for caller: Person
    ) throws -> Response {
        // Before the answer begins, which could not say any more that there is none.
        let place = try self.log.place(for: caller.id)
        return Response(
            status: .ok,
            headers: [.contentType: form.contentType],
            body: .init { writer in
                try await self.log.export(query, size: size, of: log, as: form, holding: place) {
                    try await writer.write(ByteBuffer(string: $0))
                }
                try await writer.finish(nil)
            }
        )
    }
}
