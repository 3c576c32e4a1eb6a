import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxOIDC
import LockboxPorts
import LockboxService
import Synchronization

extension PortalWorld {
    /// Contoso's people sign in at its own provider from now on.
    package func signsInElsewhere(passwords: Bool = false) async throws {
        var settings = Fixture.signsInElsewhere
        settings.allowsPasswords = passwords
        var tenant = try await lockbox.tenant("contoso", by: person("gita"))
        tenant.domains = ["contoso.test"].compactMap { DomainName($0) }
        try await audited.write(by: .console) { [settings, tenant] change in
            try change.tx.save(tenant)
            change.emit(.directory(.domainsChanged(tenant)))
            let side = Side.tenant(tenant.id)
            try change.tx.save(settings, of: side)
            change.emit(.directory(.signInChanged(side, settings)))
        }
    }

    /// Somebody of Contoso comes in by it.
    package func cameFromElsewhere(_ name: String) async throws {
        let person = person(name)
        let providers = ProviderSignIn(store: audited, sessions: sessions)
        let (secret, _) = try await providers.begin(
            IDToken(
                identity: Identity(issuer: Fixture.issuer, subject: name),
                address: person.email,
                session: nil
            ),
            at: person.side,
            from: ClientKey(address: "192.0.2.1")
        )
        memory.withLock { $0.secrets[name] = secret }
    }
}
