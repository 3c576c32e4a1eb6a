import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofGrants = [
        Promise(
            "credentials are read back as they were inserted, by hash and by grant",
            credentialsAreReadBack
        ),
        Promise("a credential is live until it is revoked or expires", credentialsEnd),
        Promise("a credential cannot outlive its grant", credentialsFitTheirGrant),
        Promise("uses are counted, and the first is told", usesAreCounted),
        Promise("operations wait in order until their batch is taken", operationsWait),
        Promise("positions in logs go forward", positionsGoForward),
        Promise("operations are counted by what they were done to", operationsAreCounted),
        Promise("removals are read back as they were last saved", removalsAreReadBack),
        Promise(
            "access that ended is found where nobody was told to cut what a credential opened",
            leftOpenIsFound
        ),
        Promise(
            "access is found from its beginning to its end, with its use and what is not confirmed",
            periodsAreFound
        ),
        Promise("removals are due from their instant on until they are confirmed", removalsAreDue),
    ]

    static let ofNotices = [
        Promise("notices are read back as they were written and updated", noticesAreReadBack),
        Promise("notices are due from their instant on, earliest first", noticesAreDue),
        Promise("only queued notices of the named kinds are cancelled", noticesAreCancelled),
        Promise("what a notice says never changes", noticesNeverChange),
    ]
}

/// A request with open access, saved.
func active(_ number: UInt8 = 1, in store: any Store) async throws -> AccessRequest {
    let versions = try Fixture.history(number, to: .active)
    for version in versions { try await store.write { try $0.save(version) } }
    return versions[versions.count - 1]
}

private func credentialsAreReadBack(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let grant = request.state.grant!
    let first = Fixture.credential(9, of: request)
    let second = Fixture.credential(
        8,
        of: request,
        resource: Fixture.otherMailbox,
        actions: [.read, .write],
        issuedAt: grant.start + .seconds(1),
        expiresAt: grant.end.advanced(-1)
    )
    try await store.write { tx in
        try tx.insert(first, secretHash: Fixture.secretHash(1))
        try tx.insert(second, secretHash: Fixture.secretHash(2))
    }
    #expect(try await store.read { try $0.credential(secretHash: Fixture.secretHash(1)) } == first)
    #expect(try await store.read { try $0.credential(secretHash: Fixture.secretHash(2)) } == second)
    #expect(try await store.read { try $0.credential(secretHash: Fixture.secretHash(3)) } == nil)
    #expect(try await store.read { try $0.credentials(of: grant.id) } == [first, second])
    #expect(try await store.read { try $0.credentials(of: Fixture.id(30)) } == [])
    await store.refuses("a second credential with one secret") {
        try $0.insert(Fixture.credential(7, of: request), secretHash: Fixture.secretHash(1))
    }
}

extension Timestamp {
    func advanced(_ milliseconds: Int64) -> Timestamp {
        self + TimeSpan(milliseconds: milliseconds)
    }
}

private func credentialsEnd(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let grant = request.state.grant!
    let long = Fixture.credential(1, of: request)
    let short = Fixture.credential(2, of: request, expiresAt: grant.start + .minutes(5))
    try await store.write { tx in
        try tx.insert(long, secretHash: Fixture.secretHash(1))
        try tx.insert(short, secretHash: Fixture.secretHash(2))
    }
    func live(at now: Timestamp) async throws -> [CredentialID] {
        let found = try await store.read {
            try $0.liveCredentials(at: now).map { ($0.secretHash, $0.credential) }
        }
        for (hash, credential) in found {
            #expect(try await store.read { try $0.credential(secretHash: hash) } == credential)
        }
        return found.map(\.1.id).sorted()
    }
    #expect(try await live(at: short.expiresAt.advanced(-1)) == [long.id, short.id])
    #expect(try await live(at: short.expiresAt) == [long.id])
    #expect(try await live(at: long.expiresAt.advanced(-1)) == [long.id])
    #expect(try await live(at: long.expiresAt) == [])
    let revoked = grant.start + .minutes(1)
    for instant in [revoked, revoked + .minutes(1)] {
        try await store.write { try $0.revokeCredential(long.id, at: instant) }
    }
    #expect(try await live(at: grant.start) == [short.id])
    func one(_ id: CredentialID) async throws -> Credential? {
        try await store.read { tx in
            guard let (hash, credential) = try tx.liveCredential(id) else { return nil }
            return try tx.credential(secretHash: hash) == credential ? credential : nil
        }
    }
    #expect(try await one(short.id) == short)
    #expect(try await one(long.id) == nil, "it is revoked")
    #expect(try await one(Fixture.id(9)) == nil)
    var expected = long
    expected.revokedAt = revoked
    #expect(
        try await store.read { try $0.credential(secretHash: Fixture.secretHash(1)) } == expected
    )
}

