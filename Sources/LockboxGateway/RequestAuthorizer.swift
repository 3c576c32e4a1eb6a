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
        /// Of the secret of the credential that it is made with.
        let credentialHash: [UInt8]
        let method: String
        /// Path and query as they go to the service.
        let target: String
        /// What it needs; nil where nobody may make it.
        let needed: Actions?
    }

    private let index: DecisionIndex
    private let lockbox: Lockbox
    private let others: NextLook?
    let clock: any WallClock
    let logger: Logger

    /// `others` are the looks at what other processes write, where it is another one that issues
    /// credentials: what nobody knows here may be known a moment later.
    package init(
        index: DecisionIndex,
        lockbox: Lockbox,
        others: NextLook? = nil,
        clock: any WallClock,
        logger: Logger
    ) {
        self.index = index
        self.lockbox = lockbox
        self.others = others
        self.clock = clock
        self.logger = logger
    }

    /// What comes of a question.
    enum Decision: Sendable {
        case admission(Admission)
        /// There is no place for it, and it is not on record.
        case noPlace(GatewayRefusal)
        /// Nothing can be decided, or written down, now.
        case unknown
    }

    /// Decides about `question`. `mayEnter` says why there is no place for what is let through, before
    /// anything is written down. The place itself is taken afterwards: what waits to be recorded is
    /// not cut, but answered.
    func decide(
        _ question: Question,
        mayEnter: @Sendable (Credential) async -> GatewayRefusal?
    ) async -> Decision {
        let operation = ServiceOperation(
            .request(method: question.method, target: question.target),
            isWrite: question.needed != .read
        )
        do {
            let admission = try await admit(question, operation, mayEnter)
            guard case .notSignedIn = admission, let others else { return .admission(admission) }
            await others.wait()
            return .admission(try await admit(question, operation, mayEnter))
        } catch let refusal as GatewayRefusal {
            return .noPlace(refusal)
        } catch {
            logger.error(
                "a request through the gateway could not be decided",
                metadata: ["service": "\(question.service.id)", "cause": "\(error.operatorText)"]
            )
            return .unknown
        }
    }

    private func admit(
        _ question: Question,
        _ operation: ServiceOperation,
        _ mayEnter: @Sendable (Credential) async -> GatewayRefusal?
    ) async throws -> Admission {
        try await index.admit(
            secretHash: question.credentialHash,
            to: question.service.id,
            needing: question.needed
        ) { [lockbox] credential in
            if let refusal = await mayEnter(credential) { throw refusal }
            return try await lockbox.recordOperation(operation, of: credential)
        }
    }

    /// What `code` lets a browser in with at `service`.
    func take(_ code: String, at service: ServiceID) async -> TakenCode {
        do {
            guard let access = try await lockbox.takeBrowserCode(code, at: service) else {
                return .nothing
            }
            return .access(access)
        } catch {
            logger.error(
                "a browser's code could not be looked at",
                metadata: ["service": "\(service)", "cause": "\(error.operatorText)"]
            )
            return .unknown
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
