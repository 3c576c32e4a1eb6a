import LockboxPorts
import Synchronization

/// Holds up whoever waits until it is opened.
package final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>(
        (false, [])
    )

    package init() {}

    package func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    package func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// A pause that lasts until somebody wakes it.
package final class ManualPause: Pause {
    private struct State {
        var isWoken = true
        var isStopped = false
        var lastWait: Int64 = 0
        var loop: CheckedContinuation<Void, Never>?
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    package init() {}

    package func callAsFunction(milliseconds: Int64) async -> Bool {
        await withCheckedContinuation { continuation in
            let (goesOn, watchers) = state.withLock { state in
                state.lastWait = milliseconds
                if state.isWoken || state.isStopped {
                    state.isWoken = false
                    return (true, [CheckedContinuation<Void, Never>]())
                }
                state.loop = continuation
                defer { state.watchers = [] }
                return (false, state.watchers)
            }
            for watcher in watchers { watcher.resume() }
            if goesOn { continuation.resume() }
        }
        return state.withLock { !$0.isStopped }
    }

    /// What the loop asked for last, in milliseconds.
    package var lastWait: Int64 { state.withLock(\.lastWait) }

    package func wake() { release { $0.isWoken = $0.loop == nil } }

    package func stop() { release { $0.isStopped = true } }

    /// Returns when the loop has nothing to do and waits.
    package func untilIdle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.loop == nil { state.watchers.append(continuation) }
                return state.loop != nil
            }
            if isIdle { continuation.resume() }
        }
    }

    private func release(_ change: (inout State) -> Void) {
        let loop = state.withLock { state in
            change(&state)
            defer { state.loop = nil }
            return state.loop
        }
        loop?.resume()
    }
}