private func credentialsFitTheirGrant(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let late = Fixture.credential(of: request, expiresAt: request.state.grant!.end.advanced(1))
    await store.refuses("a credential that outlives its grant") {
        try $0.insert(late, secretHash: Fixture.secretHash(1))
    }
    let ghost = try Fixture.history(2, to: .active).last!
    await store.refuses("a credential of a grant that is none") {
        try $0.insert(Fixture.credential(of: ghost), secretHash: Fixture.secretHash(1))
    }
}

private func usesAreCounted(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let grant = request.state.grant!
    let (one, two) = (
        Fixture.credential(1, of: request),
        Fixture.credential(2, of: request, resource: Fixture.otherMailbox)
    )
    try await store.write { tx in
        try tx.insert(one, secretHash: Fixture.secretHash(1))
        try tx.insert(two, secretHash: Fixture.secretHash(2))
    }
    #expect(try await store.read { try $0.uses(of: grant.id) } == [])
    let start = grant.start
    func use(_ credential: Credential, _ count: Int, _ first: Int64, _ last: Int64) async throws
        -> Bool
    {
        try await store.write {
            try $0.recordUse(
                of: credential.id,
                count: count,
                first: start + .seconds(first),
                last: start + .seconds(last)
            )
        }
    }
    #expect(try await use(one, 3, 10, 20))
    #expect(try await use(one, 1, 30, 30) == false)
    #expect(try await use(one, 2, 5, 6) == false)
    #expect(try await use(two, 1, 7, 7))
    #expect(
        try await store.read { try $0.uses(of: grant.id) } == [
            CredentialUse(
                credential: one.id,
                resource: one.resource,
                first: start + .seconds(5),
                last: start + .seconds(30),
                count: 6
            ),
            CredentialUse(
                credential: two.id,
                resource: two.resource,
                first: start + .seconds(7),
                last: start + .seconds(7),
                count: 1
            ),
        ]
    )
}

private func removalsAreReadBack(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    var removal = Fixture.removal(of: request)
    let other = Fixture.removal(of: request, from: ServiceID("web")!)
    try await store.write { [removal] tx in
        for removal in [other, removal] { try tx.save(removal) }
    }
    #expect(try await store.read { try $0.removals(of: request.id) } == [removal, other])
    removal.progress = .failed
    removal.attempts = 3
    removal.nextAttempt = Fixture.now + .minutes(1)
    removal.problem = "The server said “no”."
    try await store.write { [removal] in try $0.save(removal) }
    #expect(try await store.read { try $0.removals(of: request.id) } == [removal, other])
    #expect(try await store.read { try $0.removals(of: Fixture.id(30)) } == [])
}

private func leftOpenIsFound(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    try await store.write { tx in
        for (number, resource) in [Fixture.mailbox, Fixture.otherMailbox].enumerated() {
            try tx.insert(
                Fixture.credential(UInt8(number + 1), of: request, resource: resource),
                secretHash: Fixture.secretHash(UInt8(number + 1))
            )
        }
    }
    func found(_ tenant: TenantID, after instant: Timestamp) async throws -> [AccessRequest] {
        try await store.read { try $0.leftOpenRequests(of: tenant, endedAfter: instant) }
    }
    #expect(try await found(Fixture.contoso.id, after: Fixture.now) == [], "it goes on")
    var ended = request
    let end = request.state.grant!.start + .minutes(5)
    _ = try ended.finish(comment: nil, by: Fixture.eve, now: end)
    try await store.write { [ended] in try $0.save(ended) }
    #expect(try await found(Fixture.contoso.id, after: end.advanced(-1)) == [ended])
    #expect(try await found(Fixture.contoso.id, after: end) == [])
    #expect(try await found(Fixture.fabrikam.id, after: Fixture.now) == [])
    try await store.write { try $0.save(Fixture.removal(of: request, progress: .confirmed)) }
    #expect(try await found(Fixture.contoso.id, after: Fixture.now) == [])
}

