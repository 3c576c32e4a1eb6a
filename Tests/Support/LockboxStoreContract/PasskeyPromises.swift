import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofPasskeys = [
        Promise("a passkey comes back as it was saved and used", passkeysComeBack),
        Promise("a passkey that was removed is none, and its name stays taken", passkeysAreRemoved),
        Promise("a session keeps the passkey that it began with", sessionsKeepTheirPasskey),
    ]
}

private func passkeysComeBack(_ store: any Store) async throws {
    try await store.populate()
    var passkey = Fixture.passkey(of: Fixture.adam)
    let other = Fixture.passkey(2, of: Fixture.adam, at: Fixture.now + .minutes(1))
    try await store.write { [passkey] tx in
        try tx.insert(other)
        try tx.insert(passkey)
    }
    #expect(try await store.read { try $0.passkeys(of: Fixture.adam.id) } == [passkey, other])
    #expect(try await store.read { try $0.passkeys(of: Fixture.sue.id) }.isEmpty)
    _ = passkey.use(
        askedAt: Fixture.now + .minutes(2),
        counter: .max,
        isBackedUp: true,
        at: Fixture.now + .minutes(3)
    )
    try await store.write { [passkey] in try $0.update(passkey) }
    let credential = passkey.credential
    #expect(try await store.read { try $0.passkey(credential: credential) } == passkey)
    #expect(try await store.read { try $0.passkey(credential: [1]) } == nil)
}

private func passkeysAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    let passkey = Fixture.passkey(of: Fixture.adam)
    let credential = passkey.credential
    #expect(try await !store.read { try $0.hasPasskey(credential: credential) })
    try await store.write { try $0.insert(passkey) }
    for minute: Int64 in 1...2 {
        try await store.write {
            try $0.removePasskey(passkey.id, at: Fixture.now + .minutes(minute))
        }
        #expect(try await store.read { try $0.passkey(credential: credential) } == nil)
        #expect(try await store.read { try $0.passkeys(of: Fixture.adam.id) }.isEmpty)
        #expect(try await store.read { try $0.hasPasskey(credential: credential) })
    }
    // Nothing brings it back.
    try await store.write { try $0.update(passkey) }
    #expect(try await store.read { try $0.passkey(credential: credential) } == nil)
}

private func sessionsKeepTheirPasskey(_ store: any Store) async throws {
    try await store.populate()
    let passkey = Fixture.passkey(of: Fixture.adam)
    let sessions = [passkey.id, passkey.id, nil].enumerated().map { index, passkey in
        Session(
            id: Fixture.id(UInt8(index + 1)),
            person: Fixture.adam.id,
            createdAt: Fixture.now + .seconds(Int64(index)),
            lastSeenAt: Fixture.now,
            confirmedAt: Fixture.now,
            expiresAt: Fixture.now + .hours(12),
            passkey: passkey
        )
    }
    try await store.write { tx in
        try tx.insert(passkey)
        for (index, session) in sessions.enumerated() {
            try tx.insert(session, secretHash: Fixture.secretHash(UInt8(index + 1)))
        }
    }
    #expect(try await store.read { try $0.sessions(of: Fixture.adam.id) } == sessions)
}
