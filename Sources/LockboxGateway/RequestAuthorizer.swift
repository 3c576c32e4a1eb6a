package import LockboxDecisions
import LockboxDomain
package import LockboxPorts
package import LockboxService
package import Logging

/// Decides about each request, and records it before it goes on.
package struct RequestAuthorizer: Sendable {
    /// What a request shows.
    struct Question: Sendable {
        let service: ProtectedService
        let token: String
        let method: String
        /// Path and query as they go to the service.
        let target: String
        /// What it needs; nil where nobody may make it.
        let needed: Actions?
    }

    private let index: DecisionIndex
    private let lockbox: Lockbox
    let clock: any WallClock
    let logger: Logger

    package init(
        index: DecisionIndex,
        lockbox: Lockbox,
        clock: any WallClock,
        logger: Logger
    ) {
        self.index = index
        self.lockbox = lockbox
        self.clock = clock
        self.logger = logger
    }

    /// What comes of `question`; nil where nothing can be decided, or written down, now.
    func decide(_ question: Question) async -> Admission? {
        let operation = ServiceOperation(
            .request(method: question.method, target: question.target),
            isWrite: question.needed != .read
        )
        do {
            return try await index.admit(
                question.token,
                to: question.service.id,
                needing: question.needed
            ) { [lockbox] in try await lockbox.recordOperation(operation, of: $0) }
        } catch {
            logger.error(
                "a request through the gateway could not be decided",
                metadata: ["service": "\(question.service.id)", "cause": "\(error.operatorText)"]
            )
            return nil
        }
    }

    /// To be asked once more when what was allowed has its place among what can be cut.
    func isStillGood(_ credential: Credential) -> Bool { index.isStillGood(credential) }

    /// Whether what began at `admittedAt` may go on, by memory alone. Memory that is too old knows
    /// nothing.
    func mayGoOn(_ credential: Credential, since admittedAt: Timestamp, at now: Timestamp) -> Bool {
        index.mayGoOn(
            credential,
            since: admittedAt,
            at: now,
            bound: GatewayLimits.knowledge
        )
    }
}
