import Crypto
package import LockboxAudit
package import LockboxDomain
package import LockboxOIDC
import LockboxPorts
import MerkleLog

/// Who is at the other end of a session, and the text that each of its forms must carry.
package struct SignedIn: Sendable {
    package internal(set) var session: Session
    package let person: Person
    /// Made from the session's secret, so that only pages of this very session know it.
    package let csrfToken: String
    /// How she can show again who she is.
    package let confirmations: Confirmations
    /// After `begin`: a name for the browser's long-lived cookie, by which it is known at the next
    /// sign-in.
    package var device: String?
}

/// What somebody can show again who she is with, at the portal itself.
package struct Confirmations: Hashable, Sendable {
    package let password: Bool
    package let passkey: Bool
}

/// Sessions of the portal: a secret in a cookie stands for a person who showed who she is. The
/// database is asked each time, so that an end counts at once, whichever process it came through.
package struct Sessions: Sendable {
    private let store: AuditedStore
    private let signIn: SignIn
    private let signInRecords = RateLimit(
        burst: IdentityLimits.signInRecordBurst,
        perSecond: IdentityLimits.signInRecordsPerSecond
    )
    private let newBrowsers = RateLimit(
        burst: IdentityLimits.newBrowserBurst,
        perSecond: IdentityLimits.newBrowsersPerSecond
    )
    private let passwordChanges = RateLimit(
        burst: IdentityLimits.passwordChangeBurst,
        perSecond: IdentityLimits.passwordChangesPerSecond
    )

    package init(store: AuditedStore, signIn: SignIn) {
        self.store = store
        self.signIn = signIn
    }

    /// Begins a session after a right password. Gives the secret for the cookie, which is kept only
    /// as SHA-256.
    package func begin(
        email: String,
        password: String,
        from client: ClientKey
    ) async throws -> (secret: String, signedIn: SignedIn) {
        try await signIn.check(email: email, password: password, from: client) {
            change,
            person in
            try admit(person, from: client, &change)
        }
    }

    /// Begins a session for `person`, who has shown who she is: by the `token` of an OpenID provider
    /// that let her in, by a `passkey`, else by her password.
    func admit(
        _ person: Person,
        by token: IDToken? = nil,
        with passkey: PasskeyID? = nil,
        from client: ClientKey,
        _ change: inout Change
    ) throws -> (secret: String, signedIn: SignedIn) {
        let open = try change.tx.sessions(of: person.id).filter { $0.isOpen(at: change.now) }
        for oldest in open.prefix(max(0, open.count + 1 - IdentityLimits.sessionsPerPerson)) {
            try change.tx.endSession(oldest.id, at: change.now)
        }
        var (secret, signedIn) = try Self.new(of: person, by: token, with: passkey, change)
        if signInRecords.tryTake(person.id.text, now: change.now) {
            change.emit(.signIn(.signedIn(person, with: passkey)))
        }
        let browser = try change.tx.remember(client.device, of: person, change)
        signedIn.device = browser.name
        if browser.isNew, newBrowsers.tryTake(person.id.text, now: change.now) {
            change.emit(.signIn(.newBrowser(person)))
        }
        try change.noteFirstAdministrator(person)
        return (secret, signedIn)
    }

    private static func new(
        of person: Person,
        by token: IDToken? = nil,
        with passkey: PasskeyID? = nil,
        _ change: Change
    ) throws -> (secret: String, signedIn: SignedIn) {
        let secret = secret(change.entropy)
        let session = Session(
            id: change.entropy.id(),
            person: person.id,
            createdAt: change.now,
            lastSeenAt: change.now,
            // At a provider she may have been let in without being asked anything.
            confirmedAt: token?.isConfirmation == false
                ? change.now - IdentityLimits.confirmationWindow : change.now,
            expiresAt: min(
                change.now + IdentityLimits.sessionLifetime,
                token == nil
                    ? try change.tx.passwordsEnd(at: person.side, change.now) ?? .latest : .latest
            ),
            issuer: token?.identity.issuer,
            issuerSession: token?.session,
            passkey: passkey
        )
        try change.tx.insert(session, secretHash: hash(secret))
        return (secret, try signedIn(session, person, secret, change.now, in: change.tx))
    }

    /// Who comes back with `secret`; nil if it is unknown or ended, was idle too long, is over its
    /// absolute end, or its person is switched off.
    package func resume(_ secret: String) async throws -> SignedIn? {
        guard Self.isSecret(secret) else { return nil }
        let (found, now) = try await store.read { tx, now in
            (try Self.signedIn(secret, now, in: tx), now)
        }
        guard var signedIn = found else { return nil }
        if now - signedIn.session.lastSeenAt >= IdentityLimits.sessionSeenEvery,
            try await touched(signedIn.session.id)
        {
            signedIn.session.lastSeenAt = now
        }
        return signedIn
    }

    /// Writes down that the session was used. Where that cannot be, the session is no worse for
    /// this moment: who wants to stop an access, or see whether it is over, must not wait for it.
    private func touched(_ id: SessionID) async throws -> Bool {
        guard store.isWritingWell else { return false }
        do {
            try await store.note(for: .ending) { tx, now in try tx.touch(id, seenAt: now) }
            return true
        } catch is StoreError {
            return false
        }
    }

    /// Who `resume` would say it is, without counting as a use: what a page does by itself keeps no
    /// idle session alive.
    package func look(_ secret: String) async throws -> SignedIn? {
        guard Self.isSecret(secret) else { return nil }
        return try await store.read { tx, now in try Self.signedIn(secret, now, in: tx) }
    }

    /// Checks the password again; failures are counted for this session alone. It goes on under a
    /// new secret; the old one is good for nothing from then on.
    package func confirm(
        _ secret: String,
        password: String
    ) async throws -> (secret: String, signedIn: SignedIn) {
        guard let before = try await resume(secret) else { throw Refusal.notSignedIn }
        return try await signIn.check(before.session, password: password) { change, _ in
            try Self.confirm(secret, change)
        }
    }

    /// The same for whoever showed at her OpenID provider again who she is.
    package func confirm(_ secret: String, by token: IDToken) async throws -> (
        secret: String, signedIn: SignedIn
    ) {
        guard let before = try await resume(secret) else { throw Refusal.notSignedIn }
        try await store.takeClaimedRoles(of: before.person, from: token)
        return try await store.write(by: .person(before.person), for: .ending) { change in
            guard try change.tx.person(identifiedBy: token.identity)?.id == before.person.id else {
                throw NotAdmitted.somebodyElse
            }
            return try Self.confirm(secret, change)
        }
    }

    static func confirm(_ secret: String, _ change: Change) throws -> (
        secret: String, signedIn: SignedIn
    ) {
        // It may have ended, or got another secret, while it was confirmed.
        guard let (known, person) = try change.tx.open(secret, now: change.now) else {
            throw Refusal.notSignedIn
        }
        var session = known
        let secret = Self.secret(change.entropy)
        try change.tx.confirm(session.id, at: change.now, secretHash: Self.hash(secret))
        session.confirmedAt = change.now
        session.lastSeenAt = change.now
        return (secret, try signedIn(session, person, secret, change.now, in: change.tx))
    }

    /// Sets the password of whoever has this session, in which the present one was given a moment
    /// ago. Every other session and all her API tokens end, for who has one may have got it by the
    /// old password; she goes on in a new session.
    package func setPassword(_ secret: String, to password: String, field: String) async throws -> (
        secret: String, signedIn: SignedIn
    ) {
        let (chosen, by) = try await store.read { tx, now in
            guard let (_, person) = try tx.open(secret, now: now) else {
                throw Refusal.notSignedIn
            }
            let chosen = try ChosenPassword(
                password,
                knowing: person.knownWords(at: try tx.organisation(of: person)),
                field: field
            )
            try passwordChanges.take(person.id.text, now: now)
            return (chosen, person)
        }
        let record = try await signIn.record(of: chosen)
        return try await store.write(by: .person(by)) { change in
            // It may have ended while the password was hashed, by another new password too.
            guard let (session, person) = try change.tx.open(secret, now: change.now),
                change.now < session.confirmedAt + IdentityLimits.confirmationWindow
            else { throw Refusal.notSignedIn }
            try change.setPassword(record, of: person)
            return try Self.new(of: person, change)
        }
    }

    /// Whether the password was given so short a time ago that what is weighty may be done without
    /// giving it again.
    package func isFresh(_ signedIn: SignedIn, now: Timestamp) -> Bool {
        now < signedIn.session.confirmedAt + IdentityLimits.confirmationWindow
    }

    /// Signs out. An unknown secret is as good as one that is signed out.
    package func end(_ secret: String) async throws {
        guard Self.isSecret(secret) else { return }
        try await store.note(for: .ending) { tx, now in
            if let session = try tx.session(secretHash: Self.hash(secret)) {
                try tx.endSession(session.id, at: now)
            }
        }
    }

    /// Those of `person` in which something can be done still, in order of their beginning.
    package func open(of person: Person) async throws -> [Session] {
        try await store.read { tx, now in
            try tx.sessions(of: try tx.current(person).id).filter { $0.isOpen(at: now) }
        }
    }

    /// Ends one of them.
    package func end(_ id: String, of person: Person) async throws {
        try await store.note(for: .ending) { tx, now in
            let sessions = try tx.sessions(of: try tx.current(person).id)
            guard let session = sessions.first(where: { $0.id.text == id }) else {
                throw Refusal.notFound(.page)
            }
            try tx.endSession(session.id, at: now)
        }
    }

    /// Signs `person` out everywhere, at command lines too. Her API tokens stay.
    package func endAll(of person: Person) async throws {
        try await store.write(by: .person(person), for: .ending) { change in
            try change.endSessions(of: try change.tx.current(person))
        }
    }

    /// Whether `token` is that of this session. Takes as long for a wrong one as for the right one.
    package func csrfMatches(_ token: String, _ signedIn: SignedIn) -> Bool {
        Self.digest(token) == Self.digest(signedIn.csrfToken)
    }

    /// Who has the open session with `secret`.
    static func signedIn(_ secret: String, _ now: Timestamp, in tx: any StoreTransaction) throws
        -> SignedIn?
    {
        guard isSecret(secret), let (session, person) = try tx.open(secret, now: now) else {
            return nil
        }
        return try signedIn(session, person, secret, now, in: tx)
    }

    private static func signedIn(
        _ session: Session,
        _ person: Person,
        _ secret: String,
        _ now: Timestamp,
        in tx: any StoreTransaction
    ) throws -> SignedIn {
        // Whoever came by her provider confirms there, and nothing else counts.
        let isHere = session.issuer == nil
        return SignedIn(
            session: session,
            person: person,
            csrfToken: csrfToken(secret),
            confirmations: Confirmations(
                password: try isHere && tx.allowsPasswords(at: person.side, now)
                    && tx.password(of: person.id) != nil,
                passkey: try isHere && tx.allowsPasskeys(at: person.side)
                    && !tx.passkeys(of: person.id).isEmpty
            )
        )
    }

    // MARK: - Secrets

    private static func secret(_ entropy: any Entropy) -> String { Hex.encode(entropy.bytes(32)) }

    private static func isSecret(_ text: String) -> Bool { text.utf8.count == 64 }

    fileprivate static func hash(_ secret: String) -> [UInt8] { Array(digest(secret)) }

    private static func digest(_ text: String) -> SHA256Digest {
        SHA256.hash(data: Array(text.utf8))
    }

    private static func csrfToken(_ secret: String) -> String {
        Hex.encode(
            HMAC<SHA256>.authenticationCode(
                for: Array("csrf".utf8),
                using: SymmetricKey(data: Array(secret.utf8))
            )
        )
    }
}

extension Session {
    /// Whether it is neither over nor forgotten.
    fileprivate func isOpen(at now: Timestamp) -> Bool {
        now < expiresAt && now < lastSeenAt + IdentityLimits.sessionIdle
    }
}

extension SessionRecords where Self: PersonRecords {
    /// The open session with `secret`, and whose it is.
    fileprivate func open(_ secret: String, now: Timestamp) throws -> (Session, Person)? {
        guard let session = try session(secretHash: Sessions.hash(secret)), session.isOpen(at: now),
            let person = try person(session.person), person.maySignIn
        else { return nil }
        return (session, person)
    }
}
