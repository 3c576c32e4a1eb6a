import Foundation
import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog
import NIOCore

/// Which log an endpoint is about: a tenant's or the provider's. Both have the same paths below
/// their own.
private enum LogOwner: CaseIterable {
    case tenant, provider

    var prefix: String {
        switch self {
        case .tenant: "/v1/tenants/{tenant}"
        case .provider: "/v1/provider"
        }
    }

    /// An operation on this log. `refuses` is what it can refuse besides that there is no such
    /// tenant.
    func operation(
        _ id: String,
        _ summary: String,
        path: String? = nil,
        takes parameters: [OperationDescription.Parameter] = [],
        answers: OperationDescription.Answer,
        refuses: Set<Refuses> = []
    ) -> TokenOperation {
        let isTenant = self == .tenant
        let own: [OperationDescription.Parameter] = isTenant ? [.tenant] : []
        return TokenOperation(
            isTenant ? id : id + "Provider",
            .audit,
            summary,
            needs: .read,
            path: path.map { prefix + $0 },
            takes: own + parameters,
            answers: answers,
            refuses: isTenant ? refuses.union([.notFound]) : refuses
        )
    }
}

extension API {
    var logEndpoints: [Route] {
        LogOwner.allCases.flatMap { logHeads(of: $0) + logProofs(of: $0) + [logFiles(of: $0)] }
            + [operations]
    }

    /// The search of one log, and its signed head (C2SP tlog-checkpoint).
    private func logHeads(of owner: LogOwner) -> [Route] {
        [
            reading(
                owner,
                "/audit",
                owner.operation(
                    "searchAudit",
                    "Search the audit log",
                    takes: OperationDescription.Parameter.search,
                    answers: Self.searchAnswer
                )
            ) { request, context, log, caller in
                try await search(request, context, log, caller)
            },
            reading(
                owner,
                "/log/checkpoint",
                owner.operation(
                    "getCheckpoint",
                    "The signed head of the log (C2SP tlog-checkpoint)",
                    takes: [.cosignatures],
                    answers: .text(
                        "A signed note. Its second signature tells when; others are by witnesses."
                    ),
                    refuses: [.notFound]
                )
            ) { request, _, log, _ in
                let needed = try request.number("cosignatures") ?? 0
                guard needed <= UInt64(LogWitness.most) else {
                    throw BoundaryError.badParameter(
                        "cosignatures",
                        expected: "from 0 to \(LogWitness.most)"
                    )
                }
                let note = try await self.log.checkpoint(
                    of: log,
                    cosignedBy: Int(needed),
                    at: clock.now()
                )
                guard let note else { throw Refusal.notFound(.auditRecord) }
                return Self.text(note)
            },
            reading(
                owner,
                "/log/key",
                owner.operation(
                    "getLogKey",
                    "The key that signs the log's checkpoints (C2SP vkey)",
                    answers: OperationDescription.Answer(
                        .ok,
                        "The newest key in one line, or with all changes that led to it.",
                        content: [
                            "text/plain": ["type": "string"],
                            "application/json": .schema("LogKey"),
                        ]
                    )
                )
            ) { request, _, log, _ in try await key(request, of: log) },
        ]
    }

    /// The key of `log` as `Accept` asks for it: text unless JSON is preferred.
    private func key(_ request: Request, of log: LogID) async throws -> Response {
        let key = try self.log.verifierKey(of: log).text
        let offered = [("text/plain", false), ("application/json", true)]
        guard let isJSON = AcceptedTypes(request.headers[.accept]).best(of: offered) else {
            throw BoundaryError.notAcceptable("text/plain and application/json")
        }
        guard isJSON else { return Self.text(key + "\n") }
        let changes = try await self.log.keyChanges(of: log).map { recorded in
            LogKeyBody.Change(
                index: recorded.index,
                key: recorded.change.key,
                previous: recorded.change.previous,
                signature: recorded.change.signature
            )
        }
        return try JSONAnswer.response(LogKeyBody(key: key, changes: changes))
    }

    private static var searchAnswer: OperationDescription.Answer {
        OperationDescription.Answer(
            .ok,
            "Records, newest first; a page, or as text the whole of what was found.",
            content: [
                "application/json": .schema("AuditRecordList"),
                "application/jsonl": ["type": "string"], "text/csv": ["type": "string"],
            ]
        )
    }

    /// What was done with access, which only tenants' logs have.
    private var operations: Route {
        reading(
            .tenant,
            "/log/operations/{index}",
            LogOwner.tenant.operation(
                "getOperations",
                "What was done, of one record access.operations",
                takes: [.recordIndex],
                answers: OperationDescription.Answer(
                    .ok,
                    "A line of JSON for each operation; the record commits to these bytes.",
                    content: ["application/jsonl": ["type": "string"]]
                ),
                refuses: [.notFound]
            )
        ) { _, context, log, _ in
            guard let index = try context.parameters.text("index").wholeNumber,
                let lines = try await self.log.operations(index, of: log)
            else { throw Refusal.notFound(.auditRecord) }
            return Response(
                status: .ok,
                headers: [.contentType: "application/jsonl"],
                body: .init(byteBuffer: ByteBuffer(string: lines))
            )
        }
    }

