package import LockboxDomain
package import LockboxPorts

/// Domain values for tests: two tenants, their people, the provider's, and what they do. Every
/// function has defaults, so that a test names only what it is about.
package enum Fixture {
    /// When the tests take place.
    package static let issuer = "https://login.contoso.test"

    /// Contoso's people at a provider of their own, and with no password.
    package static let signsInElsewhere = SignInSettings(
        provider: OpenIDProvider(
            issuer: issuer,
            clientID: "lockbox",
            authentication: .secretBasic,
            clientSecret: .file("/secrets/contoso"),
            acrValues: ["phr"],
            trustsAddresses: false
        ),
        allowsPasswords: false
    )

    /// The same, where the provider says who has which role, and cannot be reached just now.
    package static let takesRolesFromElsewhere: SignInSettings = {
        let claimed = ClaimedRoles(
            claim: "groups",
            roles: ["Leute, mit Rückfragen": [.member], "deciders": [.member, .approver], "-": []]
        )
        var settings = SignInSettings(
            provider: OpenIDProvider(
                issuer: issuer,
                clientID: "lockbox",
                authentication: .privateKey,
                clientSecret: nil,
                roles: claimed
            ),
            allowsPasswords: false
        )
        settings.recoveryUntil = now + .hours(2)
        return settings
    }()

    package static let ownsItsDomain: Tenant = {
        var tenant = contoso
        tenant.domains = ["contoso.test"].compactMap { DomainName($0) }
        return tenant
    }()

    /// What Gita asked for and nobody has stopped.
    package static let signInChange = SignInChange(
        stored: id(1),
        tenant: contoso.id,
        settings: {
            var settings = takesRolesFromElsewhere
            settings.recoveryUntil = nil
            return settings
        }(),
        by: gita.id,
        madeAt: now,
        takesEffectAt: now + .hours(24)
    )

    /// What Gita asked for and holds from tomorrow on: access for twice as long.
    package static let policyChange = PolicyChange(
        id: id(1),
        tenant: contoso.id,
        policy: policy(maxAccess: .hours(8)),
        version: 1,
        by: gita.id,
        madeAt: now,
        takesEffectAt: now + .hours(24),
        agreed: [gita.id]
    )

    /// What an operator's file wishes of Sue.
    package static let proposal = proposal(of: sue, at: now)

    /// The same of somebody else, or at another time.
    package static func proposal(
        _ number: UInt8 = 1,
        of person: Person,
        at now: Timestamp
    ) -> PersonProposal {
        PersonProposal(
            id: id(number),
            tenant: contoso.id,
            person: person.id,
            wish: PersonProposal.Wish(
                roles: [.member, .approver],
                email: EmailAddress("susan@contoso.test"),
                aliases: ["sue@contoso.test", "s@contoso.test"].compactMap { EmailAddress($0) },
                switchesOn: true
            ),
            madeAt: now
        )
    }

    package static let now = Timestamp("2026-11-23T09:00:00Z")!

    /// An identifier made of `number`: the same number, the same identifier, and a greater one for
    /// a greater number.
    package static func id<Entity>(_ number: UInt8, _: Entity.Type = Entity.self) -> ID<Entity> {
        let half = ID<Entity>.entropyBytes / 2
        return ID(
            entropy: Array(repeating: number >> 5, count: half)
                + Array(repeating: number & 31, count: ID<Entity>.entropyBytes - half)
        )
    }

    /// SHA-256 of nothing anybody knows.
    package static func secretHash(_ number: UInt8) -> [UInt8] {
        Array(repeating: number, count: 32)
    }

    // MARK: - Organisations

    package static let contoso = tenant("contoso", name: "Contoso Ltd")
    package static let fabrikam = tenant("fabrikam", name: "Fabrikam Inc")

    /// A role that somebody made at the mail service, which nobody wants closed.
    package static let unknownAccess = UnknownAccess(
        tenant: contoso.id,
        service: mail.service.id,
        loginName: "lbx-intruder",
        kind: .unknown,
        oddity: "its role has no comment",
        isClosed: false
    )

    package static func tenant(
        _ id: String = "contoso",
        name: String = "Contoso Ltd",
        isLicensed: Bool = true,
        policy: Policy = .standard,
        version: Int = 1
    ) -> Tenant {
        Tenant(
            id: TenantID(id)!,
            name: name,
            isLicensed: isLicensed,
            policy: policy,
            version: version
        )
    }

    package static func policy(
        requireApproval: Bool = true,
        decisionWindow: TimeSpan = .hours(12),
        maxAccess: TimeSpan = .hours(4),
        approvalsNeeded: Int = 1
    ) -> Policy {
        var policy = Policy.standard
        policy.requireApproval = requireApproval
        policy.decisionWindow = decisionWindow
        policy.maxAccess = maxAccess
        policy.approvalsNeeded = approvalsNeeded
        return policy
    }

    // MARK: - People

    /// A member of Contoso, who asks for help.
    package static let sue = person(1, "Sue Reyes", "sue@contoso.test", .member)
    /// An approver of Contoso.
    package static let adam = person(2, "Adam Cole", "adam@contoso.test", .approver)
    /// The administrator of Contoso.
    package static let gita = person(3, "Gita Rao", "gita@contoso.test", .admin)
    /// An engineer of the provider.
    package static let eve = person(
        4,
        "Eve Park",
        "eve@example-cloud.test",
        .engineer,
        at: .provider
    )
    /// A manager of the provider.
    package static let mark = person(
        5,
        "Mark Lee",
        "mark@example-cloud.test",
        .manager,
        at: .provider
    )
    /// An approver of Fabrikam.
    package static let frida = person(
        6,
        "Frida Holm",
        "frida@fabrikam.test",
        .approver,
        at: .tenant(fabrikam.id)
    )

    package static let everyone = [sue, adam, gita, eve, mark, frida]

    /// Another member of Contoso.
    package static let tom = person(11, "Tom Ash", "tom@contoso.test", .member)
    /// An auditor of Contoso.
    package static let uma = person(12, "Uma Bell", "uma@contoso.test", .auditor)
    /// A manager of the provider who is an engineer too.
    package static let max = person(
        13,
        "Max Orr",
        "max@example-cloud.test",
        [.manager, .engineer],
        at: .provider
    )
    /// An operator of the provider.
    package static let olga = person(
        14,
        "Olga Diaz",
        "olga@example-cloud.test",
        .operator,
        at: .provider
    )
    /// An auditor of the provider.
    package static let vera = person(
        15,
        "Vera Moss",
        "vera@example-cloud.test",
        .auditor,
        at: .provider
    )
    /// The administrator of Fabrikam.
    package static let finn = person(
        16,
        "Finn Koch",
        "finn@fabrikam.test",
        .admin,
        at: .tenant(fabrikam.id)
    )

    /// A program of the provider's.
    package static let robot = Person(
        id: id(17),
        side: .provider,
        name: "Backup checker",
        email: EmailAddress("backup-bot@example-cloud.test")!,
        roles: .engineer,
        isProgram: true
    )

    /// People of every role.
    package static let everybody = everyone + [tom, uma, max, olga, vera, finn]

    package static func person(
        _ number: UInt8,
        _ name: String = "Pat Doe",
        _ email: String = "pat@contoso.test",
        _ roles: Roles = .member,
        at side: Side = .tenant(contoso.id),
        aliases: [String] = [],
        isDisabled: Bool = false
    ) -> Person {
        Person(
            id: id(number),
            side: side,
            name: name,
            email: EmailAddress(email)!,
            roles: roles,
            aliases: aliases.map { EmailAddress($0)! },
            isDisabled: isDisabled
        )
    }

    // MARK: - What is protected

    package static let mail = service("mail")
    package static let mailbox = resource("mailbox:sue@contoso.test")
    package static let otherMailbox = resource("mailbox:adam@contoso.test")
    package static let scope = scope([Access(mailbox, .read)])

    package static func service(
        _ id: String = "mail",
        kind: StaticString = "imap",
        resourceType: String = "mailbox",
        clientID: String? = "dovecot",
        doveadm: String? = "http://127.0.0.1:8080/doveadm/v1"
    ) -> ServiceSettings {
        ServiceSettings(
            service: ProtectedService(
                id: ServiceID(id)!,
                kind: .init(known: kind),
                resourceType: resourceType
            ),
            introspection: clientID.map { .init(clientID: $0, clientSecretFile: "secrets/\($0)") },
            own: doveadm.map {
                #"{"doveadm":{"apiKeyFile":"secrets/doveadm","url":"\#($0)"}}"#
            } ?? "{}"
        )
    }

    package static func resource(_ name: String, of service: ServiceID = mail.service.id)
        -> Resource
    {
        Resource(service: service, name: name)!
    }

    package static func scope(_ accesses: [Access]) -> Scope {
        do {
            return try Scope(accesses)
        } catch {
            preconditionFailure("no scope: \(error)")
        }
    }

    /// Whose each resource is.
    package static let resources: [(Resource, TenantID)] = [
        (mailbox, contoso.id), (otherMailbox, contoso.id),
        (resource("mailbox:frida@fabrikam.test"), fabrikam.id),
    ]

    // MARK: - All of it

    /// Saves the provider, the tenants, everyone, the mail service, its resources and a support
    /// request of each tenant: what every access request rests on.
    package static func populate(_ tx: any StoreTransaction) throws {
        try tx.saveProviderName("Example Cloud")
        for tenant in [contoso, fabrikam] { try tx.save(tenant) }
        for person in everyone { try tx.save(person) }
        try tx.save(mail)
        for (resource, tenant) in resources { try tx.save(resource, of: tenant) }
        try tx.insert(supportRequest())
        try tx.insert(supportRequest("SR-2001", of: fabrikam.id, openedBy: frida.id))
    }
}

extension Fixture {
    /// One that is open.
    package static func invitation(
        _ number: UInt8 = 1,
        to person: Person,
        for purpose: Invitation.Purpose = .firstSignIn,
        by maker: Person? = nil,
        at instant: Timestamp = now
    ) -> Invitation {
        Invitation(
            id: InvitationID(
                entropy: Array(repeating: number, count: InvitationID.entropyBytes)
            ),
            to: person.id,
            for: purpose,
            by: maker?.id,
            at: instant
        )
    }
}

extension Fixture {
    /// One that was never used.
    package static func passkey(
        _ number: UInt8 = 1,
        of person: Person,
        at instant: Timestamp = now
    ) -> Passkey {
        Passkey(
            id: id(number),
            person: person.id,
            name: "My own phone",
            credential: Array(repeating: number, count: 32),
            publicKey: Array(repeating: number, count: 77),
            userHandle: Array(repeating: 5, count: 32),
            createdAt: instant,
            isBackupEligible: true,
            isBackedUp: false,
            counter: 0,
            answeredAt: instant
        )
    }
}
