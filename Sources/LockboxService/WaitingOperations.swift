import LockboxDomain
import Synchronization

/// Operations that wait for the store's one writer, gathered by credential: what is done at the same
/// time with one credential is written in one piece, with one look at its access.
final class WaitingOperations: Sendable {
    private let open = Mutex<[CredentialID: OperationGroup]>([:])

    /// Records `operation`, and says whether it was. `write` is called for the first of a group,
    /// and writes all that `close` of the group returns, or nothing: the others hear what it
    /// returned, or threw.
    func record(
        _ operation: ServiceOperation,
        of credential: CredentialID,
        write: (OperationGroup) async throws -> Bool
    ) async throws -> Bool {
        let (group, isFirst) = open.withLock { open in
            if let group = open[credential], group.join(operation) { return (group, false) }
            let group = OperationGroup(operation)
            open[credential] = group
            return (group, true)
        }
        guard isFirst else { return try await group.outcome() }
        let outcome: Result<Bool, any Error>
        do {
            outcome = .success(try await write(group))
        } catch {
            outcome = .failure(error)
        }
        open.withLock { if $0[credential] === group { $0[credential] = nil } }
        group.end(outcome)
        return try outcome.get()
    }
}

/// Operations of one credential that are written together.
final class OperationGroup: Sendable {
    private struct State {
        var operations: [ServiceOperation]
        var isClosed = false
        var outcome: Result<Bool, any Error>?
        var waiting: [CheckedContinuation<Bool, any Error>] = []
    }

    private let state: Mutex<State>

    init(_ first: ServiceOperation) { state = Mutex(State(operations: [first])) }

    /// Adds an operation; false where it must go into another group.
    func join(_ operation: ServiceOperation) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.operations.count < Limits.operationsPerBatch else {
                return false
            }
            state.operations.append(operation)
            return true
        }
    }

    /// All operations in the order in which they came; none is added from now on. The same ones
    /// each time, because a write may have to begin anew.
    func close() -> [ServiceOperation] {
        state.withLock { state in
            state.isClosed = true
            return state.operations
        }
    }

    func end(_ outcome: Result<Bool, any Error>) {
        let waiting = state.withLock { state in
            state.isClosed = true
            state.outcome = outcome
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(with: outcome) }
    }

    /// What became of the write, when it is over.
    func outcome() async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.waiting.append(continuation) }
                return state.outcome
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }
}
