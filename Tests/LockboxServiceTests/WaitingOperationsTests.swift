import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxService

/// Operations that come at the same time are written together.
struct WaitingOperationsTests {
    private typealias Outcome = Result<Bool, any Error>

    private static let credential: CredentialID = Fixture.id(1)

    private static func operation(_ number: Int) -> ServiceOperation {
        ServiceOperation(.request(method: "GET", target: "/\(number)"), isWrite: false)
    }

    private static func outcome(
        of operation: ServiceOperation,
        in waiting: WaitingOperations,
        write: (OperationGroup) async throws -> Bool
    ) async -> Outcome {
        do {
            return .success(
                try await waiting.record(operation, of: credential, write: write)
            )
        } catch {
            return .failure(error)
        }
    }

    /// What becomes of `others` and the one before them, whose `write` begins when the others are
    /// there too.
    private static func together(
        _ others: ClosedRange<Int>,
        in waiting: WaitingOperations = WaitingOperations(),
        write: (OperationGroup) throws -> Bool
    ) async -> [Outcome] {
        await withTaskGroup(of: Outcome.self) { tasks in
            let first = await outcome(of: operation(0), in: waiting) { group in
                for number in others {
                    tasks.addImmediateTask {
                        await outcome(of: operation(number), in: waiting) { _ in
                            Issue.record("\(number) is written apart")
                            return false
                        }
                    }
                }
                return try write(group)
            }
            return await tasks.reduce(into: [first]) { $0.append($1) }
        }
    }

    @Test func oneWriteHasThemAllInOrderAndItsOutcomeIsEverybodys() async throws {
        for isRecorded in [true, false] {
            let outcomes = await Self.together(1...4) { group in
                #expect(group.close() == (0...4).map(Self.operation))
                #expect(group.close().count == 5, "a write may begin anew")
                return isRecorded
            }
            #expect(try outcomes.map { try $0.get() } == Array(repeating: isRecorded, count: 5))
        }
    }

    @Test func failureIsEverybodysAndTheNextOneIsWrittenAnew() async throws {
        let waiting = WaitingOperations()
        let outcomes = await Self.together(1...4, in: waiting) { _ in
            throw StoreError.unavailable("the disk is full")
        }
        #expect(outcomes.count == 5)
        for outcome in outcomes { #expect(throws: StoreError.self) { try outcome.get() } }
        let next = await Self.outcome(of: Self.operation(5), in: waiting) { group in
            #expect(group.close() == [Self.operation(5)])
            return true
        }
        #expect(try next.get())
    }

    /// What comes while the first is being written must not be taken for written.
    @Test func nothingJoinsWhatIsBeingWrittenAlready() async throws {
        let waiting = WaitingOperations()
        let first = try await waiting.record(Self.operation(0), of: Self.credential) { group in
            let written = group.close()
            let second = try await waiting.record(Self.operation(1), of: Self.credential) {
                #expect($0.close() == [Self.operation(1)])
                return false
            }
            #expect(second == false)
            return written == [Self.operation(0)]
        }
        #expect(first)
    }

    @Test func credentialsAreWrittenApart() async throws {
        let waiting = WaitingOperations()
        let first = try await waiting.record(Self.operation(0), of: Self.credential) { group in
            let other = try await waiting.record(Self.operation(1), of: Fixture.id(2)) {
                $0.close() == [Self.operation(1)]
            }
            #expect(other)
            return group.close() == [Self.operation(0)]
        }
        #expect(first)
    }

    @Test func groupIsNoLargerThanABatch() async throws {
        let group = OperationGroup(Self.operation(0))
        for number in 1..<Limits.operationsPerBatch {
            #expect(group.join(Self.operation(number)))
        }
        #expect(group.join(Self.operation(0)) == false)
        #expect(group.close().count == Limits.operationsPerBatch)
    }
}
