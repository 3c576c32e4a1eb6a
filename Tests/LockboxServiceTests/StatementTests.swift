import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Synchronization
import Testing

/// What a server wrote down of an access stands in the customer's log, once.
struct StatementTests {
    private static func piece(
        _ range: Range<Int>,
        _ statements: [(String, Int)],
        by username: String,
        at: Timestamp? = nil
    ) -> LogPiece {
        LogPiece(
            file: "a",
            range: range,
            statements: statements.map {
                LoggedStatement(
                    username: username,
                    at: at,
                    operation: ServiceOperation(.statement($0.0), isWrite: false),
                    end: $0.1
                )
            }
        )
    }

    private static func recorded(_ world: TestWorld) async throws -> [String] {
        world.clock.advance(by: .seconds(1))
        try await world.lockbox.closeOldBatches()
        return try await world.entries().filter { $0.activity == "access.operations" }.flatMap {
            entry in
            let lines = entry.texts.first { $0.field == "operations" }?.text ?? ""
            return lines.split(separator: "\n").compactMap { line in
                line.firstMatch(of: #/"statement":"([^"]*)"/#).map { String($0.1) }
            }
        }
    }

    private static func recorder(_ world: TestWorld, of service: ServiceID)
        -> (StatementRecorder, @Sendable () -> [String])
    {
        let dropped = Dropped()
        let recorder = StatementRecorder(world.lockbox, of: service) { name in
            dropped.names.withLock { $0.append(name) }
        }
        return (recorder, { dropped.names.withLock { $0 } })
    }

    private final class Dropped: Sendable { let names = Mutex<[String]>([]) }

    @Test func statementsThatTwoProcessesReadAreRecordedOnce() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            let name = credential.username
            let (recorder, dropped) = Self.recorder(world, of: credential.resource.service)
            let ran = world.clock.now() - .seconds(30)
            #expect(try await recorder.position(in: "a") == 0)
            let first = Self.piece(0..<200, [("one", 100), ("two", 200)], by: name, at: ran)
            #expect(try await recorder.record(first) == 200)
            // Another one read somewhat more, or less, at once.
            let longer = [("one", 100), ("two", 200), ("three", 300)]
            #expect(try await recorder.record(Self.piece(0..<300, longer, by: name)) == 300)
            #expect(try await recorder.record(first) == 300)
            // What is before it is missing.
            #expect(try await recorder.record(Self.piece(400..<500, [("x", 500)], by: name)) == 300)
            #expect(try await recorder.position(in: "a") == 300)
            // Logins that there are not, that are another service's, and that nobody has.
            let nobodys = "\(name.dropLast())9"
            for (other, end) in [("lbx-0000000000-1", 310), (nobodys, 320)] {
                let piece = Self.piece(300..<end, [("y", end)], by: other)
                #expect(try await recorder.record(piece) == end)
            }
            let elsewhere = Self.recorder(world, of: ServiceID(known: "other")).0
            await #expect(throws: (any Error).self, "no such service") {
                _ = try await elsewhere.record(Self.piece(0..<9, [("z", 9)], by: name))
            }
            #expect(try await Self.recorded(world) == ["one", "two", "three"])
            #expect(dropped() == ["lbx-0000000000-1", nobodys])
            let activities = try await world.activities(about: request.id)
            #expect(activities.filter { $0 == "access.used" }.count == 1, "\(activities)")
            let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.uses.map(\.count) == [3] && view.uses.map(\.first) == [ran])
            try await world.expectConsistentLogs()
        }
    }

    @Test func whatIsReadAfterTheEndIsRecordedUntilTheRemovalIsConfirmed() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            let (recorder, dropped) = Self.recorder(world, of: credential.resource.service)
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            let late = Self.piece(0..<100, [("late", 100)], by: credential.username)
            #expect(try await recorder.record(late) == 100)
            #expect(try await Self.recorded(world) == ["late"])
            let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.operations.map(\.reads) == [1] && view.uses.map(\.count) == [1])
            try await world.audited.write(by: .system, for: .ending) { change in
                for var removal in try change.tx.removals(of: request.id) {
                    removal.progress = .confirmed
                    try change.tx.save(removal)
                    change.emit(.access(.removalConfirmed(removal)))
                }
            }
            let after = Self.piece(100..<200, [("after", 200)], by: credential.username)
            #expect(try await recorder.record(after) == 200)
            #expect(try await Self.recorded(world) == ["late"])
            #expect(dropped() == [credential.username])
            try await world.expectConsistentLogs()
        }
    }
}
