import Synchronization

/// Lets those wait who ask about what another process may just have written: until a look at the
/// store that began after they asked is over. They cost the store nothing.
package final class NextLook: Sendable {
    /// Who comes when so many wait does not wait.
    static let most = 1024

    private struct State {
        /// How many looks have begun.
        var begun = 0
        var isClosed = false
        /// The look that each waits for.
        var waiting: [(look: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Returns when the next look is over, whatever came of it.
    package func wait() async {
        await withCheckedContinuation { continuation in
            let isWaiting = state.withLock { state in
                guard !state.isClosed, state.waiting.count < Self.most else { return false }
                state.waiting.append((state.begun + 1, continuation))
                return true
            }
            if !isWaiting { continuation.resume() }
        }
    }

    /// How many wait.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    package func begins() { state.withLock { $0.begun += 1 } }

    /// The look that began last is over.
    package func ended() {
        release { state in
            let done = state.waiting.filter { $0.look <= state.begun }
            state.waiting.removeAll { $0.look <= state.begun }
            return done.map(\.continuation)
        }
    }

    /// There are no more looks.
    package func close() {
        release { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting.map(\.continuation)
        }
    }

    private func release(_ take: (inout State) -> [CheckedContinuation<Void, Never>]) {
        for continuation in state.withLock({ take(&$0) }) { continuation.resume() }
    }
}
