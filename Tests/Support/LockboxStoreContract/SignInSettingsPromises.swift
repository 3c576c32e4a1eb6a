import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofSignInSettings = [
        Promise("sign-in settings come back as they were saved", settingsComeBack),
        Promise("an account at a provider means one person", accountsMeanOnePerson),
        Promise("a session keeps where it began", sessionsKeepTheirIssuer),
    ]
}

private let contoso = Side.tenant(Fixture.contoso.id)

private func settingsComeBack(_ store: any Store) async throws {
    try await store.populate()
    #expect(try await store.read { try $0.signInSettings(of: contoso) } == nil)
    #expect(try await !store.read { try $0.hasOpenIDProvider() })
    var settings = Fixture.signsInElsewhere
    for side in [contoso, .provider] {
        try await store.write { [settings] in try $0.save(settings, of: side) }
        #expect(try await store.read { try $0.signInSettings(of: side) } == settings)
    }
    #expect(try await store.read { try $0.hasOpenIDProvider() })
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
