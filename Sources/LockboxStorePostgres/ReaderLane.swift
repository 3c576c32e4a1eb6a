import Dispatch
import Foundation
import LockboxLibpq
import LockboxPorts
import LockboxStoreSQL
import Synchronization

/// A read that waits for its turn, and the way back to its caller.
struct WaitingRead: Sendable {
    /// Answers the caller.
    let run: @Sendable (PostgresLink) -> Void
    /// Answers the caller with an error.
    let fail: @Sendable (any Error) -> Void
}

/// The line before the readers of one lane. Each has a connection and a thread of its own, which is
/// not one of Swift's cooperative pool: those must not wait for a server.
final class ReaderLane: Sendable {
    private struct State {
        var waiting: [WaitingRead] = []
        var threads = 0
        /// Threads that wait for a read.
        var idle = 0
        var isClosed = false
        var whenEnded: [CheckedContinuation<Void, Never>] = []
    }

    private let address: PostgresAddress
    private let limit: Int
    private let state = Mutex(State())
    /// Signalled for each read that waits, and for each thread on closing.
    private let wakeUp = DispatchSemaphore(value: 0)

    init(_ address: PostgresAddress, limit: Int) {
        self.address = address
        self.limit = limit
    }

    /// Joins the line, or fails at once where it is closed or too long.
    func submit(_ read: WaitingRead) {
        enum Entry { case joined, withThread, tooMany, closed }
        let entry = state.withLock { state -> Entry in
            if state.isClosed { return .closed }
            if state.waiting.count >= PostgresLimits.waitingReads { return .tooMany }
            state.waiting.append(read)
            guard state.waiting.count > state.idle, state.threads < limit else { return .joined }
            state.threads += 1
            return .withThread
        }
        switch entry {
        case .joined: wakeUp.signal()
        case .withThread:
            wakeUp.signal()
            let thread = Thread { [self] in serve() }
            thread.name = "lockbox-reader"
            thread.start()
        case .tooMany:
            read.fail(StoreError.busy("\(PostgresLimits.waitingReads) reads are waiting already"))
        case .closed: read.fail(StoreError.unavailable("the store is closed"))
        }
    }

    /// Lets nobody else join. The threads answer those who wait and end.
    func close() {
        let threads = state.withLock { state in
            state.isClosed = true
            return state.threads
        }
        for _ in 0..<threads { wakeUp.signal() }
    }

    /// Closes, and returns when the last thread has ended.
    func closeAndWait() async {
        close()
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.threads > 0 { state.whenEnded.append(continuation) }
                return state.threads == 0
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func serve() {
        let link = PostgresLink(
            address,
            settings: "SET default_transaction_read_only = on"
        )
        while let read = next() { read.run(link) }
        link.drop()
        let waiting = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.whenEnded = [] }
            return state.whenEnded
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The next read; waits for one. Nil when the line is closed and empty.
    private func next() -> WaitingRead? {
        while true {
            state.withLock { $0.idle += 1 }
            wakeUp.wait()
            let (read, isClosed) = state.withLock { state in
                state.idle -= 1
                let read = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
                return (read, state.isClosed)
            }
            if let read { return read }
            if isClosed { return nil }
        }
    }
}

/// Whether a read's caller has gone, and how the statement that runs for it is broken off.
final class ReadCancellation: Sendable {
    private enum State {
        case waiting
        case running(LibpqCancellation?)
        case ended
        case cancelled
    }

    private let state = Mutex(State.waiting)

    var isCancelled: Bool {
        state.withLock { if case .cancelled = $0 { true } else { false } }
    }

    /// To be called when the read has its connection.
    func begin(_ cancellation: LibpqCancellation?) {
        state.withLock { state in
            if case .waiting = state { state = .running(cancellation) }
        }
    }

    /// To be called when nothing of the read runs any more. True where it was cancelled: what was
    /// sent may still reach whatever the connection does next.
    func end() -> Bool {
        state.withLock { state in
            if case .cancelled = state { return true }
            state = .ended
            return false
        }
    }

    func cancel() {
        let running = state.withLock { state -> LibpqCancellation? in
            switch state {
            case .waiting:
                state = .cancelled
                return nil
            case .running(let cancellation):
                state = .cancelled
                return cancellation
            case .ended, .cancelled: return nil
            }
        }
        guard let running else { return }
        // It takes a connection of its own.
        DispatchQueue.global().async { running.send() }
    }
}

extension PostgresLink {
    /// Runs `body` on one snapshot, which is as old as its first statement.
    func read<Value>(
        _ cancellation: ReadCancellation,
        _ body: (any SQLConnection) throws -> Value
    ) throws -> Value {
        guard !cancellation.isCancelled else { throw CancellationError() }
        _ = try begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cancellation.begin(self.cancellation())
        let result = Result { try body(self) }
        if cancellation.end() {
            drop()
            guard case .success(let value) = result else { throw CancellationError() }
            return value
        }
        rollBack()
        return try result.get()
    }
}
