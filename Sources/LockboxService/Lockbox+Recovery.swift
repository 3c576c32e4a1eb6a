import LockboxAudit
package import LockboxDomain
import LockboxPorts

extension Lockbox {
    /// Lets the people of a tenant sign in with passwords for `span` though it forbids them, because
    /// its OpenID provider cannot be reached; nil ends that at once. It gives nobody a password: each
    /// has one, or gets a letter. Everybody who decides for the tenant is told, and its log says it.
    ///
    /// From the server itself. Says until when.
    package func setRecovery(of id: TenantID, for span: TimeSpan?) async throws -> Timestamp? {
        if let span, !Limits.recovery.contains(span) {
            throw Refusal.invalid(field: "hours", problem: .outOfRange("1 to 72"))
        }
        return try await store.write(by: .console) { change in
            guard try change.tx.tenant(id) != nil else { throw Refusal.notFound(.tenant) }
            let side = Side.tenant(id)
            var settings = try change.tx.signInSettings(of: side) ?? .passwords
            guard !settings.allowsPasswords else {
                throw Refusal.invalid(
                    field: "tenant",
                    problem: .notAllowedHere("lets its people sign in with passwords already.")
                )
            }
            let until = span.map { change.now + $0 }
            guard until != nil || settings.takesPasswords(at: change.now) else { return nil }
            settings.recoveryUntil = until
            try change.tx.save(settings, of: side)
            change.emit(.directory(.signInChanged(side, settings)))
            if until == nil { try change.endForbiddenSessions(of: id, settings) }
            return until
        }
    }
}
