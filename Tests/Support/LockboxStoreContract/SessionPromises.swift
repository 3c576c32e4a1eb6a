import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofSessions = [
        Promise("a session is found by its hash until it ends", sessionsEnd),
        Promise(
            "a session that was confirmed is found by its new hash only",
            confirmedSessionsHaveAnotherHash
        ),
        Promise("being seen is never set back", seenIsNotSetBack),
        Promise("all sessions of one person end at once, and nobody else's", sessionsOfAPersonEnd),
    ]
}

private func session(
    _ number: UInt8,
    of person: Person = Fixture.adam,
    at created: Timestamp = Fixture.now,
    lasting: TimeSpan = .hours(12)
) -> Session {
    Session(
        id: Fixture.id(number),
        person: person.id,
        createdAt: created,
        lastSeenAt: created,
        confirmedAt: created,
        expiresAt: created + lasting
    )
}

extension Store {
    fileprivate func found(_ number: UInt8) async throws -> Session? {
        try await read { try $0.session(secretHash: Fixture.secretHash(number)) }
    }
}

private func sessionsEnd(_ store: any Store) async throws {
    try await store.populate()
    let (first, second) = (session(9), session(8, at: Fixture.now + .seconds(1)))
    try await store.write { tx in
        try tx.insert(second, secretHash: Fixture.secretHash(2))
        try tx.insert(first, secretHash: Fixture.secretHash(1))
    }
    #expect(try await store.found(1) == first)
    #expect(try await store.found(3) == nil)
    #expect(try await store.read { try $0.sessions(of: Fixture.adam.id) } == [first, second])
    for minute: Int64 in 1...2 {
        try await store.write { try $0.endSession(first.id, at: Fixture.now + .minutes(minute)) }
        #expect(try await store.found(1) == nil)
        #expect(try await store.read { try $0.sessions(of: Fixture.adam.id) } == [second])
    }
    // Nothing brings it back.
    try await store.write { tx in
        try tx.touch(first.id, seenAt: Fixture.now + .minutes(3))
        try tx.confirm(first.id, at: Fixture.now + .minutes(3), secretHash: Fixture.secretHash(4))
    }
    for number: UInt8 in [1, 4] { #expect(try await store.found(number) == nil) }
    await store.refuses("a second session with one hash") { tx in
        try tx.insert(session(7), secretHash: Fixture.secretHash(2))
    }
}

private func confirmedSessionsHaveAnotherHash(_ store: any Store) async throws {
    try await store.populate()
    let later = Fixture.now + .minutes(5)
    try await store.write { tx in
        try tx.insert(session(1), secretHash: Fixture.secretHash(1))
        try tx.confirm(Fixture.id(1), at: later, secretHash: Fixture.secretHash(2))
    }
    #expect(try await store.found(1) == nil)
    var expected = session(1)
    expected.confirmedAt = later
    expected.lastSeenAt = later
    #expect(try await store.found(2) == expected)
}

private func seenIsNotSetBack(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { try $0.insert(session(1), secretHash: Fixture.secretHash(1)) }
    var expected = session(1)
    expected.lastSeenAt = Fixture.now + .minutes(2)
    for minute: Int64 in [2, 1] {
        try await store.write {
            try $0.touch(Fixture.id(1), seenAt: Fixture.now + .minutes(minute))
        }
        #expect(try await store.found(1) == expected)
    }
}

private func sessionsOfAPersonEnd(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { tx in
        for number: UInt8 in 1...3 {
            try tx.insert(session(number), secretHash: Fixture.secretHash(number))
        }
        try tx.insert(session(4, of: Fixture.gita), secretHash: Fixture.secretHash(4))
        try tx.endSession(Fixture.id(1), at: Fixture.now)
    }
    let later = Fixture.now + .minutes(1)
    #expect(try await store.write { try $0.endSessions(of: Fixture.adam.id, at: later) } == 2)
    #expect(try await store.write { try $0.endSessions(of: Fixture.adam.id, at: later) } == 0)
    #expect(try await store.read { try $0.sessions(of: Fixture.adam.id) } == [])
    #expect(try await store.found(4) == session(4, of: Fixture.gita))
}
