package import LockboxAudit
package import LockboxDomain
package import LockboxOIDC
import LockboxPorts

/// Why somebody whom an OpenID provider let in is nobody here.
package enum NotAdmitted: Error, Hashable, Sendable {
    /// The organisation signs in elsewhere by now.
    case otherSettings
    /// The provider names no address of hers that counts.
    case noAddress
    /// The address is in no domain that is her organisation's alone.
    case foreignAddress(EmailAddress)
    case unknown(EmailAddress)
    /// The address is somebody's who signs in with another account there.
    case otherAccount(EmailAddress)
    case disabled
    /// Somebody else is signed in than the one who has to show who she is.
    case somebodyElse
}

/// Which organisation an address belongs to, and how its people sign in.
package struct WayIn: Sendable {
    package let side: Side
    package let settings: SignInSettings
    /// The name of the organisation.
    package let name: String
}

/// Sign-in at an organisation's own OpenID provider. Who somebody is there is its issuer and the
/// subject (OpenID Connect Core §5.7); her address counts once, when the two are brought together.
package struct ProviderSignIn: Sendable {
    private let store: AuditedStore
    private let sessions: Sessions
    private let refusals = RateLimit(
        burst: IdentityLimits.identityRefusalBurst,
        perSecond: IdentityLimits.identityRefusalsPerSecond
    )

    package init(store: AuditedStore, sessions: Sessions) {
        self.store = store
        self.sessions = sessions
    }

    /// The organisation whose provider lets in whoever has an address in that domain; nil where
    /// passwords are asked. Only the domain is looked at, so that nobody learns whom there is.
    package func way(for email: String) async throws -> WayIn? {
        guard let address = EmailAddress(email) else { return nil }
        return try await store.read { tx, _ in
            if let way = try tx.way(of: .provider),
                way.settings.domains?.contains(where: { $0.includes(address.domain) }) == true
            {
                return way
            }
            let owner = DomainOwners(try tx.tenants()).owner(of: address.domain)
            return try owner.flatMap { try tx.way(of: .tenant($0)) }
        }
    }

    /// How the people of `side` sign in, where they have a provider.
    package func way(of side: Side) async throws -> WayIn? {
        try await store.read { tx, _ in try tx.way(of: side) }
    }

    /// Whether anybody signs in at a provider.
    package func isUsed() async throws -> Bool {
        try await store.read { tx, _ in try tx.hasOpenIDProvider() }
    }

    /// Begins a session for whoever `token` means at `side`. Throws `NotAdmitted` where that is
    /// nobody.
    package func begin(_ token: IDToken, at side: Side, from client: ClientKey) async throws -> (
        secret: String, signedIn: SignedIn
    ) {
        var found: Found
        do {
            found = try await store.read { tx, _ in try tx.whoever(token, means: side) }
        } catch NotAdmitted.otherAccount(let address) {
            try await recordRefusal(of: address, by: token)
            throw NotAdmitted.otherAccount(address)
        }
        let person = try await store.takeClaimedRoles(of: found.person, from: token)
        found = Found(person: person, isNew: found.isNew)
        return try await store.write(by: .person(person), for: .ending) {
            [sessions, found] change in
            // Settings and people may be others by now.
            guard try change.tx.whoever(token, means: side) == found else {
                throw NotAdmitted.otherSettings
            }
            if found.isNew {
                try change.tx.insert(token.identity, of: found.person.id)
                change.emit(.signIn(.identityLinked(token.identity, found.person)))
            }
            return try sessions.admit(found.person, by: token, from: client, &change)
        }
    }

    /// The ways in that `sent` may be about: those of organisations whose people sign in there.
    package func ways(of sent: SentLogoutToken) async throws -> [WayIn] {
        guard sent.audience.count <= IdentityLimits.audiences else { return [] }
        return try await store.read { tx, _ in
            try sent.audience.flatMap { client in
                try tx.organisations(at: sent.issuer, client: client).compactMap {
                    try tx.way(of: $0)
                }
            }
        }
    }

    /// Ends the sessions that `token` means, of people of `side`, and whatever they signed in at command
    /// lines: what those go on with came of a session too, and nobody knows any more of which (OpenID
    /// Connect Back-Channel Logout 1.0 §2.7). What nobody has, or what is over, is as good as ended.
    package func end(_ token: LogoutToken, of side: Side) async throws {
        try await store.write(by: .system, for: .ending) { change in
            if let subject = token.subject,
                let person = try change.tx.person(
                    identifiedBy: Identity(issuer: token.issuer, subject: subject)
                ), person.side == side
            {
                try change.endLogins(of: person, begunBy: token.before)
            }
            let meant = Dictionary(grouping: try change.tx.sessions(meantBy: token), by: \.person)
            for (id, sessions) in meant {
                guard let person = try change.tx.person(id), person.side == side else { continue }
                for session in sessions { try change.tx.endSession(session.id, at: change.now) }
                try change.endLogins(of: person, begunBy: token.before)
                change.emit(.signIn(.signedOutByProvider(person, issuer: token.issuer)))
            }
        }
    }

    /// Her administrators should know: it is a mistake at the provider, or somebody who tries.
    private func recordRefusal(of address: EmailAddress, by token: IDToken) async throws {
        try await store.write(by: .system, for: .ending) { [refusals] change in
            guard let person = try change.tx.person(identifiedBy: Identity(local: address)),
                refusals.tryTake(person.id.text, now: change.now)
            else { return }
            change.emit(.signIn(.identityRefused(person, issuer: token.identity.issuer)))
        }
    }
}

