import Foundation
import HTTPTypes
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWire
import MerkleLog
import Testing

/// The audit logs: search, export, and the files and proofs that a verifier asks for.
struct LogTests {
    /// A log with the operations that read it.
    struct Place: Sendable, CustomTestStringConvertible {
        let log: LogID
        let parts: [String: String]
        let reader: Person
        let readers: [Person]
        /// Who may read it in part but not the log, and for whom it does not exist.
        let forbidden: [Person]
        let blind: [Person]
        let audit, checkpoint, key, tile, partialTile, entries, partialEntries: String
        let proof, consistency: String

        var testDescription: String { log.logName }
        var origin: String {
            "lockbox.example-cloud.test"
                + checkpoint.dropFirst("GET ".count).dropLast("/checkpoint".count)
                .replacing("{tenant}", with: "contoso")
        }
        var all: [String] {
            [
                audit, checkpoint, key, tile, partialTile, entries, partialEntries, proof,
                consistency,
            ]
        }
    }

    private static let contoso = Place(
        log: .tenant(Fixture.contoso.id),
        parts: ["tenant": "contoso"],
        reader: Fixture.uma,
        readers: [Fixture.adam, Fixture.gita, Fixture.uma],
        forbidden: [Fixture.sue, Fixture.tom],
        blind: [Fixture.frida, Fixture.finn, Fixture.eve, Fixture.mark, Fixture.vera],
        audit: "GET /v1/tenants/{tenant}/audit",
        checkpoint: "GET /v1/tenants/{tenant}/log/checkpoint",
        key: "GET /v1/tenants/{tenant}/log/key",
        tile: "GET /v1/tenants/{tenant}/log/tile/{level}/{index}",
        partialTile: "GET /v1/tenants/{tenant}/log/tile/{level}/{index}.p/{width}",
        entries: "GET /v1/tenants/{tenant}/log/tile/entries/{index}",
        partialEntries: "GET /v1/tenants/{tenant}/log/tile/entries/{index}.p/{width}",
        proof: "GET /v1/tenants/{tenant}/log/proof",
        consistency: "GET /v1/tenants/{tenant}/log/consistency"
    )
    private static let provider = Place(
        log: .provider,
        parts: [:],
        reader: Fixture.vera,
        readers: [Fixture.mark, Fixture.olga, Fixture.vera, Fixture.max],
        forbidden: [Fixture.eve],
        blind: [Fixture.gita, Fixture.frida, Fixture.sue],
        audit: "GET /v1/provider/audit",
        checkpoint: "GET /v1/provider/log/checkpoint",
        key: "GET /v1/provider/log/key",
        tile: "GET /v1/provider/log/tile/{level}/{index}",
        partialTile: "GET /v1/provider/log/tile/{level}/{index}.p/{width}",
        entries: "GET /v1/provider/log/tile/entries/{index}",
        partialEntries: "GET /v1/provider/log/tile/entries/{index}.p/{width}",
        proof: "GET /v1/provider/log/proof",
        consistency: "GET /v1/provider/log/consistency"
    )
    private static let places = [contoso, provider]

    private static func ask(
        _ api: APIWorld,
        _ place: Place,
        _ operation: String,
        _ parts: [String: String] = [:],
        query: [(String, String)] = [],
        as person: Person? = nil,
        accept: String? = nil
    ) async throws -> Answer {
        // An index of many digits has slashes in it, which are the path's own.
        try await api.ask(
            operation,
            place.parts.merging(parts) { $1 },
            query: query,
            as: person ?? place.reader,
            headers: accept.map { [.accept: $0] } ?? [:]
        )
    }

    /// Parts that every path of a log has a place for.
    private static let parts = ["level": "0", "index": "000", "width": "1"]

