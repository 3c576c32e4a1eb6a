import Crypto
package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
import MerkleLog
package import WebAuthn

/// What came of a passkey is not good here. To whoever sent it, all reasons are one.
package struct PasskeyRefused: Error, Hashable, Sendable {
    package let fault: WebAuthnFault
    /// Which it was, where its own key had signed what is not good.
    package let passkey: PasskeyID?

    /// For the log: the check that failed.
    package var why: String { fault.rawValue }
}

/// Passkeys (WebAuthn Level 3): signing in with one, showing again who one is, adding and removing.
package struct Passkeys: Sendable {
    private let store: AuditedStore
    private let sessions: Sessions
    private let key: PasskeyKey
    private let party: RelyingParty?
    private let clock: any WallClock
    private let entropy: any Entropy
    /// Answers of strangers that were not good, by address.
    private let failures = RateLimit(
        burst: IdentityLimits.addressFailureBurst,
        perSecond: IdentityLimits.addressFailuresPerSecond
    )
    private let registrations = RateLimit(
        burst: IdentityLimits.passkeyRegistrationBurst,
        perSecond: IdentityLimits.passkeyRegistrationsPerSecond
    )
    private let refusals = RateLimit(
        burst: IdentityLimits.passkeyRefusalBurst,
        perSecond: IdentityLimits.passkeyRefusalsPerSecond
    )

    /// `party` is nil where browsers offer no passkeys.
    package init(
        store: AuditedStore,
        sessions: Sessions,
        key: PasskeyKey,
        party: RelyingParty?,
        clock: any WallClock,
        entropy: any Entropy
    ) {
        self.store = store
        self.sessions = sessions
        self.key = key
        self.party = party
        self.clock = clock
        self.entropy = entropy
    }

    /// Whether browsers can use passkeys at this server's address.
    package var areOffered: Bool { party != nil }

    private func relyingParty() throws -> RelyingParty {
        guard let party else { throw Refusal.notFound(.page) }
        return party
    }

    // MARK: - Signing in

    /// A name for a browser that nobody is signed in at, for its cookie.
    package func newBrowser() -> String { Hex.encode(entropy.bytes(32)) }

    package static func isBrowser(_ name: String) -> Bool {
        name.utf8.count == 64 && name.utf8.allSatisfy { Self.hexDigits.contains($0) }
    }

    private static let hexDigits = Set("0123456789abcdef".utf8)

    /// What the browser of that name is to ask of whatever passkey it has.
    package func optionsToSignIn(_ browser: String) throws -> String {
        try PasskeyOptions.toUse(
            [],
            key.challenge(for: .signIn, to: browser, at: clock.now(), entropy),
            at: try relyingParty()
        )
    }

    /// Begins a session for whoever's passkey answered. `browser` is the name in its cookie.
    package func begin(_ answer: String, browser: String?, from client: ClientKey) async throws
        -> (secret: String, signedIn: SignedIn)
    {
        let party = try relyingParty()
        let now = clock.now()
        try failures.peek(client.address, now: now)
        do {
            let answer = try Self.parse(answer)
            // She is not known yet: the answer itself must say who it is (§7.2 step 6).
            guard answer.userHandle != nil else {
                throw PasskeyRefused(fault: .userHandle, passkey: nil)
            }
            let question = Question(purpose: .signIn, holder: browser ?? "", party: party)
            return try await use(answer, question) { [sessions] change, passkey, person in
                try sessions.admit(person, with: passkey.id, from: client, &change)
            }
        } catch let refused as PasskeyRefused {
            failures.spend(client.address, now: now)
            throw refused
        }
    }

    // MARK: - Showing again who one is

    package func optionsToConfirm(_ signedIn: SignedIn) async throws -> String {
        let party = try relyingParty()
        let passkeys = try await passkeys(of: signedIn.person)
        return try PasskeyOptions.toUse(
            passkeys,
            key.challenge(
                for: .confirmation,
                to: signedIn.session.id.text,
                at: clock.now(),
                entropy
            ),
            at: party
        )
    }

    /// The session with `secret` is confirmed, and goes on under a new one, if a passkey of hers
    /// answered what it was asked.
    package func confirm(_ secret: String, _ answer: String) async throws -> (
        secret: String, signedIn: SignedIn
    ) {
        let party = try relyingParty()
        guard let signedIn = try await sessions.resume(secret) else { throw Refusal.notSignedIn }
        guard signedIn.session.issuer == nil else {
            throw PasskeyRefused(fault: .unknownCredential, passkey: nil)
        }
        let question = Question(
            purpose: .confirmation,
            holder: signedIn.session.id.text,
            party: party
        )
        return try await use(try Self.parse(answer), question) { change, passkey, person in
            guard person.id == signedIn.person.id else {
                throw PasskeyRefused(fault: .unknownCredential, passkey: nil)
            }
            change.emit(.signIn(.passkey(.confirmed, passkey, person)))
            return try Sessions.confirm(secret, change)
        }
    }

    // MARK: - Signing an approval

    /// What her browser is to ask of one of her passkeys: that it signs `statement`. Nothing is kept:
    /// the digest of the statement is the challenge, and the statement is good once.
    package func optionsToSign(_ statement: String, _ person: Person) async throws -> String {
        try PasskeyOptions.toUse(
            try await passkeys(of: person),
            Array(SHA256.hash(data: Array(statement.utf8))),
            at: try relyingParty()
        )
    }

    /// What a browser sent back for `statement`, with the passkey that it says answered. It proves
    /// nothing before the decision looks at it.
    package func signature(_ answer: String, over statement: String, by person: Person)
        async throws -> ApprovalSignature
    {
        let answer = try Self.parse(answer)
        let own = try await passkeys(of: person)
        guard let passkey = own.first(where: { $0.credential == answer.id }) else {
            throw PasskeyRefused(fault: .unknownCredential, passkey: nil)
        }
        return ApprovalSignature(
            statement: statement,
            proof: .webAuthn(
                passkey: passkey.id,
                authenticatorData: answer.authenticatorData,
                clientData: answer.clientData,
                signature: answer.signature
            )
        )
    }

    // MARK: - Adding

    package func optionsToRegister(_ signedIn: SignedIn) async throws -> String {
        let party = try relyingParty()
        return try PasskeyOptions.toMake(
            for: signedIn.person,
            handle: key.userHandle(of: signedIn.person.id),
            having: try await passkeys(of: signedIn.person),
            key.challenge(
                for: .registration,
                to: signedIn.session.id.text,
                at: clock.now(),
                entropy
            ),
            at: party
        )
    }

    /// Adds the passkey that a browser made for whoever has this session, in which she showed a moment
    /// ago who she is.
    package func register(_ answer: String, name: String, _ secret: String) async throws -> Passkey
    {
        let party = try relyingParty()
        let name = try Text.check(name, field: "passkeyName", length: Limits.nameLength)
        guard let signedIn = try await sessions.resume(secret) else { throw Refusal.notSignedIn }
        let (new, asked) = try registered(answer, by: signedIn, at: party)
        try registrations.take(signedIn.person.id.text, now: clock.now())
        return try await store.write(by: .person(signedIn.person)) { [sessions, key] change in
            // It may have ended meanwhile, or have been confirmed too long ago.
            guard let signedIn = try Sessions.signedIn(secret, change.now, in: change.tx),
                sessions.isFresh(signedIn, now: change.now)
            else { throw Refusal.notSignedIn }
            let person = signedIn.person
            guard try change.tx.allowsPasskeys(at: person.side) else { throw Self.notAllowed }
            guard
                try change.tx.passkeys(of: person.id).count < IdentityLimits.passkeysPerPerson
            else { throw Self.tooMany }
            guard try !change.tx.hasPasskey(credential: new.id) else { throw Self.known }
            let passkey = Passkey(
                id: change.entropy.id(),
                person: person.id,
                name: name,
                credential: new.id,
                publicKey: new.publicKey,
                userHandle: key.userHandle(of: person.id),
                createdAt: change.now,
                isBackupEligible: new.isBackupEligible,
                isBackedUp: new.isBackedUp,
                counter: new.counter,
                answeredAt: asked
            )
            try change.tx.insert(passkey)
            change.emit(.signIn(.passkey(.registered, passkey, person)))
            return passkey
        }
    }

    private func registered(_ answer: String, by signedIn: SignedIn, at party: RelyingParty) throws
        -> (RegisteredCredential, Timestamp)
    {
        do throws(WebAuthnFault) {
            let answer = try RegistrationResponse(json: answer)
            let challenge = try answer.challenge(at: party)
            let asked = try key.instant(
                of: challenge,
                for: .registration,
                to: signedIn.session.id.text,
                at: clock.now()
            )
            return (try answer.verified(answering: challenge, at: party), asked)
        } catch {
            throw PasskeyRefused(fault: error, passkey: nil)
        }
    }

    private static let notAllowed = Refusal.invalid(
        field: "passkey",
        problem: .notAllowedHere("cannot be used: your organisation signs in at its own provider.")
    )
    private static let tooMany = Refusal.invalid(
        field: "passkey",
        problem: .notAllowedHere(
            "is one too many: you have \(IdentityLimits.passkeysPerPerson). Remove one first."
        )
    )
    private static let known = Refusal.invalid(
        field: "passkey",
        problem: .notAllowedHere("is or was in use here. Make a new one.")
    )
}

