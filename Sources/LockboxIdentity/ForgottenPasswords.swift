package import LockboxAudit
package import LockboxDomain
import LockboxPorts
import Synchronization

/// What people say at the door who forgot their password: an address each. Who asks hears the same
/// at once, whoever's address it is, because nothing is looked up before she is answered.
package final class ForgottenPasswords: Sendable {
    /// How often those that came are looked at, in milliseconds.
    package static let interval: Int64 = 250

    private let store: AuditedStore
    private let asked = RateLimit(
        burst: IdentityLimits.forgottenPasswordBurst,
        perSecond: IdentityLimits.forgottenPasswordsPerSecond
    )
    private let waiting = Mutex<[EmailAddress]>([])

    package init(store: AuditedStore) { self.store = store }

    /// Remembers `address` until `work`. Throws only where `client` asks too often; what is no address,
    /// and what there is no room for, is passed over in silence.
    package func ask(_ address: String, from client: ClientKey, now: Timestamp) throws(Refusal) {
        try asked.take(client.address, now: now)
        guard let address = EmailAddress(address) else { return }
        waiting.withLock { waiting in
            if waiting.count < IdentityLimits.forgottenPasswordsWaiting { waiting.append(address) }
        }
    }

    /// Sends a letter to each of those who are known, and have not had too many. An address that is
    /// somebody's alias gets none: the letter goes to her own.
    package func work() async throws {
        while let address = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            do {
                try await store.write(by: .system) { change in
                    let identity = Identity(local: address)
                    guard let person = try change.tx.person(identifiedBy: identity) else { return }
                    try change.invite(person, for: .forgottenPassword, by: nil)
                }
            } catch is Refusal {
                // Switched off, or told often enough: nobody hears which.
            } catch {
                // Behind the others, which may be none the worse.
                waiting.withLock { $0.append(address) }
                throw error
            }
        }
    }
}
