package import LockboxDecisions
package import LockboxDomain
package import LockboxPorts
package import LockboxService
package import Logging

/// Decides about each request, and records it before it goes on.
package struct Gate: Sendable {
    /// What a request shows.
    struct Question: Sendable {
        let service: ProtectedService
        let token: String
        let method: String
        /// Path and query as they go to the service.
        let target: String
        /// Whether it goes on as something that goes both ways, which is writing.
        let isUpgrade: Bool
    }

    enum Verdict: Sendable {
        case allowed(Credential)
        case notSignedIn
        case refused
        /// Nothing can be decided, or written down, now.
        case unavailable
    }

    private let index: DecisionIndex
    private let lockbox: Lockbox
    let clock: any WallClock
    /// A signed statement of who asks, for the service.
    let assertion: @Sendable (Credential) -> String?
    let logger: Logger

    package init(
        index: DecisionIndex,
        lockbox: Lockbox,
        clock: any WallClock,
        logger: Logger,
        assertion: @escaping @Sendable (Credential) -> String? = { _ in nil }
    ) {
        self.index = index
        self.lockbox = lockbox
        self.clock = clock
        self.logger = logger
        self.assertion = assertion
    }

    func verdict(on question: Question) async -> Verdict {
        do {
            guard let credential = try await index.active(question.token, now: clock.now()),
                credential.resource.service == question.service.id
            else { return .notSignedIn }
            guard
                let needed = lockbox.kinds[question.service.kind]?.actions(
                    forMethods: [question.isUpgrade ? "CONNECT" : question.method]
                ), credential.actions.isSuperset(of: needed)
            else { return .refused }
            let operation = ServiceOperation(
                .request(method: question.method, target: question.target),
                isWrite: needed.contains(.write)
            )
            guard try await lockbox.recordOperation(operation, of: credential),
                isStillGood(credential)
            else { return .notSignedIn }
            return .allowed(credential)
        } catch {
            logger.error(
                "a request through the gateway could not be decided",
                metadata: ["service": "\(question.service.id)", "cause": "\(error.operatorText)"]
            )
            return .unavailable
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