// MARK: - What is there

extension Passkeys {
    package func passkeys(of person: Person) async throws -> [Passkey] {
        try await store.read { tx, _ in try tx.passkeys(of: try tx.current(person).id) }
    }

    /// Whether the people of `side` may use passkeys here.
    package func areAllowed(at side: Side) async throws -> Bool {
        guard areOffered else { return false }
        return try await store.read { tx, _ in try tx.allowsPasskeys(at: side) }
    }

    /// Removes one's own; what was begun with it ends, but for the session in which that is done.
    package func remove(_ id: String, by signedIn: SignedIn) async throws {
        try await store.write(by: .person(signedIn.person), for: .ending) { change in
            let person = try change.tx.current(signedIn.person)
            try change.removePasskey(id, ofOneOf: [person], keeping: signedIn.session.id)
        }
    }

    /// Those of all people of the tenant, for an administrator of it.
    package func passkeys(ofTenant id: String, by caller: Person) async throws -> [Passkey] {
        try await store.read { tx, _ in
            try tx.people(ofTenant: id, administeredBy: caller).flatMap {
                try tx.passkeys(of: $0.id)
            }
        }
    }

    /// Removes one of somebody of the tenant, for an administrator of it.
    package func remove(_ id: String, ofTenant tenant: String, by caller: Person) async throws {
        try await store.write(by: .person(caller), for: .ending) { change in
            let people = try change.tx.people(ofTenant: tenant, administeredBy: caller)
            try change.removePasskey(id, ofOneOf: people, keeping: nil)
        }
    }
}

