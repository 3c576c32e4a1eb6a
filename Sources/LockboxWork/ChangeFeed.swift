package import LockboxDecisions
package import LockboxPorts
package import Logging
import ServiceLifecycle

/// Looks for writes of other processes a few times a second, and says so here.
package struct ChangeFeed: Service {
    /// Milliseconds between two looks. What is remembered of the store may be older by this much.
    package static let interval: Int64 = 200

    private let store: any Store
    private let pause: any Pause
    private let looks: NextLook?
    private let refresh: @Sendable (_ reload: Bool) async throws -> Void
    private let changed: @Sendable () async -> Void
    private let logger: Logger

    /// `refresh` runs at each look and brings what is remembered of the store up to date; `reload`
    /// says that others wrote, or may have. `changed` runs after each commit of another process.
    /// `looks` hears of each look.
    package init(
        store: any Store,
        pause: any Pause,
        looks: NextLook? = nil,
        logger: Logger,
        refresh: @escaping @Sendable (_ reload: Bool) async throws -> Void,
        changed: @escaping @Sendable () async -> Void
    ) {
        self.store = store
        self.pause = pause
        self.looks = looks
        self.refresh = refresh
        self.changed = changed
        self.logger = logger
    }

    package func run() async throws {
        var reload = true
        // The store says once that others wrote; that must not be lost if what follows fails.
        var untold = false
        defer { looks?.close() }
        while await pause(milliseconds: Self.interval) {
            looks?.begins()
            defer { looks?.ended() }
            do {
                if try await store.changedElsewhere() { (reload, untold) = (true, true) }
                try await refresh(reload)
                reload = false
                if untold { await changed() }
                untold = false
            } catch is CancellationError {
                return
            } catch {
                // What is remembered goes stale by itself, and then nobody answers from memory.
                reload = true
                logger.error("cannot look for changes", metadata: ["error": "\(error)"])
            }
        }
    }
}
