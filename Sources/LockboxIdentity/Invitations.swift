package import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// The page behind an invitation's link: who has its code, too, chooses a password and is signed in.
package struct Invitations: Sendable {
    private let store: AuditedStore
    private let signIn: SignIn
    private let sessions: Sessions
    private let key: InvitationKey
    /// Wrong codes and passwords that were not taken, by address: what is over is refused before
    /// anything is compared or hashed.
    private let attempts = RateLimit(
        burst: IdentityLimits.invitationAttemptBurst,
        perSecond: IdentityLimits.invitationAttemptsPerSecond
    )

    package init(store: AuditedStore, signIn: SignIn, sessions: Sessions, key: InvitationKey) {
        self.store = store
        self.signIn = signIn
        self.sessions = sessions
        self.key = key
    }

    /// Throws `InvitationOver` where the invitation of that name does not open anything, or is
    /// somebody else's than `viewer`'s. Changes nothing.
    package func look(_ id: String, by viewer: Person?) async throws {
        try await store.read { tx, now in _ = try Self.open(id, by: viewer, in: tx, now) }
    }

    /// Takes the code of an invitation and the password that whoever got it has chosen; she is signed
    /// in, and all else that stood for her has ended. Where anything is refused nothing is changed,
    /// but that wrong codes are counted.
    package func use(
        _ id: String,
        code: String,
        password: String,
        by viewer: Person?,
        from client: ClientKey
    ) async throws -> (secret: String, signedIn: SignedIn) {
        let (invitation, person, organisation, now) = try await store.read { tx, now in
            let (invitation, person) = try Self.open(id, by: viewer, in: tx, now)
            return (invitation, person, try tx.organisation(of: person), now)
        }
        try attempts.take(client.address, now: now)
        switch key.isCode(code, of: invitation.id, to: person.id) {
        case nil where code.allSatisfy(\.isWhitespace):
            throw Refusal.invalid(field: "code", problem: .missing)
        case nil:
            throw Refusal.invalid(field: "code", problem: .notAllowedHere(Self.malformed))
        case false?:
            try await countWrongCode(invitation.id)
            throw Refusal.invalid(field: "code", problem: .notAllowedHere(Self.wrong))
        case true?: break
        }
        let chosen = try ChosenPassword(
            password,
            knowing: person.knownWords(at: organisation),
            field: "newPassword"
        )
        let record = try await signIn.record(of: chosen, for: .stranger(client.address))
        return try await store.write(by: .person(person), for: .ending) { change in
            // It may have been used, or its person switched off, while the password was hashed.
            var (invitation, person) = try Self.open(id, by: viewer, in: change.tx, change.now)
            try invitation.use(at: change.now)
            try change.tx.update(invitation)
            change.emit(.signIn(.invitationUsed(person, invitation)))
            try change.setPassword(record, of: person)
            return try sessions.admit(person, from: client, &change)
        }
    }

    /// A guess: after some of them it is good for nothing, whoever guessed.
    private func countWrongCode(_ id: InvitationID) async throws {
        try await store.write(by: .system, for: .ending) { change in
            guard var invitation = try change.tx.invitation(id),
                invitation.standing(at: change.now) == .open,
                let person = try change.tx.person(invitation.person)
            else { return }
            if invitation.takeWrongCode(at: change.now) {
                change.emit(.signIn(.invitationGuessed(person, invitation)))
            }
            try change.tx.update(invitation)
        }
    }

    private static func open(
        _ id: String,
        by viewer: Person?,
        in tx: any StoreTransaction,
        _ now: Timestamp
    ) throws -> (Invitation, Person) {
        guard let found = try InvitationID(id).flatMap(tx.invitation) else {
            throw InvitationOver(nil)
        }
        let standing = found.standing(at: now)
        guard standing == .open else { throw InvitationOver(standing) }
        guard let person = try tx.person(found.person), person.maySignIn else {
            throw InvitationOver(.withdrawn)
        }
        // Her organisation signs in elsewhere by now: a password here would be a way around that.
        guard try tx.allowsPasswords(at: person.side, now) else { throw InvitationOver(.withdrawn) }
        guard viewer == nil || viewer?.id == person.id else { throw InvitationOfAnother() }
        return (found, person)
    }

    private static let malformed =
        "is not a code of a letter: it has twelve letters and digits, like 7K3M-9QPX-AB2C."
    private static let wrong = "is not that of this e-mail. Look which e-mail the page belongs to."
}

/// Somebody is signed in whom the invitation is not for.
package struct InvitationOfAnother: Error {
    package init() {}
}
