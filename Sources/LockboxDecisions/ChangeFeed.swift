package import LockboxPorts
package import Logging
import ServiceLifecycle

/// Keeps the decision index fresh: looks for writes of other processes a few times a second.
package struct ChangeFeed: Service {
    private let store: any Store
    private let index: DecisionIndex
    private let pause: any Pause
    private let changed: @Sendable () async -> Void
    private let logger: Logger

    /// `changed` runs after each commit of another process.
    package init(
        store: any Store,
        index: DecisionIndex,
        pause: any Pause,
        logger: Logger,
        changed: @escaping @Sendable () async -> Void
    ) {
        self.store = store
        self.index = index
        self.pause = pause
        self.changed = changed
        self.logger = logger
    }

    package func run() async throws {
        var reload = true
        // The store says once that others wrote; that must not be lost if what follows fails.
        var untold = false
        while await pause(milliseconds: 200) {
            do {
                if try await store.changedElsewhere() { (reload, untold) = (true, true) }
                try await index.refresh(reload: reload)
                reload = false
                if untold { await changed() }
                untold = false
            } catch is CancellationError {
                return
            } catch {
                // The index goes stale by itself and then refuses to answer from memory.
                reload = true
                logger.error("cannot look for changes", metadata: ["error": "\(error)"])
            }
        }
    }
}