private func periodsAreFound(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let grant = request.state.grant!
    let later = try Fixture.history(2, to: .scheduled, from: Fixture.now + .hours(1))
    let denied = try Fixture.history(3, to: .denied, from: Fixture.now + .hours(2))
    try await store.write { tx in
        for version in later + denied { try tx.save(version) }
        let credential = Fixture.credential(1, of: request)
        try tx.insert(credential, secretHash: Fixture.secretHash(1))
        for minute in [1, 3] as [Int64] {
            let at = grant.start + .minutes(minute)
            _ = try tx.recordUse(of: credential.id, count: 2, first: at, last: at)
        }
    }
    func found(
        _ tenant: TenantID? = nil,
        _ engineer: PersonID? = nil,
        after instant: Timestamp = Fixture.now,
        most: Int = 9
    ) async throws -> [AccessPeriod] {
        try await store.read {
            try $0.accessPeriods(of: tenant, engineer: engineer, after: instant, most: most)
        }
    }
    let use = CredentialUse(
        credential: Fixture.id(1),
        resource: Fixture.mailbox,
        first: grant.start + .minutes(1),
        last: grant.start + .minutes(3),
        count: 4
    )
    let all = try await found()
    #expect(all.map(\.request) == [later[0].id, request.id], "the latest asked for first")
    #expect(all.map(\.uses) == [[], [use]])
    #expect(all[1].grant == grant && all[1].endedAt == nil && !all[1].isUnconfirmed)
    #expect(try await found(most: 1).map(\.request) == [later[0].id])
    #expect(try await found(Fixture.contoso.id, Fixture.eve.id) == all)
    #expect(try await found(Fixture.fabrikam.id) == [])
    #expect(try await found(nil, Fixture.mark.id) == [])
    #expect(try await found(after: grant.end).map(\.request) == [later[0].id])

    var ended = request
    let end = grant.start + .minutes(5)
    _ = try ended.finish(comment: nil, by: Fixture.eve, now: end)
    var never = later[later.count - 1]
    _ = try never.revoke(comment: nil, by: Fixture.gita, now: end)
    try await store.write { [ended, never] tx in
        try tx.save(ended)
        try tx.save(never)
        try tx.save(Fixture.removal(of: request, progress: .failed))
    }
    let over = try await found(after: end.advanced(-1))
    #expect(over.map(\.request) == [request.id], "what never began is no access")
    #expect(over.map(\.endedAt) == [end] && over[0].isUnconfirmed)
    #expect(try await found(after: end + .days(90)) == over, "it may be open still")
    #expect(try await found(Fixture.fabrikam.id, after: end + .days(90)) == [])
    try await store.write { try $0.save(Fixture.removal(of: request, progress: .confirmed)) }
    #expect(try await found(after: end.advanced(-1)).map(\.isUnconfirmed) == [false])
    #expect(try await found(after: end) == [])
}

private func removalsAreDue(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    #expect(try await store.read { try $0.nextRemovalAttempt(of: .all) } == nil)
    let soon = Fixture.removal(
        of: request,
        from: ServiceID("b")!,
        nextAttempt: Fixture.now + .seconds(1)
    )
    let later = Fixture.removal(
        of: request,
        from: ServiceID("a")!,
        progress: .failed,
        nextAttempt: Fixture.now + .seconds(2)
    )
    let done = Fixture.removal(of: request, from: ServiceID("c")!, progress: .confirmed)
    try await store.write { tx in for removal in [later, done, soon] { try tx.save(removal) } }
    func due(_ now: Timestamp, limit: Int = 10) async throws -> [Removal] {
        try await store.read { try $0.removalsDue(at: now, of: .all, limit: limit) }
    }
    #expect(try await due(soon.nextAttempt.advanced(-1)) == [])
    #expect(try await due(soon.nextAttempt) == [soon])
    #expect(try await due(later.nextAttempt) == [soon, later])
    #expect(try await due(later.nextAttempt, limit: 1) == [soon])
    #expect(try await store.read { try $0.openRemovals() } == [soon, later])
    #expect(try await store.read { try $0.nextRemovalAttempt(of: .all) } == soon.nextAttempt)
    var confirmed = soon
    confirmed.progress = .confirmed
    try await store.write { [confirmed] in try $0.save(confirmed) }
    #expect(try await store.read { try $0.openRemovals() } == [later])
    func unconfirmed(_ tenant: TenantID?) async throws -> [AccessRequest] {
        try await store.read { try $0.unconfirmedRequests(of: tenant) }
    }
    #expect(try await unconfirmed(nil) == [request])
    #expect(try await unconfirmed(Fixture.contoso.id) == [request])
    #expect(try await unconfirmed(Fixture.fabrikam.id) == [])
    var last = later
    last.progress = .confirmed
    try await store.write { [last] in try $0.save(last) }
    #expect(try await unconfirmed(nil) == [])
    try await store.write { [later] in try $0.save(later) }
    #expect(try await store.read { try $0.nextRemovalAttempt(of: .all) } == later.nextAttempt)
}