    @Test(arguments: places)
    func everyFileIsForThoseWhoMayReadTheLog(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            try await api.world.grow(place.log, by: 260)
            let query = [
                ("index", "0"), ("size", "1"), ("from", "0"), ("to", "1"),
            ]
            for operation in place.all {
                // The search reads `from` and `to` as times.
                let query = operation == place.audit ? [] : query
                for person in place.readers {
                    let answer = try await Self.ask(
                        api,
                        place,
                        operation,
                        Self.parts,
                        query: query,
                        as: person
                    )
                    #expect(answer.status == 200, "\(operation) \(person.name): \(answer.text)")
                }
                for person in place.forbidden {
                    let answer = try await Self.ask(
                        api,
                        place,
                        operation,
                        Self.parts,
                        query: query,
                        as: person
                    )
                    try answer.expectProblem(403, "notPermitted")
                }
                for person in place.blind {
                    let answer = try await Self.ask(
                        api,
                        place,
                        operation,
                        Self.parts,
                        query: query,
                        as: person
                    )
                    try answer.expectProblem(404, "notFound")
                }
            }
        }
    }

    // MARK: - Files

    @Test(arguments: places)
    func checkpointIsSignedByTheKeyThatIsShown(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            let key = try await Self.ask(api, place, place.key)
            let note = try await Self.ask(api, place, place.checkpoint)
            for answer in [key, note] {
                #expect(answer.status == 200)
                #expect(answer.headers[.contentType] == "text/plain; charset=utf-8")
            }
            #expect(key.text.hasSuffix("\n"))
            let checkpoint = try Checkpoint(
                opening: SignedNote(parsing: note.bytes),
                origin: place.origin,
                logKey: try VerifierKey(parsing: String(key.text.dropLast()))
            )
            let head = try await api.world.store.read { tx in try tx.head(of: place.log) }
            #expect(checkpoint.head.size == head.size)
        }
    }

    @Test(arguments: places)
    func tilesAndBundlesAreWhatTheLogHolds(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            try await api.world.grow(place.log, by: 260)
            let entries = try await api.world.entries(of: place.log)
            let hashes = entries.map(\.hash)
            let full = try await Self.ask(api, place, place.tile, ["level": "0", "index": "000"])
            #expect(full.status == 200)
            #expect(full.headers[.contentType] == "application/octet-stream")
            #expect(full.bytes == Tile.encode(Array(hashes[0..<256])))
            let partial = try await Self.ask(
                api,
                place,
                place.partialTile,
                ["level": "0", "index": "001", "width": "3"]
            )
            #expect(partial.bytes == Tile.encode(Array(hashes[256..<259])))
            let bundle = try await Self.ask(api, place, place.entries, ["index": "000"])
            #expect(bundle.bytes == (try EntryBundle.encode(entries[0..<256].map(\.bytes))))
            let rest = try await Self.ask(
                api,
                place,
                place.partialEntries,
                ["index": "001", "width": "2"]
            )
            #expect(rest.bytes == (try EntryBundle.encode(entries[256..<258].map(\.bytes))))
        }
    }

    @Test(arguments: places)
    func fileThatTheLogDoesNotHaveIsNoPage(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            for (operation, parts) in [
                (place.tile, ["level": "0", "index": "000"]),
                (place.tile, ["level": "0", "index": "0"]),
                (place.tile, ["level": "64", "index": "000"]),
                (place.tile, ["level": "00", "index": "000"]),
                (place.partialTile, ["level": "0", "index": "000", "width": "255"]),
                (place.partialTile, ["level": "0", "index": "000", "width": "256"]),
                (place.partialTile, ["level": "0", "index": "000", "width": "0"]),
                (place.entries, ["index": "000"]), (place.entries, ["index": "x"]),
                (place.partialEntries, ["index": "000", "width": "255"]),
            ] {
                let answer = try await Self.ask(api, place, operation, parts)
                try answer.expectProblem(404, "notFound")
            }
        }
    }

    // MARK: - Proofs

    @Test(arguments: places)
    func proofsLeadToTheRoot(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            try await api.world.grow(place.log, by: 9)
            let head = try await api.world.store.read { tx in try tx.head(of: place.log) }
            let range = try #require(CompactRange(size: head.size, hashes: head.range))
            let found = try await Self.ask(
                api,
                place,
                place.proof,
                query: [("index", "2"), ("size", "\(head.size)")]
            ).json(200)
            #expect(found.members == ["hash", "index", "proof", "size"])
            #expect(found["index"] == 2)
            #expect(found["size"] == .integer(Int64(head.size)))
            let entries = try await api.world.entries(of: place.log)
            #expect(found["hash"].text == entries[2].hash.base64)
            try MerkleProof.verifyInclusion(
                leaf: entries[2].hash,
                index: 2,
                size: head.size,
                proof: Self.hashes(found["proof"]),
                root: range.root
            )
            let grown = try await Self.ask(
                api,
                place,
                place.consistency,
                query: [("from", "3"), ("to", "\(head.size)")]
            ).json(200)
            #expect(grown.members == ["from", "proof", "to"])
            var earlier = CompactRange()
            for entry in entries[0..<3] { earlier.append(entry.hash) }
            try MerkleProof.verifyConsistency(
                from: 3,
                fromRoot: earlier.root,
                to: head.size,
                toRoot: range.root,
                proof: Self.hashes(grown["proof"])
            )
        }
    }

    private static func hashes(_ list: JSONValue) -> [Hash] {
        list.items.compactMap { item in
            item.text.flatMap { Data(base64Encoded: $0) }.flatMap { Hash(bytes: $0) }
        }
    }

    @Test(arguments: places)
    func proofsOfTheLogAsItIsNowNeedNoSize(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            // The reader's token is issued before, so that asking does not make the log grow.
            _ = try await Self.ask(api, place, place.key)
            let size = try await api.log.size(of: place.log)
            let proof = try await Self.ask(api, place, place.proof, query: [("index", "0")])
            #expect(try proof.json(200)["size"] == .integer(Int64(size)))
            let grown = try await Self.ask(api, place, place.consistency, query: [("from", "0")])
            #expect(try grown.json(200)["to"] == .integer(Int64(size)))
        }
    }

    @Test(arguments: places)
    func proofThatCannotBeIsRefused(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            let none = try await Self.ask(api, place, place.proof)
            try none.expectProblem(400, "badParameter", field: "index")
            let nowhere = try await Self.ask(api, place, place.consistency)
            try nowhere.expectProblem(400, "badParameter", field: "from")
            for (operation, name) in [(place.proof, "index"), (place.consistency, "from")] {
                for number in ["-1", "x", "9223372036854775808", "18446744073709551616"] {
                    let answer = try await Self.ask(
                        api,
                        place,
                        operation,
                        query: [(name, number)]
                    )
                    try answer.expectProblem(400, "badParameter", field: name)
                }
            }
            for (operation, query) in [
                (place.proof, [("index", "1"), ("size", "1")]),
                (place.proof, [("index", "0"), ("size", "9223372036854775807")]),
                (place.consistency, [("from", "2"), ("to", "1")]),
                (place.consistency, [("from", "0"), ("to", "9223372036854775807")]),
            ] {
                let answer = try await Self.ask(api, place, operation, query: query)
                try answer.expectProblem(404, "notFound")
            }
        }
    }

    // MARK: - Search and export

    @Test func searchFindsTheNewestFirst() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id
            let place = Self.contoso
            let list = try await Self.ask(
                api,
                place,
                place.audit,
                query: [("request", id.text)]
            ).json(200)
            #expect(list["next"] == .null)
            let record = list["items"][0]
            #expect(
                record.members == [
                    "activity", "actor", "data", "hash", "index", "leaf", "request", "texts",
                    "time",
                ]
            )
            #expect(record["activity"] == "request.submitted")
            #expect(record["actor"] == ["id": .string(Fixture.eve.id.text), "name": "Eve Park"])
            #expect(record["request"] == .string(id.text))
            #expect(record["time"] == instant())
            let page = try await Self.ask(api, place, place.audit, query: [("limit", "2")])
                .json(200)
            let indices = page["items"].items.map { $0["index"] }
            let size = Int64(try await api.log.size(of: place.log))
            #expect(indices == [.integer(size - 1), .integer(size - 2)])
            let next = try #require(page["next"].text)
            let rest = try await Self.ask(
                api,
                place,
                place.audit,
                query: [("limit", "1"), ("cursor", next)]
            ).json(200)
            #expect(rest["items"][0]["index"] == .integer(size - 3))
        }
    }

    @Test func searchIsNarrowedByEachParameter() async throws {
        try await APIWorld.with { api async throws in
            let place = Self.contoso
            _ = try await Self.ask(api, place, place.key)
            api.world.clock.advance(by: .hours(1))
            _ = try await api.world.submitted { $0.reason = "A reason that nobody else has." }
            let later = (Fixture.now + .hours(1)).description
            let all = Int(try await api.log.size(of: place.log))
            for (name, value, count) in [
                ("activity", "request.submitted", 1), ("activity", "nothing", 0),
                ("from", later, 1), ("to", later, all - 1), ("person", Fixture.eve.id.text, 1),
                ("text", "nobody else", 1), ("text", "nobody at all", 0),
                ("request", "LBX-0000000000", 0),
            ] {
                let list = try await Self.ask(
                    api,
                    place,
                    place.audit,
                    query: [(name, value), ("limit", "200")]
                ).json(200)
                #expect(list["items"].items.count == count, "\(name)=\(value)")
            }
        }
    }

    @Test func recordsOfASizeComeWithTheirProofs() async throws {
        try await APIWorld.with { api async throws in
            let place = Self.contoso
            let list = try await Self.ask(
                api,
                place,
                place.audit,
                query: [("size", "3"), ("limit", "200")]
            ).json(200)
            for record in list["items"].items {
                guard case .integer(let index) = record["index"] else { continue }
                #expect(record["size"] == (index < 3 ? 3 : .missing))
                #expect((record["proof"] == .missing) == (index >= 3))
            }
        }
    }

    @Test(arguments: places)
    func exportOfATreeEndsWhereTheTreeDoes(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            try await api.world.grow(place.log, by: 5)
            let answer = try await Self.ask(
                api,
                place,
                place.audit,
                query: [("size", "3")],
                accept: "application/jsonl"
            )
            let records = try answer.text.split(separator: "\n").map {
                try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8))
            }
            #expect(records.map { $0["index"] } == [0, 1, 2])
            #expect(records.allSatisfy { $0["size"] == 3 })
        }
    }

    @Test func oneExportMoreThanADayAllowsIsToldWhenItGoesOn() async throws {
        try await APIWorld.with { api async throws in
            let place = Self.contoso
            func export(_ reader: Person) async throws -> Answer {
                try await Self.ask(
                    api,
                    place,
                    place.audit,
                    query: [("size", "1")],
                    as: reader,
                    accept: "application/jsonl"
                )
            }
            for _ in 0..<Limits.exportsPerDay {
                #expect(try await export(place.reader).status == 200)
            }
            let answer = try await export(place.reader)
            try answer.expectProblem(429, "dailyLimitReached")
            #expect(answer.headers[.retryAfter] == "\(24 * 3600)")
            #expect(try await export(Fixture.adam).status == 200)
        }
    }

    @Test(arguments: places)
    func parameterThatMeansNothingIsNamed(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            for (name, value) in [
                ("from", "yesterday"), ("to", "2026-11-23"), ("request", "SR-1001"),
                ("activity", ""), ("person", String(repeating: "x", count: 201)),
                ("text", "a\nb"), ("size", "x"), ("size", "1000000"),
            ] {
                let answer = try await Self.ask(api, place, place.audit, query: [(name, value)])
                try answer.expectProblem(400, "badParameter", field: name)
            }
        }
    }

    @Test(arguments: places)
    func formIsWhatAcceptAsksFor(_ place: Place) async throws {
        try await APIWorld.with { api async throws in
            _ = try await Self.ask(api, place, place.key)
            let size = Int(try await api.log.size(of: place.log))
            for (accept, type) in [
                ("application/json", "application/json"), ("*/*", "application/json"),
                ("application/jsonl", "application/jsonl"),
                ("application/x-ndjson;q=0.9", "application/jsonl"),
                ("image/png, text/csv", "text/csv; charset=utf-8; header=present"),
            ] {
                let answer = try await Self.ask(api, place, place.audit, accept: accept)
                #expect(answer.status == 200)
                #expect(answer.headers[.contentType] == type, "\(accept)")
                switch type {
                case "application/json": _ = try answer.json(200)
                case "application/jsonl":
                    let lines = answer.text.split(separator: "\n")
                    #expect(lines.count == size)
                    let first = try JSONDecoder().decode(JSONValue.self, from: Data(lines[0].utf8))
                    #expect(first["index"] == 0)
                default:
                    #expect(answer.text.hasPrefix("index,time,activity,actor,"))
                    #expect(answer.text.components(separatedBy: "\r\n").count >= size + 2)
                }
            }
            let answer = try await Self.ask(api, place, place.audit, accept: "image/png")
            try answer.expectProblem(406, "notAcceptable")
        }
    }
}
