import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofDays = [
        Promise("what was done within a day is counted for whose it is", daysAreCounted)
    ]

    static let ofRetention = [
        Promise("commands are removed from their time on, the oldest first", commandsAreRemoved),
        Promise("tokens are removed once they expired or were revoked", tokensAreRemoved),
        Promise("sessions that are over are removed, and no others", sessionsAreRemoved),
        Promise("clients that tried are removed when they are over", clientsAreRemoved),
        Promise("browsers' codes are removed once they are over", codesAreRemoved),
        Promise("invitations are removed once they are over", invitationsAreRemoved),
        Promise("letters are removed once they and their request are settled", lettersAreRemoved),
        Promise("letters are kept while access is not confirmed as removed", openOrdersKeepLetters),
        Promise("what is not over is kept by the schema", schemaKeepsWhatIsNotOver),
    ]
}

private let start = Fixture.now

extension Store {
    /// How many went.
    fileprivate func remove(_ leftover: Leftover, at instant: Timestamp, limit: Int = 100)
        async throws -> Int
    {
        try await write { try $0.remove(leftover, overAt: instant, limit: limit) }
    }
}

// MARK: - Days

private func daysAreCounted(_ store: any Store) async throws {
    try await store.populate()
    let request = try Fixture.request(1)
    let other = try Fixture.request(2, at: start + .seconds(2))
    try await store.write { tx in
        for second: Int64 in 1...2 {
            try tx.insert(
                Fixture.supportRequest("A\(second)", openedAt: start + .seconds(second))
            )
        }
        try tx.save(request)
        try tx.save(other)
        for (number, message) in [request, request, other].enumerated() {
            try tx.insert(
                Message(
                    number: number == 1 ? 2 : 1,
                    request: message.id,
                    person: Fixture.adam.id,
                    text: "Why?",
                    at: start + .seconds(Int64(number))
                )
            )
        }
        for number: UInt8 in 1...3 {
            try tx.insert(token(number), secretHash: Fixture.secretHash(number))
        }
        try tx.revokeToken(Fixture.id(2), at: start)
        for number: UInt8 in 1...3 {
            var notice = Fixture.notice(number, about: request)
            // The third waits still.
            notice.sentAt = number == 3 ? nil : start + .seconds(Int64(number - 1))
            try tx.insert(notice)
        }
    }
    let (contoso, fabrikam) = (Fixture.contoso.id, Fixture.fabrikam.id)
    let (sue, eve, adam) = (Fixture.sue.id, Fixture.eve.id, Fixture.adam.id)
    let expected: [(Counted, [Int64])] = [
        (.supportRequestsBy(sue), [2, 1, 0]), (.supportRequestsOf(contoso), [2, 1, 0]),
        (.supportRequestsBy(adam), []), (.supportRequestsOf(fabrikam), [0]),
        (.requestsBy(eve), [2, 0]), (.requestsByAt(eve, contoso), [2, 0]),
        (.requestsByAt(eve, fabrikam), []), (.requestsAbout(contoso), [2, 0]),
        (.requestsAbout(fabrikam), []), (.requestsBy(adam), []),
        (.messagesBy(adam), [2, 1, 0]), (.messagesBy(eve), []),
        (.tokensOf(eve), [0, 0, 0]), (.tokensOf(adam), []),
        (.lettersTo(adam), [1, 0]), (.lettersTo(eve), []),
    ]
    for (counted, seconds) in expected {
        for place in 1...4 {
            let wanted = place <= seconds.count ? start + .seconds(seconds[place - 1]) : nil
            let found = try await store.read { tx in
                (
                    try tx.time(ofLatest: place, counted, after: start.advanced(-1)),
                    try tx.time(ofLatest: place, counted, after: start)
                )
            }
            #expect(found.0 == wanted, "\(counted) \(place)")
            // What was done at that very instant was not after it.
            #expect(found.1 == (wanted == start ? nil : wanted), "\(counted) \(place)")
        }
    }
}

// MARK: - Retention

