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
    /// For each person, from browsers in which she signed in before. Strangers, who can use up the
    /// letters of a day, use up none of these.
    private let known = RateLimit(
        burst: Limits.forgottenPasswordsPerDay,
        perSecond: Double(Limits.forgottenPasswordsPerDay) / 86_400
    )
    private let waiting = Mutex<[Asking]>([])

    private struct Asking {
        let address: EmailAddress
        let client: ClientKey
    }

    package init(store: AuditedStore) { self.store = store }

    /// Remembers `address` until `work`. Throws only where `client` asks too often; what is no address,
    /// and what there is no room for, is passed over in silence.
    package func ask(_ address: String, from client: ClientKey, now: Timestamp) throws(Refusal) {
        try asked.take(client.address, now: now)
        guard let address = EmailAddress(address) else { return }
        waiting.withLock { waiting in
            if waiting.count < IdentityLimits.forgottenPasswordsWaiting {
                waiting.append(Asking(address: address, client: client))
            }
        }
    }

    /// Sends a letter to each of those who are known, and have not had too many. An address that is
    /// somebody's alias gets none: the letter goes to her own.
    package func work() async throws {
        while let asking = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            do {
                try await store.write(by: .system) { [known] change in
                    let identity = Identity(local: asking.address)
                    guard let person = try change.tx.person(identifiedBy: identity) else { return }
                    let isKnown =
                        try Origin.client(asking.client)
                        .knownPlace(of: person, at: change.now, in: change.tx) != nil
                        && known.tryTake(person.id.text, now: change.now)
                    // A stranger ends no letter that its reader may be typing from.
                    if try !isKnown && change.tx.hasOpenLetter(person, at: change.now) { return }
                    try change.invite(
                        person,
                        for: .forgottenPassword,
                        by: nil,
                        isBoundElsewhere: isKnown
                    )
                }
            } catch is Refusal {
                // Switched off, or told often enough: nobody hears which.
            } catch {
                // Behind the others, which may be none the worse.
                waiting.withLock { $0.append(asking) }
                throw error
            }
        }
    }
}

extension InvitationRecords {
    /// Whether `person` has a letter by which she can still choose another password.
    fileprivate func hasOpenLetter(_ person: Person, at now: Timestamp) throws -> Bool {
        try openInvitations(to: person.id).contains {
            $0.purpose == .forgottenPassword && $0.standing(at: now) == .open
        }
    }
}