    /// Proofs within one log (RFC 9162 §2.1.3 and §2.1.4).
    private func logProofs(of owner: LogOwner) -> [Route] {
        [
            reading(
                owner,
                "/log/proof",
                owner.operation(
                    "getInclusionProof",
                    "Proof that a record is in the log",
                    takes: [.position("index"), .position("size")],
                    answers: .json("InclusionProof", "The proof."),
                    refuses: [.notFound]
                )
            ) { request, _, log, _ in
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
            reading(
                owner,
                "/log/consistency",
                owner.operation(
                    "getConsistencyProof",
                    "Proof that the log only grew",
                    takes: [.position("from"), .position("to")],
                    answers: .json("ConsistencyProof", "The proof."),
                    refuses: [.notFound]
                )
            ) { request, _, log, _ in
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
        ]
    }

    /// An endpoint for those who may read the log that the path names.
    private func reading(
        _ owner: LogOwner,
        _ path: String,
        _ operations: TokenOperation...,
        handler: @escaping @Sendable (Request, APIContext, LogID, Person) async throws -> Response
    ) -> Route {
        withToken(.get, RouterPath(owner.prefix + path), operations) { request, context, caller in
            let person = caller.person
            let log = try await lockbox.readableLog(tenant: try tenant(context), by: person)
            return try await handler(request, context, log, person)
        }
    }

    /// The tenant that the path names, if it names one.
    private func tenant(_ context: APIContext) throws -> String? {
        guard context.parameters.get("tenant") != nil else { return nil }
        return try context.parameters.text("tenant")
    }

    /// Tiles of hashes and bundles of entries (C2SP tlog-tiles).
    private func logFiles(of owner: LogOwner) -> Route {
        reading(
            owner,
            "/log/tile/**",
            owner.operation(
                "getTile",
                "A full tile of hashes (C2SP tlog-tiles)",
                path: "/log/tile/{level}/{index}",
                takes: [.level, .tileIndex],
                answers: .bytes("256 hashes."),
                refuses: [.notFound]
            ),
            owner.operation(
                "getPartialTile",
                "A partial tile of hashes",
                path: "/log/tile/{level}/{index}.p/{width}",
                takes: [.level, .tileIndex, .width],
                answers: .bytes("As many hashes as the width says."),
                refuses: [.notFound]
            ),
            owner.operation(
                "getEntries",
                "A full bundle of entries",
                path: "/log/tile/entries/{index}",
                takes: [.tileIndex],
                answers: .bytes("256 entries, each after its length as two bytes."),
                refuses: [.notFound]
            ),
            owner.operation(
                "getPartialEntries",
                "A partial bundle of entries",
                path: "/log/tile/entries/{index}.p/{width}",
                takes: [.tileIndex, .width],
                answers: .bytes("As many entries as the width says."),
                refuses: [.notFound]
            )
        ) { request, _, log, _ in
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

    private func search(
        _ request: Request,
        _ context: APIContext,
        _ log: LogID,
        _ caller: Person
    ) async throws -> Response {
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
            let wanted = try request.page()
            let list = try await context.untilClientLeaves { [query] in
                let page = try await self.log.search(query, in: log, page: wanted, for: caller.id)
                let records = try await self.log.records(page.items, size: size, of: log)
                return List(items: records, next: page.next)
            }
            return try JSONAnswer.response(list)
        case .jsonLines:
            return try export(query, size, log, .jsonLines, caller, request, context)
        case .csv:
            let mark = try request.flag("bom") ?? false
            let form = LogExport.Form.csv(byteOrderMark: mark)
            return try export(query, size, log, form, caller, request, context)
        }
    }

    private enum Form {
        case json, jsonLines, csv
    }

    /// The form that `Accept` asks for; JSON unless another one is preferred.
    private static func form(_ accept: String?) throws -> Form {
        let offered: [(String, Form)] = [
            ("application/json", .json), ("application/jsonl", .jsonLines),
            ("application/x-ndjson", .jsonLines), ("text/csv", .csv),
        ]
        guard let best = AcceptedTypes(accept).best(of: offered) else {
            throw BoundaryError.notAcceptable("application/json, application/jsonl and text/csv")
        }
        return best
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
        _ size: UInt64?,
        _ log: LogID,
        _ form: LogExport.Form,
        _ caller: Person,
        _ request: Request,
        _ context: APIContext
    ) throws -> Response {
        // Before the answer begins, which could not say any more that there is none.
        let place = try self.log.exportPlace(of: log, for: caller.id, at: clock.now())
        let tenant = try tenant(context)
        let token = request.headers[.authorization]?.bearerToken ?? ""
        return Response(
            status: .ok,
            headers: [.contentType: form.contentType],
            body: .init { writer in
                try await self.log.export(
                    query,
                    size: size,
                    of: log,
                    as: form,
                    holding: place,
                    isWanted: {
                        try context.checkPresence()
                        // A role or a token that was taken away meanwhile ends it in the middle.
                        let reader = try await checked(token, of: request, context, needing: .read)
                        _ = try await lockbox.readableLog(tenant: tenant, by: reader.person)
                    },
                    to: { try await writer.write(ByteBuffer(bytes: $0)) }
                )
                try await writer.finish(nil)
            }
        )
    }
}
