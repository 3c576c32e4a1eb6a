import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What is done with access stands in the customer's log, some of it together.
struct OperationTests {
    private static func get(_ target: String) -> ServiceOperation {
        ServiceOperation(.request(method: "GET", target: target), isWrite: false)
    }

    private static func with(
        _ body: @Sendable (TestWorld, AccessRequest, Credential) async throws -> Void
    ) async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            try await body(world, request, try await world.credential(for: request).credential)
            try await world.expectConsistentLogs()
        }
    }

    private static func batches(_ world: TestWorld) async throws -> [LogEntry] {
        try await world.entries().filter { $0.activity == "access.operations" }
    }

    private static func text(_ entry: LogEntry) -> String {
        entry.texts.first { $0.field == "operations" }?.text ?? ""
    }

    private static func leaf(_ entry: LogEntry) throws -> [String: Any] {
        let leaf = try JSONSerialization.jsonObject(with: Data(entry.bytes)) as? [String: Any]
        return try #require(leaf?["data"] as? [String: Any])
    }

    @Test func operationsThatComeTogetherAreOneRecord() async throws {
        try await Self.with { world, request, credential in
            #expect(try await world.lockbox.recordOperation(Self.get("/a?x=1"), of: credential))
            world.clock.advance(by: TimeSpan(milliseconds: 300))
            let put = ServiceOperation(.request(method: "PUT", target: "/a"), isWrite: true)
            #expect(try await world.lockbox.recordOperation(put, of: credential))
            try await world.lockbox.closeOldBatches()
            #expect(try await Self.batches(world) == [], "more may follow")
            world.clock.advance(by: TimeSpan(milliseconds: 400))
            try await world.lockbox.closeOldBatches()
            try await world.lockbox.closeOldBatches()
            let batch = try #require(try await Self.batches(world).first)
            #expect(try await Self.batches(world).count == 1)
            #expect(batch.actor == "system")
            #expect(batch.request == request.id)
            let data = try Self.leaf(batch)
            #expect(data["count"] as? Int == 2)
            #expect(data["reads"] as? Int == 1)
            #expect(data["writes"] as? Int == 1)
            #expect(data["grant"] as? String == credential.grant.text)
            let lines = Self.text(batch).split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.contains(#""method":"GET","path":"/a?x=1""#) == true)
            #expect(String(decoding: batch.bytes, as: UTF8.self).contains("/a") == false)
            let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(
                view.operations == [
                    OperationTotal(
                        service: credential.resource.service,
                        subject: "/a",
                        reads: 1,
                        writes: 1
                    )
                ]
            )
            #expect(view.uses.map(\.count) == [2])
        }
    }

    @Test func fullBatchIsClosedAtOnce() async throws {
        try await Self.with { world, _, credential in
            let lockbox = world.lockbox
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<Limits.operationsPerBatch + 3 {
                    group.addTask {
                        try await lockbox.recordOperation(Self.get("/\(number)"), of: credential)
                    }
                }
                for try await isRecorded in group { #expect(isRecorded) }
            }
            #expect(
                try await Self.batches(world).map { try Self.leaf($0)["count"] as? Int } == [
                    Limits.operationsPerBatch
                ]
            )
            // Large ones fill it sooner.
            let large = ServiceOperation(
                .statement(String(repeating: "é", count: 20_000)),
                isWrite: true
            )
            for _ in 0..<8 { #expect(try await lockbox.recordOperation(large, of: credential)) }
            let second = try #require(try await Self.batches(world).last)
            #expect(try Self.leaf(second)["count"] as? Int == 11)
            #expect(Self.text(second).contains(#""length":40000"#), "only the beginning is kept")
        }
    }

    @Test func recordOfTheEndComesAfterWhatWasDone() async throws {
        try await Self.with { world, request, credential in
            #expect(try await world.lockbox.recordOperation(Self.get("/last"), of: credential))
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            #expect(
                try await world.activities(about: request.id).suffix(2) == [
                    "access.operations", "access.ended",
                ]
            )
            #expect(
                try await world.lockbox.recordOperation(Self.get("/late"), of: credential) == false
            )
            #expect(try await Self.batches(world).count == 1)
        }
        try await Self.with { world, request, credential in
            #expect(try await world.lockbox.recordOperation(Self.get("/last"), of: credential))
            world.clock.advance(by: .hours(9))
            _ = try await world.lockbox.expireDue()
            let activities = try await world.activities(about: request.id)
            #expect(activities.suffix(2) == ["access.operations", "access.ended"])
        }
    }

    @Test func queryIsNotInTheTotals() {
        for (target, subject) in [
            ("/a?\u{301}sue", "/a"), ("/a#b", "/a"), ("/a\u{202e}b", "/a\u{fffd}b"),
        ] { #expect(Self.get(target).subject == subject) }
        #expect(ServiceOperation(.statement("  select 1"), isWrite: false).subject == "select")
    }

    /// A crash leaves operations that are durable and in no record. Whoever starts next finds them.
    @Test func whatWaitedWhileNothingRanIsClosedLater() async throws {
        try await Self.with { world, _, credential in
            #expect(try await world.lockbox.recordOperation(Self.get("/a"), of: credential))
            world.clock.advance(by: .minutes(5))
            #expect(try await world.lockbox.recordOperation(Self.get("/b"), of: credential))
            let batch = try #require(try await Self.batches(world).first)
            #expect(try Self.leaf(batch)["count"] as? Int == 2, "the next one closes it")
        }
    }

    @Test func credentialInAPathIsNotKept() async throws {
        try await Self.with { world, _, credential in
            let secret = "lbc_" + String(repeating: "0a", count: 32)
            let target = "/x/\(secret)?token=\(secret.uppercased())&t=lbc%5F\(secret.dropFirst(4))"
            #expect(try await world.lockbox.recordOperation(Self.get(target), of: credential))
            world.clock.advance(by: .seconds(1))
            try await world.lockbox.closeOldBatches()
            let batch = try #require(try await Self.batches(world).first)
            #expect(Self.text(batch).contains("/x/lbc_…?token=lbc_…&t=lbc_…\""))
            let totals = try await world.store.read { try $0.operationTotals(of: credential.grant) }
            #expect(totals.map(\.subject) == ["/x/lbc_…"])
        }
    }

    @Test func erasedBatchLeavesTheLogWhole() async throws {
        try await Self.with { world, _, credential in
            #expect(try await world.lockbox.recordOperation(Self.get("/sue"), of: credential))
            world.clock.advance(by: .seconds(1))
            try await world.lockbox.closeOldBatches()
            let batch = try #require(try await Self.batches(world).first)
            func found() async throws -> Int {
                var search = LogSearch()
                search.text = "/sue"
                return try await world.store.read { [search] tx in
                    try tx.search(search, in: batch.log, page: ListPage(limit: 9)).items.count
                }
            }
            #expect(try await found() == 1)
            let request = try #require(batch.request)
            try await world.audited.write(by: .person(Fixture.gita)) { change in
                change.emit(
                    .directory(
                        .textsErased(
                            TextErasure(
                                tenant: Fixture.contoso.id,
                                texts: [
                                    .init(
                                        index: batch.index,
                                        fields: ["operations"],
                                        request: request,
                                        supportRequest: nil
                                    )
                                ],
                                cause: .asked(reason: "Asked for.")
                            )
                        )
                    )
                )
            }
            #expect(try await found() == 0)
            // What was done is counted still, and to what is gone too.
            let totals = try await world.store.read { try $0.operationTotals(of: credential.grant) }
            #expect(totals.map(\.subject) == [nil] && totals.map(\.reads) == [1])
        }
    }
}
