import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofTheDirectory = [
        Promise("tenants are read back as they were saved, in order", tenantsAreReadBack),
        Promise("the provider's name is the last one saved", providerNameIsTheLastSaved),
        Promise("services are read back as they were saved, in order", servicesAreReadBack),
        Promise("two services cannot share an introspection client", clientsAreUnique),
        Promise("a resource belongs to one tenant", resourcesBelongToOne),
        Promise("people are read back as they were saved, by side and in order", peopleAreReadBack),
        Promise(
            "an address means one person, whatever its case or tag, on whichever side",
            addressesAreUnique
        ),
        Promise("an address that was given up is free again", addressesAreFreed),
        Promise("a person stays on one side", peopleStayOnTheirSide),
        Promise("identifiers that differ in case differ", identifiersAreCaseSensitive),
        Promise("passwords and lock-outs are read back as they were saved", passwordsAreReadBack),
        Promise(
            "clients that tried a password are read back and forgotten",
            signInClientsAreReadBack
        ),
        Promise("a token is found by its hash until it is revoked", tokensEnd),
        Promise("a command is found again by its person and key", commandsAreFound),
    ]
}

private func tenantsAreReadBack(_ store: any Store) async throws {
    let policy = Fixture.policy(
        requireApproval: false,
        decisionWindow: .minutes(15),
        maxAccess: .seconds(1),
        approvalsNeeded: 10
    )
    var saved = Fixture.tenant(
        "a-1",
        name: "Ünïcode “and” 'quotes'; DROP",
        isLicensed: false,
        policy: policy,
        version: 9
    )
    saved.domains = [DomainName("contoso.test")!, DomainName("xn--nxasmq6b.example")!]
    let plain = saved
    try await store.write { tx in
        for tenant in [Fixture.fabrikam, Fixture.contoso, plain] { try tx.save(tenant) }
    }
    #expect(
        try await store.read { try $0.tenants() } == [plain, Fixture.contoso, Fixture.fabrikam]
    )
    var changed = plain
    changed.name = "Another"
    changed.isLicensed = true
    changed.policy = .standard
    changed.version = 10
    try await store.write { [changed] in try $0.save(changed) }
    #expect(try await store.read { try $0.tenant(plain.id) } == changed)
    #expect(try await store.read { try $0.tenant(TenantID("nobody")!) } == nil)
}

private func providerNameIsTheLastSaved(_ store: any Store) async throws {
    for name in ["Example Cloud", "Example Cloud AG"] {
        try await store.write { try $0.saveProviderName(name) }
        #expect(try await store.read { try $0.providerName() } == name)
    }
}

private func servicesAreReadBack(_ store: any Store) async throws {
    let bare = Fixture.service(
        "db",
        kind: "sql",
        resourceType: "database",
        clientID: nil,
        doveadm: nil
    )
    let web = Fixture.service(
        "web",
        kind: "http",
        resourceType: "site",
        clientID: "web",
        doveadm: nil
    )
    try await store.write { tx in for service in [web, Fixture.mail, bare] { try tx.save(service) }
    }
    #expect(try await store.read { try $0.services() } == [bare, Fixture.mail, web])
    let changed = Fixture.service(
        "web",
        kind: "sql",
        resourceType: "table",
        clientID: nil,
        doveadm: "http://x"
    )
    try await store.write { try $0.save(changed) }
    #expect(try await store.read { try $0.service(changed.service.id) } == changed)
}

private func clientsAreUnique(_ store: any Store) async throws {
    try await store.write { try $0.save(Fixture.mail) }
    await #expect(throws: Refusal.alreadyExists(.service)) {
        try await store.write { try $0.save(Fixture.service("other", clientID: "dovecot")) }
    }
    // Again the same, and one that differs in case.
    try await store.write { tx in
        try tx.save(Fixture.mail)
        try tx.save(Fixture.service("other", clientID: "Dovecot"))
    }
}

