import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofSignInSettings = [
        Promise("sign-in settings come back as they were saved", settingsComeBack),
        Promise("an account at a provider means one person", accountsMeanOnePerson),
        Promise("a session keeps where it began", sessionsKeepTheirIssuer),
        Promise("what waits to be changed comes back, one for each tenant", changesComeBack),
    ]
}

private let contoso = Side.tenant(Fixture.contoso.id)

private func settingsComeBack(_ store: any Store) async throws {
    try await store.populate()
    #expect(try await store.read { try $0.signInSettings(of: contoso) } == nil)
    #expect(try await !store.read { try $0.hasOpenIDProvider() })
    var settings = Fixture.takesRolesFromElsewhere
    try await store.write { [settings] in try $0.save(settings, of: contoso) }
    #expect(try await store.read { try $0.signInSettings(of: contoso) } == settings)
    settings = Fixture.signsInElsewhere
    for side in [contoso, .provider] {
        try await store.write { [settings] in try $0.save(settings, of: side) }
        #expect(try await store.read { try $0.signInSettings(of: side) } == settings)
    }
    #expect(try await store.read { try $0.hasOpenIDProvider() })
    let known = try await store.read {
        try $0.organisations(at: Fixture.issuer, client: "lockbox")
    }
    #expect(known == [.provider, contoso])
    let unknown = try await store.read { tx in
        try tx.organisations(at: Fixture.issuer, client: "other")
            + tx.organisations(at: Fixture.issuer + "/", client: "lockbox")
    }
    #expect(unknown == [])
    settings = SignInSettings(
        provider: nil,
        allowsPasswords: true,
        domains: [try #require(DomainName("contoso.test"))]
    )
    for side in [contoso, .provider] {
        #expect(try await store.read { try $0.hasOpenIDProvider() })
        try await store.write { [settings] in try $0.save(settings, of: side) }
        #expect(try await store.read { try $0.signInSettings(of: side) } == settings)
    }
    #expect(try await !store.read { try $0.hasOpenIDProvider() })
}

private func changesComeBack(_ store: any Store) async throws {
    try await store.populate()
    let (change, tenant) = (Fixture.signInChange, Fixture.contoso.id)
    #expect(try await store.read { try $0.signInChange(of: tenant) } == nil)
    #expect(try await store.read { try $0.nextSignInChange() } == nil)
    try await store.write { try $0.insert(change) }
    #expect(try await store.read { try $0.signInChange(of: tenant) } == change)
    #expect(try await store.read { try $0.nextSignInChange() } == change.takesEffectAt)
    let second = SignInChange(
        stored: Fixture.id(2),
        tenant: tenant,
        settings: SignInSettings(
            provider: OpenIDProvider(
                issuer: Fixture.issuer,
                clientID: "a",
                authentication: .secretPost,
                clientSecret: .sealed([1, 2, 3])
            ),
            allowsPasswords: true
        ),
        by: Fixture.gita.id,
        madeAt: Fixture.now,
        takesEffectAt: Fixture.now + .hours(1)
    )
    await #expect(throws: (any Error).self) { try await store.write { try $0.insert(second) } }
    for (wait, due) in [(-1, []), (0, [change])] as [(Int64, [SignInChange])] {
        let now = change.takesEffectAt + .seconds(wait)
        #expect(try await store.read { try $0.signInChangesDue(at: now, limit: 5) } == due)
    }
    try await store.write { tx in
        try tx.removeSignInChange(of: tenant)
        try tx.insert(second)
    }
    #expect(try await store.read { try $0.signInChange(of: tenant) } == second)
}

private func accountsMeanOnePerson(_ store: any Store) async throws {
    try await store.populate()
    let account = Identity(issuer: Fixture.issuer, subject: "adam-1")
    try await store.write { try $0.insert(account, of: Fixture.adam.id) }
    #expect(try await store.read { try $0.person(identifiedBy: account) } == Fixture.adam)
    let subject = try await store.read {
        try $0.subject(of: Fixture.adam.id, at: Fixture.issuer)
    }
    #expect(subject == "adam-1")
    #expect(try await store.read { try $0.subject(of: Fixture.sue.id, at: Fixture.issuer) } == nil)
    await #expect(throws: Refusal.alreadyExists(.person)) {
        try await store.write { try $0.insert(account, of: Fixture.sue.id) }
    }
    // Another name and other addresses leave her account what it is.
    try await store.write { tx in
        var adam = Fixture.adam
        adam.name = "Adam C."
        try tx.save(adam)
    }
    #expect(try await store.read { try $0.person(identifiedBy: account)?.name } == "Adam C.")
}

private func sessionsKeepTheirIssuer(_ store: any Store) async throws {
    try await store.populate()
    let session = Session(
        id: Fixture.id(1),
        person: Fixture.adam.id,
        createdAt: Fixture.now,
        lastSeenAt: Fixture.now,
        confirmedAt: Fixture.now,
        expiresAt: Fixture.now + .hours(12),
        issuer: Fixture.issuer,
        issuerSession: "there-1"
    )
    let hash = Fixture.secretHash(1)
    try await store.write { try $0.insert(session, secretHash: hash) }
    #expect(try await store.read { try $0.session(secretHash: hash) } == session)
}