// MARK: - Notices

private func noticesAreReadBack(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    var notice = Fixture.notice(
        1,
        .accessReport,
        about: request,
        facts: ["": "", "a": "Ü \"\\\n\u{7f}/</script>", "b": "{}"],
        goodUntil: Fixture.now + .hours(1)
    )
    let second = Fixture.notice(2, about: request, facts: [:], createdAt: Fixture.now + .seconds(1))
    try await store.write { [notice] tx in for notice in [second, notice] { try tx.insert(notice) }
    }
    #expect(try await store.read { try $0.notices(about: request.id) } == [notice, second])
    for delivery in Notice.Delivery.allCases {
        notice.delivery = delivery
        notice.attempts += 1
        notice.nextAttempt = notice.nextAttempt + .minutes(1)
        notice.lastReply = "250 2.0.0 Ok: \(notice.attempts)"
        notice.sentAt = notice.nextAttempt
        try await store.write { [notice] in try $0.update(notice) }
        #expect(try await store.read { try $0.notices(about: request.id) } == [notice, second])
    }
    await #expect(throws: Refusal.notFound(.notice)) {
        try await store.write { try $0.update(Fixture.notice(3, about: request)) }
    }
}

private func noticesAreDue(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    #expect(try await store.read { try $0.nextNoticeAttempt() } == nil)
    let soon = Fixture.notice(9, about: request, sendAt: Fixture.now + .seconds(1))
    let later = Fixture.notice(8, .reminder, about: request, sendAt: Fixture.now + .seconds(2))
    var sent = Fixture.notice(7, about: request)
    sent.delivery = .sent
    try await store.write { [sent] tx in
        for notice in [later, sent, soon] { try tx.insert(notice) }
    }
    func due(_ now: Timestamp, limit: Int = 10) async throws -> [Notice] {
        try await store.read { try $0.noticesDue(at: now, limit: limit) }
    }
    #expect(try await due(soon.nextAttempt.advanced(-1)) == [])
    #expect(try await due(soon.nextAttempt) == [soon])
    #expect(try await due(.latest) == [soon, later])
    #expect(try await due(.latest, limit: 1) == [soon])
    #expect(try await store.read { try $0.nextNoticeAttempt() } == soon.nextAttempt)
}

private func noticesAreCancelled(_ store: any Store) async throws {
    try await store.populate()
    let (request, other) = (try await active(1, in: store), try await active(2, in: store))
    var sent = Fixture.notice(4, .reminder, about: request)
    sent.delivery = .sent
    let notices = [
        Fixture.notice(1, .reminder, about: request),
        Fixture.notice(2, .lastReminder, about: request),
        Fixture.notice(3, .customerAsked, about: request), sent,
        Fixture.notice(5, .reminder, about: other),
    ]
    try await store.write { tx in
        for notice in notices { try tx.insert(notice) }
        try tx.cancelNotices(about: request.id, kinds: [.reminder, .lastReminder])
    }
    let states = try await store.read { tx in
        try (tx.notices(about: request.id) + tx.notices(about: other.id)).map(\.delivery)
    }
    #expect(states == [.cancelled, .cancelled, .queued, .sent, .queued])
    #expect(
        try await store.read { try $0.noticesDue(at: .latest, limit: 9) }.map(\.id) == [
            notices[2].id, notices[4].id,
        ]
    )
}

private func noticesNeverChange(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let notice = Fixture.notice(about: request)
    try await store.write { try $0.insert(notice) }
    for other in [
        Fixture.notice(1, .rejected, about: request),
        Fixture.notice(about: request, to: Fixture.gita),
        Fixture.notice(about: request, facts: [:]),
        Fixture.notice(about: request, goodUntil: Fixture.now),
        Fixture.notice(about: request, createdAt: Fixture.now + .seconds(1)),
    ] {
        await store.refuses("another letter") { try $0.update(other) }
    }
    #expect(try await store.read { try $0.notices(about: request.id) } == [notice])
}