private func resourcesBelongToOne(_ store: any Store) async throws {
    try await store.populate()
    let contoso = Fixture.contoso.id
    #expect(
        try await store.read { try $0.resources(of: contoso) }
            == [Fixture.mailbox, Fixture.otherMailbox].sorted()
    )
    #expect(try await store.read { try $0.owner(of: Fixture.mailbox) } == contoso)
    #expect(
        try await store.read { try $0.owner(of: Fixture.resource("mailbox:nobody@x.test")) } == nil
    )
    await #expect(throws: Refusal.alreadyExists(.resource)) {
        try await store.write { try $0.save(Fixture.mailbox, of: Fixture.fabrikam.id) }
    }
    try await store.write { try $0.save(Fixture.mailbox, of: contoso) }
    #expect(try await store.read { try $0.owner(of: Fixture.mailbox) } == contoso)
    let post = Fixture.service("post", clientID: "post")
    func only(_ service: ServiceID) async throws -> TenantID? {
        try await store.read { try $0.onlyTenant(at: service) }
    }
    func save(_ name: String, of tenant: TenantID) async throws {
        let resource = Resource(service: post.service.id, name: name)!
        try await store.write { try $0.save(resource, of: tenant) }
    }
    // Both tenants have mailboxes.
    #expect(try await only(Fixture.mailbox.service) == nil)
    try await store.write { try $0.save(post) }
    #expect(try await only(post.service.id) == nil)
    for name in ["mailbox:a@contoso.test", "mailbox:b@contoso.test"] {
        try await save(name, of: contoso)
    }
    #expect(try await only(post.service.id) == contoso)
    try await save("mailbox:c@fabrikam.test", of: Fixture.fabrikam.id)
    #expect(try await only(post.service.id) == nil)
}

private func peopleAreReadBack(_ store: any Store) async throws {
    try await store.populate()
    let pat = Fixture.person(
        20,
        "Pat “P” Doe",
        "Aa.Pat+work@Contoso.test",
        [.member, .auditor],
        aliases: ["pat@old.test", "P.Doe@contoso.test"],
        isDisabled: true
    )
    try await store.write { try $0.save(pat) }
    let contoso = [pat, Fixture.adam, Fixture.gita, Fixture.sue]
    #expect(try await store.read { try $0.people(at: .tenant(Fixture.contoso.id)) } == contoso)
    #expect(try await store.read { try $0.people(at: .provider) } == [Fixture.eve, Fixture.mark])
    #expect(try await store.read { try $0.person(pat.id) } == pat)
    #expect(try await store.read { try $0.person(Fixture.id(30)) } == nil)
    var changed = pat
    changed.name = "Pat Moe"
    changed.roles = .approver
    changed.isDisabled = false
    changed.aliases = []
    changed.mutedLetters = [.reminders, .accessReports]
    changed.timeZone = TimeZoneName("America/Argentina/Buenos_Aires")
    try await store.write { [changed] in try $0.save(changed) }
    #expect(try await store.read { try $0.person(pat.id) } == changed)
}

private func addressesAreUnique(_ store: any Store) async throws {
    try await store.populate()
    try await store.write {
        try $0.save(Fixture.person(20, "Pat", "pat@contoso.test", aliases: ["pd@old.test"]))
    }
    for address in [
        "pat@contoso.test", "Pat@CONTOSO.test", "pat+lists@contoso.test", "PD+x@old.test",
    ] {
        let local = Identity(local: EmailAddress(address)!)
        #expect(try await store.read { try $0.person(identifiedBy: local)?.id } == Fixture.id(20))
        for side in [Side.provider, .tenant(Fixture.contoso.id), .tenant(Fixture.fabrikam.id)] {
            for other in [
                Fixture.person(21, "Imp", address, [], at: side),
                Fixture.person(21, "Imp", "imp@x.test", [], at: side, aliases: [address]),
            ] {
                await #expect(throws: Refusal.alreadyExists(.person)) {
                    try await store.write { try $0.save(other) }
                }
            }
        }
    }
    #expect(try await store.read { try $0.person(Fixture.id(21)) } == nil)
    let elsewhere = Identity(issuer: "https://idp.test", subject: "pat@contoso.test")
    #expect(try await store.read { try $0.person(identifiedBy: elsewhere) } == nil)
}

