import LockboxDomain
import Synchronization
import Testing

@testable import LockboxIdentity

struct FairTurnsTests {
    /// One turn at once, taken until `open`; who went through, in order.
    private final class Door: Sendable {
        let turns: FairTurns
        let through = Mutex<[String]>([])
        private let gate = AsyncStream.makeStream(of: Void.self)

        init(perKey: Int = 16, inAll: Int = 256) {
            turns = FairTurns(atOnce: 1, perKey: perKey, inAll: inAll)
        }

        func hold() async throws {
            try await turns.run("holder") { for await _ in gate.stream { break } }
        }

        func open() { gate.continuation.finish() }

        func go(_ key: String) async throws {
            try await turns.run(key) { through.withLock { $0.append(key) } }
        }
    }

    /// Who is refused of those that ask one after the other while the only turn is taken, and who
    /// goes through afterwards.
    private static func ask(_ keys: [String], of door: Door) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                try await door.hold()
                return nil
            }
            while door.turns.free > 0 { await Task.yield() }
            for (number, key) in keys.enumerated() {
                group.addTask {
                    do {
                        try await door.go(key)
                        return nil
                    } catch Refusal.tooManyAttempts {
                        return key
                    }
                }
                while door.turns.asked < number + 2 { await Task.yield() }
            }
            door.open()
            return try await group.reduce(into: []) { if let key = $1 { $0.append(key) } }
        }
    }

    @Test func oneKeyKeepsAnotherWaitingForOneOfItsOwn() async throws {
        let door = Door()
        let refused = try await Self.ask(["a", "a", "a", "a", "b", "b", "c"], of: door)
        #expect(refused == [])
        #expect(door.through.withLock { $0 } == ["a", "b", "c", "a", "b", "a", "a"])
    }

    @Test func oneKeyHasOnlySoManyPlaces() async throws {
        let door = Door(perKey: 3)
        let refused = try await Self.ask(["a", "a", "a", "a", "b", "a"], of: door)
        #expect(refused == ["a", "a"])
        #expect(door.through.withLock { $0 } == ["a", "b", "a", "a"])
    }

    @Test func whoWaitsMostGivesUpAPlaceToWhoWaitsLess() async throws {
        let door = Door(perKey: 3, inAll: 4)
        let refused = try await Self.ask(["a", "a", "a", "b", "c", "d", "e"], of: door)
        #expect(refused == ["a", "a", "e"], "all places are taken by keys that wait for one each")
        #expect(door.through.withLock { $0 } == ["a", "b", "c", "d"])
    }

    @Test func whoLeavesGivesUpThePlace() async throws {
        let door = Door(perKey: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await door.hold() }
            while door.turns.free > 0 { await Task.yield() }
            let leaving = Task { try await door.go("a") }
            while door.turns.waiting < 1 { await Task.yield() }
            leaving.cancel()
            await #expect(throws: CancellationError.self) { try await leaving.value }
            group.addTask { try await door.go("a") }
            while door.turns.waiting < 1 { await Task.yield() }
            door.open()
            try await group.waitForAll()
        }
        #expect(door.through.withLock { $0 } == ["a"])
        #expect(door.turns.free == 1)
    }
}
