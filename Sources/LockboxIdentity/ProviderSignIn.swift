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
        let found: Found
        do {
            found = try await store.read { tx, _ in try tx.whoever(token, means: side) }
        } catch NotAdmitted.otherAccount(let address) {
            try await recordRefusal(of: address, by: token)
            throw NotAdmitted.otherAccount(address)
        }
        return try await store.write(by: .person(found.person), for: .ending) {
            [sessions] change in
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
            guard !person.isDisabled else { throw NotAdmitted.disabled }
            return Found(person: person, isNew: false)
        }
        guard let address = token.address else { throw NotAdmitted.noAddress }
        if let tenant = side.tenant {
            guard DomainOwners(try tenants()).owner(of: address.domain) == tenant else {
                throw NotAdmitted.foreignAddress(address)
            }
        }
        guard let person = try person(identifiedBy: Identity(local: address)), person.side == side
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