private func addressesAreFreed(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { tx in
        try tx.save(Fixture.person(20, "Pat", "pat@contoso.test", aliases: ["pd@old.test"]))
        try tx.save(Fixture.person(20, "Pat", "pat.moe@contoso.test"))
        try tx.save(
            Fixture.person(21, "Pat the second", "pat@contoso.test", aliases: ["pd@old.test"])
        )
    }
    let old = Identity(local: EmailAddress("pd@old.test")!)
    #expect(try await store.read { try $0.person(identifiedBy: old)?.id } == Fixture.id(21))
}

private func peopleStayOnTheirSide(_ store: any Store) async throws {
    try await store.populate()
    for side in [Side.provider, .tenant(Fixture.fabrikam.id)] {
        await store.refuses("a person who changes sides") { tx in
            try tx.save(Fixture.person(1, "Sue Reyes", "sue@contoso.test", [], at: side))
        }
    }
    #expect(try await store.read { try $0.person(Fixture.sue.id) } == Fixture.sue)
}

private func identifiersAreCaseSensitive(_ store: any Store) async throws {
    try await store.populate()
    try await store.write {
        try $0.insert(Fixture.supportRequest("sr-1001", openedBy: Fixture.adam.id))
    }
    let (upper, lower) = (SupportRequestNumber("SR-1001")!, SupportRequestNumber("sr-1001")!)
    let contoso = Fixture.contoso.id
    #expect(
        try await store.read { try $0.supportRequest(upper, of: contoso)?.openedBy }
            == Fixture.sue.id
    )
    #expect(
        try await store.read { try $0.supportRequest(lower, of: contoso)?.openedBy }
            == Fixture.adam.id
    )
    #expect(try await store.read { try $0.supportRequests(numbered: lower).count } == 1)
    try await store.write { tx in
        for key in ["key", "KEY"] {
            try tx.insert(command(key: key, subject: key))
        }
    }
    #expect(
        try await store.read { try $0.command(of: Fixture.eve.id, key: "KEY")?.subject } == "KEY"
    )
    #expect(try await store.read { try $0.command(of: Fixture.eve.id, key: "Key") } == nil)
    let shouting = Identity(issuer: "LOCAL", subject: "sue@contoso.test")
    #expect(try await store.read { try $0.person(identifiedBy: shouting) } == nil)
}

private func passwordsAreReadBack(_ store: any Store) async throws {
    try await store.populate()
    #expect(try await store.read { try $0.password(of: Fixture.sue.id) } == nil)
    for password in [
        PasswordRecord(encoded: "scrypt$1"),
        PasswordRecord(
            encoded: "scrypt$2",
            failures: 5,
            failuresSince: Fixture.now,
            lockedUntil: Fixture.now + .minutes(15)
        ),
        PasswordRecord(encoded: "scrypt$2"),
    ] {
        try await store.write { try $0.save(password, of: Fixture.sue.id) }
        #expect(try await store.read { try $0.password(of: Fixture.sue.id) } == password)
    }
    #expect(try await store.read { try $0.password(of: Fixture.adam.id) } == nil)
}