extension SessionRecords where Self: PersonRecords {
    /// Those that the provider lets nobody go on with; none that began after it said so.
    fileprivate func sessions(meantBy token: LogoutToken) throws -> [Session] {
        var found: [Session]
        if let subject = token.subject {
            let identity = Identity(issuer: token.issuer, subject: subject)
            guard let person = try person(identifiedBy: identity) else { return [] }
            found = try sessions(of: person.id).filter { $0.issuer == token.issuer }
            if let name = token.session {
                // One of which the provider never gave the name may be the one.
                found.removeAll { $0.issuerSession.map { $0 != name } ?? false }
            }
        } else {
            found = try token.session.map { try sessions(at: token.issuer, named: $0) } ?? []
        }
        return found.filter { $0.createdAt <= token.before }
    }
}

extension AuditedStore {
    /// Gives `person` the roles that her provider says she has, and takes the others, where it has a
    /// say in them; says what she is then. It is not she who does so. Her organisation keeps its last
    /// administrator: else nobody could change that again.
    @discardableResult
    func takeClaimedRoles(of person: Person, from token: IDToken) async throws -> Person {
        let wanted = try await read { tx, _ in try tx.withClaimedRoles(person, from: token) }
        guard wanted != person else { return person }
        return try await write(by: .system, for: .ending) { change in
            let before = try change.tx.current(person)
            let after = try change.tx.withClaimedRoles(before, from: token)
            return try change.update(before, to: after)
        }
    }
}

extension PersonRecords where Self: SignInSettingsRecords {
    fileprivate func withClaimedRoles(_ person: Person, from token: IDToken) throws -> Person {
        guard let provider = try signInSettings(of: person.side)?.provider,
            provider.issuer == token.identity.issuer, let claimed = provider.roles
        else { return person }
        var after = person
        after.roles = claimed.roles(for: token.roleValues)
        if person.holds(oneOf: .admin, at: person.side), !after.roles.contains(.admin),
            try administrators(of: person.side).count == 1
        {
            after.roles.insert(.admin)
        }
        return after
    }
}

/// Whom a token means.
private struct Found: Hashable, Sendable {
    let person: Person
    /// Whether her account at the provider is unknown so far.
    let isNew: Bool
}

extension TenantRecords where Self: PersonRecords & SignInSettingsRecords {
    fileprivate func way(of side: Side) throws -> WayIn? {
        guard let settings = try signInSettings(of: side), settings.provider != nil else {
            return nil
        }
        let name = try side.tenant.map { try tenant($0)?.name ?? "" } ?? providerName()
        return WayIn(side: side, settings: settings, name: name)
    }

    /// An account that is known means its person, whatever address it comes with by now. One that
    /// is new means whoever has its address: at this organisation, and where the address is in a
    /// domain that nobody else can have.
    fileprivate func whoever(_ token: IDToken, means side: Side) throws -> Found {
        let settings = try signInSettings(of: side)
        guard token.identity.issuer == settings?.provider?.issuer else {
            throw NotAdmitted.otherSettings
        }
        if let person = try person(identifiedBy: token.identity) {
            guard person.side == side else { throw NotAdmitted.otherSettings }
            guard person.maySignIn else { throw NotAdmitted.disabled }
            return Found(person: person, isNew: false)
        }
        guard let address = token.address else { throw NotAdmitted.noAddress }
        if let tenant = side.tenant {
            guard DomainOwners(try tenants()).owner(of: address.domain) == tenant else {
                throw NotAdmitted.foreignAddress(address)
            }
        }
        guard let person = try person(identifiedBy: Identity(local: address)), person.side == side,
            !person.isProgram
        else { throw NotAdmitted.unknown(address) }
        guard !person.isDisabled else { throw NotAdmitted.disabled }
        guard try subject(of: person.id, at: token.identity.issuer) == nil else {
            throw NotAdmitted.otherAccount(address)
        }
        return Found(person: person, isNew: true)
    }
}

extension DomainName {
    /// Whether `host`, in lower case, is this or below it.
    fileprivate func includes(_ host: String) -> Bool {
        DomainOwners.names(of: host).contains(text)
    }
}
