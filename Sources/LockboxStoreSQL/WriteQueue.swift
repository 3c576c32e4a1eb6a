import Dispatch
import Foundation
import LockboxPorts
import Synchronization

/// The line before the one writer: bodies wait here, and a thread of their own takes up to a group
/// of them at a time.
///
/// The thread is not one of Swift's cooperative pool, whose threads must not wait for a disk.
package final class WriteQueue: Sendable {
    private struct State {
        var waiting: [WaitingWrite] = []
        var isClosed = false
        var hasEnded = false
        var whenEnded: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    /// Signalled when the line was empty and is not any more, and on closing.
    private let wakeUp = DispatchSemaphore(value: 0)

    /// Starts the thread. `commit` gets one group at a time, in the order of arrival; the thread
    /// keeps it, not us.
    package init(commit: @escaping @Sendable ([WaitingWrite]) -> Void) {
        let thread = Thread { [self] in
            while let group = next() { commit(group) }
            end()
        }
        thread.name = "lockbox-writer"
        thread.start()
    }

    /// Joins the line, or fails at once when it is closed or too long.
    package func submit(_ write: WaitingWrite) {
        enum Entry { case first, behindOthers, tooMany, closed }
        let entry = state.withLock { state -> Entry in
            if state.isClosed { return .closed }
            if state.waiting.count >= SQLLimits.waitingWrites { return .tooMany }
            state.waiting.append(write)
            return state.waiting.count == 1 ? .first : .behindOthers
        }
        switch entry {
        case .first: wakeUp.signal()
        case .behindOthers: break
        case .tooMany:
            write.fail(
                StoreError.unavailable("\(SQLLimits.waitingWrites) writes are waiting already")
            )
        case .closed: write.fail(StoreError.unavailable("the store is closed"))
        }
    }

    /// Runs `body` with others in its turn, and answers once its changes are durable.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit(
                WaitingWrite(
                    run: { connection in
                        let value = try body(connection)
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: $0) }
                )
            )
        }
    }

    /// Lets nobody else join. The thread commits those who wait and ends.
    package func close() {
        state.withLock { $0.isClosed = true }
        wakeUp.signal()
    }

    /// Closes, and returns when the thread has committed its last group.
    package func closeAndWait() async {
        close()
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.whenEnded.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// The next group; waits for one to form. Nil when the line is closed and empty.
    private func next() -> [WaitingWrite]? {
        while true {
            let (group, isClosed) = state.withLock { state in
                let group = Array(state.waiting.prefix(SQLLimits.groupSize))
                state.waiting.removeFirst(group.count)
                return (group, state.isClosed)
            }
            if !group.isEmpty { return group }
            if isClosed { return nil }
            wakeUp.wait()
        }
    }

    private func end() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.whenEnded = [] }
            return state.whenEnded
        }
        for continuation in waiting { continuation.resume() }
    }
}