private func signInClientsAreReadBack(_ store: any Store) async throws {
    try await store.populate()
    func found(_ number: UInt8, of person: Person = Fixture.sue) async throws -> SignInClient? {
        try await store.read { try $0.signInClient(Fixture.secretHash(number), of: person.id) }
    }
    let plain = SignInClient(keptUntil: Fixture.now + .days(1))
    for client in [
        plain,
        SignInClient(
            failures: 3,
            heldUntil: Fixture.now + .minutes(1),
            succeededAt: Fixture.now,
            keptUntil: Fixture.now + .days(2)
        ),
    ] {
        try await store.write { try $0.save(client, Fixture.secretHash(1), of: Fixture.sue.id) }
        #expect(try await found(1) == client)
    }
    #expect(try await found(2) == nil)
    #expect(try await found(1, of: Fixture.adam) == nil)
    try await store.write { tx in
        try tx.save(plain, Fixture.secretHash(2), of: Fixture.sue.id)
        try tx.save(plain, Fixture.secretHash(1), of: Fixture.adam.id)
        try tx.forgetSignInClients(of: Fixture.sue.id)
    }
    #expect(try await found(1) == nil)
    #expect(try await found(2) == nil)
    #expect(try await found(1, of: Fixture.adam) == plain)
}

private func tokensEnd(_ store: any Store) async throws {
    try await store.populate()
    var first = APIToken(
        id: Fixture.id(9),
        person: Fixture.eve.id,
        label: "laptop",
        scopes: [.read, .decide],
        addresses: [AddressRange("192.0.2.0/24")!, AddressRange("2001:db8::1")!],
        createdAt: Fixture.now,
        expiresAt: nil
    )
    let second = APIToken(
        id: Fixture.id(8),
        person: Fixture.eve.id,
        label: "ci",
        scopes: .every,
        createdAt: Fixture.now + .seconds(1),
        expiresAt: Fixture.now + .days(1)
    )
    try await store.write { [first] tx in
        try tx.insert(first, secretHash: Fixture.secretHash(1))
        try tx.insert(second, secretHash: Fixture.secretHash(2))
    }
    #expect(try await store.read { try $0.token(secretHash: Fixture.secretHash(2)) } == second)
    #expect(try await store.read { try $0.token(secretHash: Fixture.secretHash(3)) } == nil)
    #expect(try await store.read { try $0.tokens(of: Fixture.eve.id) } == [first, second])
    let use = APIToken.LastUse(at: Fixture.now + .minutes(2), from: AddressRange("2001:db8::1"))
    let earlier = APIToken.LastUse(at: Fixture.now + .minutes(1), from: nil)
    try await store.write { [id = first.id] tx in
        try tx.touch(id, use)
        try tx.touch(id, earlier)
    }
    first.lastUse = use
    #expect(try await store.read { try $0.token(secretHash: Fixture.secretHash(1)) } == first)
    try await store.write { [first] in try $0.revokeToken(first.id, at: Fixture.now + .minutes(1)) }
    // Where it is over already, nothing is written any more.
    try await store.write { [id = first.id] in
        try $0.touch(id, .init(at: Fixture.now + .hours(1), from: nil))
    }
    #expect(try await store.read { try $0.token(secretHash: Fixture.secretHash(1)) } == nil)
    #expect(try await store.read { try $0.tokens(of: Fixture.eve.id) } == [second])
    #expect(try await store.read { try $0.tokens(of: Fixture.mark.id) } == [])
}

private func command(key: String = "key", subject: String = "LBX-1") -> CommandRecord {
    CommandRecord(
        person: Fixture.eve.id,
        key: key,
        payloadHash: Fixture.secretHash(4),
        subject: subject,
        at: Fixture.now
    )
}

private func commandsAreFound(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { try $0.insert(command()) }
    #expect(try await store.read { try $0.command(of: Fixture.eve.id, key: "key") } == command())
    #expect(try await store.read { try $0.command(of: Fixture.mark.id, key: "key") } == nil)
    await store.refuses("a second command under one key") {
        try $0.insert(command(subject: "LBX-2"))
    }
    #expect(try await store.read { try $0.command(of: Fixture.eve.id, key: "key") } == command())
}
