import Crypto
import LockboxAudit
import LockboxDomain
import LockboxPorts
import MerkleLog

/// What the failures of whoever tries a password are counted under.
enum Origin: Sendable {
    case client(ClientKey)
    /// Somebody who is signed in and gives the password again.
    case session(SessionID)

    fileprivate static func hash(_ kind: String, _ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array("\(kind) \(text)".utf8)))
    }

    /// What a stranger's failures are counted under. A browser that nobody has signed in from is
    /// nothing but its address: it could say another name each time.
    fileprivate var place: [UInt8] {
        switch self {
        case .session(let id): Self.hash("session", id.text)
        case .client(let key): Self.hash("address", key.address)
        }
    }

    /// The place that speaks for `person`: her session, or a browser in which she signed in not long
    /// ago. Nil for a stranger's.
    func knownPlace(of person: Person, at now: Timestamp, in tx: any StoreTransaction) throws
        -> [UInt8]?
    {
        switch self {
        case .session: place
        case .client(let key):
            try key.device.map { Self.hash(device: $0) }
                .filter { try tx.knows($0, of: person, at: now) }
        }
    }

    /// `person` is the one whom this place speaks for, if it does.
    func requester(_ person: Person?) -> HashingRequester {
        switch (person, self) {
        case (let person?, _): .known(person.id.text)
        case (nil, .client(let key)): .stranger(key.address)
        // The session's person is switched off.
        case (nil, .session(let id)): .known(id.text)
        }
    }

    /// Under what a browser is remembered that signed in.
    static func hash(device: String) -> [UInt8] { hash("device", device) }
}

/// One attempt at one account, inside the write that decides it.
///
/// Failures are counted for each client, so that whoever guesses is held off and nobody else.
/// Guesses from many places add up for the account as a whole; past that bound all are held off,
/// save browsers in which its person has signed in before. So strangers can keep nobody out for
/// whom the cookie of such a browser speaks.
struct Attempt {
    let person: Person
    private(set) var account: PasswordRecord
    private var client: SignInClient
    private let clientHash: [UInt8]
    private let origin: Origin
    private let isKnown: Bool

    /// Nil for an account without a password.
    init?(on person: Person, from origin: Origin, _ change: Change) throws {
        guard let account = try change.tx.password(of: person.id) else { return nil }
        self.person = person
        self.account = account
        self.origin = origin
        let known = try origin.knownPlace(of: person, at: change.now, in: change.tx)
        isKnown = known != nil
        clientHash = known ?? origin.place
        client =
            try change.tx.signInClient(clientHash, of: person.id)
            ?? SignInClient(keptUntil: change.now)
    }

    /// Whether even the right password is refused now.
    func isThrottled(at now: Timestamp) -> Bool {
        client.heldUntil.map { now < $0 } ?? false
            || !isKnown && account.lockedUntil.map { now < $0 } ?? false
    }

    /// A wrong password.
    mutating func fail(_ change: inout Change) throws {
        let now = change.now
        client.failures += 1
        if client.failures >= IdentityLimits.failuresBeforeHold {
            let until = now + IdentityLimits.hold
            // Held off a second time without a right password between: whoever holds this cookie is
            // not the one whom it speaks for.
            if client.heldUntil != nil { try distrust(change) }
            client.failures = 0
            client.heldUntil = until
            change.emit(.signIn(.throttled(person, until: until)))
        }
        client.keptUntil = max(client.keptUntil, now + IdentityLimits.failuresCounted)
        try change.tx.save(client, clientHash, of: person.id)

        if account.failuresSince.map({ now >= $0 + IdentityLimits.failuresCounted }) ?? true {
            account.failures = 0
            account.failuresSince = now
        }
        account.failures += 1
        if account.failures >= IdentityLimits.failuresBeforeLock
            && account.lockedUntil.map({ $0 <= now }) ?? true
        {
            let until = now + IdentityLimits.hold
            account.lockedUntil = until
            change.emit(.signIn(.locked(person, until: until)))
        }
        try change.tx.save(account, of: person.id)
    }

    /// The session ends, or the browser is a stranger's from now on.
    private mutating func distrust(_ change: Change) throws {
        client.succeededAt = nil
        switch origin {
        case .session(let id): try change.tx.endSession(id, at: change.now)
        case .client: break
        }
    }

    /// The right password: this client begins anew. The account's failures still count, since they
    /// were others'.
    mutating func succeed(_ change: Change) throws {
        guard client.failures > 0 || client.heldUntil != nil else { return }
        client.failures = 0
        client.heldUntil = nil
        try change.tx.save(client, clientHash, of: person.id)
    }
}

extension SignInRecords {
    /// Whether `person` signed in from the browser with that hash not long ago.
    fileprivate func knows(_ device: [UInt8], of person: Person, at now: Timestamp) throws -> Bool {
        guard let succeededAt = try signInClient(device, of: person.id)?.succeededAt else {
            return false
        }
        return now < succeededAt + IdentityLimits.deviceKnown
    }

    /// Remembers the browser from which `person` signed in just now, by the name that it gave if it
    /// is known by that, else by a new one: a name that somebody else put into it would be known to
    /// that one too. Says whether it is new, though she has signed in elsewhere not long ago.
    func remember(_ device: String?, of person: Person, _ change: Change) throws -> (
        name: String, isNew: Bool
    ) {
        var isNew = try hasSignedIn(person.id, since: change.now - IdentityLimits.deviceKnown)
        var name = Hex.encode(change.entropy.bytes(32))
        if let device, try knows(Origin.hash(device: device), of: person, at: change.now) {
            name = device
            isNew = false
        }
        try save(
            SignInClient(
                succeededAt: change.now,
                keptUntil: change.now + IdentityLimits.deviceKnown
            ),
            Origin.hash(device: name),
            of: person.id
        )
        return (name, isNew)
    }
}

extension Optional {
    fileprivate func filter(_ condition: (Wrapped) throws -> Bool) rethrows -> Wrapped? {
        guard let self, try condition(self) else { return nil }
        return self
    }
}