private func token(_ number: UInt8, until end: Timestamp? = nil) -> APIToken {
    APIToken(
        id: Fixture.id(number),
        person: Fixture.eve.id,
        label: "",
        scopes: .every,
        createdAt: start,
        expiresAt: end
    )
}

private func commandsAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { tx in
        for minute: Int64 in [3, 1, 2, 4] {
            try tx.insert(
                CommandRecord(
                    person: Fixture.eve.id,
                    key: "\(minute)",
                    payloadHash: Fixture.secretHash(1),
                    subject: "",
                    at: start + .minutes(minute)
                )
            )
        }
    }
    func left() async throws -> [String] {
        try await store.read { tx in
            try (1...4).map { "\($0)" }.filter {
                try tx.command(of: Fixture.eve.id, key: $0) != nil
            }
        }
    }
    #expect(try await store.remove(.commands, at: start) == 0)
    #expect(try await store.remove(.commands, at: start + .minutes(3), limit: 2) == 2)
    #expect(try await left() == ["3", "4"])
    #expect(try await store.remove(.commands, at: (start + .minutes(3)).advanced(-1)) == 0)
    #expect(try await store.remove(.commands, at: start + .minutes(3)) == 1)
    #expect(try await left() == ["4"])
}

private func tokensAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    let tokens = [
        token(1, until: start + .days(1)), token(2, until: start + .days(2)),
        token(3, until: start + .days(9)), token(4), token(5),
    ]
    try await store.write { tx in
        for (number, token) in tokens.enumerated() {
            try tx.insert(token, secretHash: Fixture.secretHash(UInt8(number)))
        }
        try tx.revokeToken(tokens[2].id, at: start + .hours(1))
        try tx.revokeToken(tokens[3].id, at: start + .hours(2))
    }
    #expect(try await store.remove(.tokens, at: (start + .hours(1)).advanced(-1)) == 0)
    #expect(try await store.remove(.tokens, at: start + .hours(2)) == 2)
    #expect(try await store.remove(.tokens, at: start + .days(2), limit: 1) == 1)
    let left = try await store.read { try $0.tokens(of: Fixture.eve.id) }
    #expect(Set(left) == [tokens[1], tokens[4]])
    #expect(try await store.remove(.tokens, at: .latest) == 1)
    #expect(try await store.read { try $0.tokens(of: Fixture.eve.id) } == [tokens[4]])
}

private func sessionsAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    let sessions = (1...2).map { hour in
        Session(
            id: Fixture.id(UInt8(hour)),
            person: Fixture.adam.id,
            createdAt: start,
            lastSeenAt: start,
            confirmedAt: start,
            expiresAt: start + .hours(Int64(hour))
        )
    }
    try await store.write { tx in
        for (number, session) in sessions.enumerated() {
            try tx.insert(session, secretHash: Fixture.secretHash(UInt8(number)))
        }
    }
    #expect(try await store.remove(.sessions, at: (start + .hours(1)).advanced(-1)) == 0)
    #expect(try await store.remove(.sessions, at: start + .hours(1)) == 1)
    #expect(try await store.read { try $0.sessions(of: Fixture.adam.id) } == [sessions[1]])
    // Its hash and its identifier are free again: no row of it is left.
    try await store.write { try $0.insert(sessions[0], secretHash: Fixture.secretHash(0)) }
}

private func clientsAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { tx in
        for (number, person) in [Fixture.sue, Fixture.adam].enumerated() {
            try tx.save(
                SignInClient(keptUntil: start + .days(Int64(number + 1))),
                Fixture.secretHash(1),
                of: person.id
            )
        }
    }
    #expect(try await store.remove(.signInClients, at: (start + .days(1)).advanced(-1)) == 0)
    #expect(try await store.remove(.signInClients, at: start + .days(1)) == 1)
    let left = try await store.read { tx in
        try [Fixture.sue, Fixture.adam].map {
            try tx.signInClient(Fixture.secretHash(1), of: $0.id) != nil
        }
    }
    #expect(left == [false, true])
}