extension Change {
    fileprivate mutating func removePasskey(
        _ id: String,
        ofOneOf people: [Person],
        keeping session: SessionID?
    ) throws {
        for person in people {
            let passkeys = try tx.passkeys(of: person.id)
            guard let passkey = passkeys.first(where: { $0.id.text == id }) else { continue }
            try tx.removePasskey(passkey.id, at: now)
            for begun in try tx.sessions(of: person.id)
            where begun.passkey == passkey.id && begun.id != session {
                try tx.endSession(begun.id, at: now)
            }
            return emit(.signIn(.passkey(.removed, passkey, person)))
        }
        throw Refusal.notFound(.page)
    }
}

// MARK: - Using one

/// What was asked, and of whom.
private struct Question: Sendable {
    let purpose: PasskeyKey.Purpose
    let holder: String
    let party: RelyingParty
}

extension Passkeys {
    fileprivate static func parse(_ answer: String) throws -> AssertionResponse {
        do throws(WebAuthnFault) { return try AssertionResponse(json: answer) } catch {
            throw PasskeyRefused(fault: error, passkey: nil)
        }
    }

    /// Finds an answer good, and runs `body` for whose passkey gave it in the write that says that it
    /// was given. Each answer is good once: a passkey that answered what was asked later, or this,
    /// answers it no more.
    private func use<Value: Sendable>(
        _ answer: AssertionResponse,
        _ question: Question,
        _ body: @escaping @Sendable (inout Change, Passkey, Person) throws -> Value
    ) async throws -> Value {
        let known = try await store.read { tx, _ in try tx.usable(answer.id) }
        guard let (passkey, person) = known else {
            throw PasskeyRefused(fault: .unknownCredential, passkey: nil)
        }
        let (assertion, asked) = try await check(answer, of: passkey, person, question)
        return try await store.write(by: .person(person), for: .ending) { change in
            // It may have been removed or used, and settings and people may be others by now.
            guard let (known, person) = try change.tx.usable(answer.id),
                known.canAnswer(askedAt: asked)
            else { throw PasskeyRefused(fault: .answered, passkey: nil) }
            var passkey = known
            let before = passkey.counter
            let fell = passkey.use(
                askedAt: asked,
                counter: assertion.counter,
                isBackedUp: assertion.isBackedUp,
                at: change.now
            )
            try change.tx.update(passkey)
            if fell {
                change.emit(.signIn(.passkey(.counterFell(from: before), passkey, person)))
            }
            return try body(&change, passkey, person)
        }
    }

