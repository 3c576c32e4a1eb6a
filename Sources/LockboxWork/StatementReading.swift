import LockboxDomain
package import LockboxPorts
package import LockboxService
package import Logging
import ServiceLifecycle
import Synchronization

/// Records what is run at services that write it down themselves, as their logs grow.
///
/// It needs no lease: each process reads, and the write of a statement looks how far is recorded.
package final class StatementReading: Service {
    package enum Limits {
        /// Milliseconds between two looks.
        package static let interval: Int64 = 250
        /// After so many it is asked again which services there are.
        package static let looksAtServices = 8
    }

    /// Services that are being read, and those that cannot be.
    private struct State {
        var reading: Set<ServiceID> = []
        var failing: Set<ServiceID> = []
    }

    private let store: any Store
    private let kinds: ServiceKinds
    private let lockbox: Lockbox
    private let pause: any Pause
    private let logger: Logger
    private let state = Mutex(State())

    package init(
        store: any Store,
        kinds: ServiceKinds,
        lockbox: Lockbox,
        pause: any Pause,
        logger: Logger
    ) {
        self.store = store
        self.kinds = kinds
        self.lockbox = lockbox
        self.pause = pause
        self.logger = logger
    }

    /// Runs until shutdown or cancellation.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var (looks, logs) = (0, [(ServiceID, any ServiceLog)]())
            while await pause(milliseconds: Limits.interval) {
                if looks % Limits.looksAtServices == 0 { logs = await self.logs() ?? logs }
                looks &+= 1
                for (service, log) in logs {
                    // One that hangs holds up no other.
                    guard state.withLock({ $0.reading.insert(service).inserted }) else { continue }
                    group.addTask {
                        await self.read(log, of: service)
                        self.state.withLock { _ = $0.reading.remove(service) }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Nil where they cannot be read now.
    private func logs() async -> [(ServiceID, any ServiceLog)]? {
        do {
            return try await store.read { tx in try tx.services() }.compactMap { settings in
                kinds.log(of: settings).map { (settings.service.id, $0) }
            }
        } catch {
            // Those that are known are read on; whoever waits for others sees that nothing comes.
            return nil
        }
    }

    private func read(_ log: any ServiceLog, of service: ServiceID) async {
        var logger = logger
        logger[metadataKey: "service"] = "\(service)"
        let recorder = StatementRecorder(lockbox, of: service) { [logger] username in
            logger.error(
                "statements of a login without access are in a service's log",
                metadata: ["login": "\(username)"]
            )
        }
        do {
            let unreadable = try await log.read(into: recorder)
            if unreadable > 0 {
                logger.error(
                    "records of a service's log cannot be read",
                    metadata: ["records": "\(unreadable)"]
                )
            }
            if state.withLock({ $0.failing.remove(service) }) != nil {
                logger.notice("a service's log can be read again")
            }
        } catch {
            guard !(error is CancellationError),
                state.withLock({ $0.failing.insert(service).inserted })
            else { return }
            logger.error(
                "a service's log cannot be read, or not recorded",
                metadata: ["cause": "\(error.operatorText)"]
            )
        }
    }
}
