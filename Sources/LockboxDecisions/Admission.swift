package import LockboxDomain
import LockboxPorts

/// Whether a single request gets through to a service.
package enum Admission: Sendable {
    case allowed(Credential)
    /// There is no credential that gives access to the service now.
    case notSignedIn
    /// The access does not allow what is asked for.
    case notAllowed
}

extension DecisionIndex {
    /// Decides about a request to `service` that shows `secret` and needs `actions`, nil where nobody
    /// may make it. Who gets through is on record before: `record` writes it down, and says whether
    /// access had not ended by then.
    package func admit(
        _ secret: String,
        to service: ServiceID,
        needing actions: Actions?,
        record: @Sendable (Credential) async throws -> Bool
    ) async throws -> Admission {
        guard let credential = try await active(secret, now: clock.now()),
            credential.resource.service == service
        else { return .notSignedIn }
        guard let actions, credential.actions.isSuperset(of: actions) else { return .notAllowed }
        // Access may have ended while the use was written down.
        guard try await record(credential), isStillGood(credential) else { return .notSignedIn }
        return .allowed(credential)
    }
}

extension Credential {
    /// The HTTP fields that tell a service who asks, for what and until when.
    package var identityFields: [(String, String)] {
        [
            ("X-Lockbox-Grant", grant.text), ("X-Lockbox-Request", request.text),
            ("X-Lockbox-Actor", engineer.text), ("X-Lockbox-Tenant", tenant.text),
            ("X-Lockbox-Resource", resource.name),
            ("X-Lockbox-Actions", actions.names.joined(separator: " ")),
            ("X-Lockbox-Not-After", expiresAt.description),
        ]
    }
}