    /// When what it answers was asked, and what its authenticator says.
    private func check(
        _ answer: AssertionResponse,
        of passkey: Passkey,
        _ person: Person,
        _ question: Question
    ) async throws -> (Assertion, Timestamp) {
        do throws(WebAuthnFault) {
            let key = try PublicKey(cose: passkey.publicKey)
            guard answer.userHandle == nil || answer.userHandle == passkey.userHandle else {
                throw .userHandle
            }
            let challenge = try answer.challenge(at: question.party)
            let asked = try self.key.instant(
                of: challenge,
                for: question.purpose,
                to: question.holder,
                at: clock.now()
            )
            let assertion = try answer.verified(
                answering: challenge,
                by: key,
                isBackupEligible: passkey.isBackupEligible,
                at: question.party
            )
            guard passkey.canAnswer(askedAt: asked) else { throw .answered }
            return (assertion, asked)
        } catch {
            try await record(error, answer, of: passkey, person)
            throw PasskeyRefused(fault: error, passkey: passkey.id)
        }
    }

    /// What nobody but her authenticator can have signed, and what no page of ours asks: she and her
    /// administrators should know. What anybody can make up, or is too late, is no news.
    private func record(
        _ fault: WebAuthnFault,
        _ answer: AssertionResponse,
        of passkey: Passkey,
        _ person: Person
    ) async throws {
        guard fault.isNews, try answer.isSigned(by: PublicKey(cose: passkey.publicKey)) else {
            return
        }
        try await store.write(by: .system, for: .ending) { [refusals] change in
            guard refusals.tryTake(person.id.text, now: change.now) else { return }
            change.emit(
                .signIn(.passkey(.refused(problem: fault.rawValue), passkey, person))
            )
        }
    }
}

extension WebAuthnFault {
    fileprivate var isNews: Bool {
        switch self {
        case .answered, .origin, .crossOrigin, .relyingParty, .userPresence, .userVerification,
            .backupState, .backupEligibility, .userHandle, .type, .challenge:
            true
        case .response, .clientData, .expired, .authenticatorData, .signature, .attestation,
            .attestationFormat, .algorithm, .publicKey, .credentialID, .unknownCredential:
            false
        }
    }
}

extension PasskeyRecords where Self: PersonRecords & SignInSettingsRecords {
    /// The passkey that its device calls so, and whose it is; nil where it opens nothing.
    fileprivate func usable(_ credential: [UInt8]) throws -> (Passkey, Person)? {
        guard let passkey = try passkey(credential: credential),
            let person = try person(passkey.person), person.maySignIn,
            try allowsPasskeys(at: person.side)
        else { return nil }
        return (passkey, person)
    }
}