private func codesAreRemoved(_ store: any Store) async throws {
    let code = try await browserCode(in: store)
    let hashes: [[UInt8]] = [Fixture.secretHash(1), Fixture.secretHash(2)]
    try await store.write { tx in
        try tx.insert(code, codeHash: hashes[0], keeping: 9)
        let later = BrowserCode(
            credential: code.credential,
            issuedAt: code.issuedAt,
            expiresAt: code.expiresAt.advanced(1)
        )
        try tx.insert(later, codeHash: hashes[1], keeping: 9)
    }
    #expect(try await store.remove(.browserCodes, at: code.expiresAt.advanced(-1)) == 0)
    #expect(try await store.remove(.browserCodes, at: code.expiresAt) == 1)
    let left = try await store.read { tx in
        try hashes.map { try tx.browserCode(codeHash: $0) != nil }
    }
    #expect(left == [false, true])
}

private func invitationsAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    let invitation = Fixture.invitation(to: Fixture.sue)
    try await store.write { try $0.insert(invitation) }
    #expect(try await store.remove(.invitations, at: invitation.endsAt.advanced(-1)) == 0)
    #expect(try await store.remove(.invitations, at: invitation.endsAt) == 1)
    #expect(try await store.read { try $0.invitation(invitation.id) } == nil)
}

/// Letters of every outcome about `request`, those that were sent a minute after they were due.
private func letters(about request: AccessRequest) -> [Notice] {
    Notice.Delivery.allCases.enumerated().map { number, delivery in
        var notice = Fixture.notice(UInt8(number + 1), about: request)
        notice.delivery = delivery
        if delivery == .sent { notice.sentAt = start + .minutes(1) }
        return notice
    }
}

private func lettersAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    let versions = try Fixture.history(to: .withdrawn)
    let all = letters(about: versions[0])
    try await store.write { tx in
        try tx.save(versions[0])
        for notice in all { try tx.insert(notice) }
    }
    #expect(try await store.remove(.letters, at: .latest) == 0, "its request is open")
    try await store.write { try $0.save(versions[1]) }
    // Withdrawn a minute after it was made.
    #expect(try await store.remove(.letters, at: (start + .minutes(1)).advanced(-1)) == 0)
    #expect(try await store.remove(.letters, at: start + .minutes(1), limit: 1) == 1)
    #expect(try await store.remove(.letters, at: start + .minutes(1)) == 3)
    let left = try await store.read { try $0.notices(about: versions[0].id) }
    #expect(left.map(\.delivery) == [.queued, .refused, .bounced])
    #expect(try await store.remove(.letters, at: .latest) == 0)
}

private func openOrdersKeepLetters(_ store: any Store) async throws {
    try await store.populate()
    let versions = try Fixture.history(to: .ended)
    let last = versions[versions.count - 1]
    try await store.write { tx in
        for version in versions { try tx.save(version) }
        try tx.save(Fixture.removal(of: last, progress: .failed, attempts: 1))
        for notice in letters(about: last) { try tx.insert(notice) }
    }
    #expect(try await store.remove(.letters, at: .latest) == 0)
    try await store.write { try $0.save(Fixture.removal(of: last, progress: .confirmed)) }
    #expect(try await store.remove(.letters, at: .latest) == 4)
}

private func schemaKeepsWhatIsNotOver(_ store: any Store) async throws {
    try await store.populate()
    let request = try Fixture.request(1)
    let all = letters(about: request)
    try await store.write { tx in
        try tx.save(request)
        for notice in all { try tx.insert(notice) }
    }
    for notice in all where notice.delivery != .queued {
        await store.refuses("losing a letter that is \(notice.delivery)") {
            try $0.remove(notice.id)
        }
    }
    var begun = all[0]
    begun.begunAt = start
    try await store.write { [begun] in try $0.update(begun) }
    await store.refuses("losing a letter that may have left") { [begun] in
        try $0.remove(begun.id)
    }
}
