import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofLogins = [
        Promise("a login is found by its latest secrets alone, until it is revoked", loginsFollow),
        Promise("a token never becomes a login, nor a login a token", kindsStay),
        Promise(
            "a request for a login is found by its codes, and answered once",
            requestsAreAnswered
        ),
        Promise("what a person allowed can be taken back until it is fetched", allowedIsTakenBack),
        Promise("requests for logins are removed once they are over", requestsAreRemoved),
    ]
}

private let start = Fixture.now

private func login(_ number: UInt8 = 1) -> APIToken {
    APIToken(
        id: Fixture.id(number),
        person: Fixture.eve.id,
        label: "lockbox on laptop",
        scopes: .standard,
        createdAt: start,
        expiresAt: start + .days(30),
        login: .init(accessEndsAt: start + .minutes(15), idleEndsAt: start + .days(7))
    )
}

private func hashes(_ access: UInt8, _ refresh: UInt8) -> LoginHashes {
    LoginHashes(access: Fixture.secretHash(access), refresh: Fixture.secretHash(refresh))
}

private func request(
    _ number: UInt8,
    isDevice: Bool = true,
    standing: LoginRequest.Standing = .waiting
) -> LoginRequest {
    LoginRequest(
        id: Fixture.id(number),
        device: "lockbox on laptop",
        askedFrom: AddressRange("192.0.2.1"),
        scopes: [.read, .decide],
        callback: isDevice
            ? nil
            : LoginCallback(
                address: "http://127.0.0.1:49152/callback",
                challenge: String(repeating: "c", count: 43)
            ),
        madeAt: start,
        endsAt: start + .minutes(Int64(number)),
        standing: standing
    )
}

private func loginsFollow(_ store: any Store) async throws {
    try await store.populate()
    var token = login()
    let (family, other) = (Fixture.secretHash(1), Fixture.secretHash(9))
    try await store.write { [token] tx in
        try tx.insert(token, secretHash: family)
        try tx.renew(token.id, try #require(token.login), hashes(2, 3))
    }
    #expect(try await store.read { try $0.login(accessHash: Fixture.secretHash(2)) } == token)
    let found = try await store.read { try $0.login(secretHash: family) }
    #expect(found?.token == token && found?.refreshHash == Fixture.secretHash(3))
    #expect(try await store.read { try $0.tokens(of: Fixture.eve.id) } == [token])
    // What all its refresh tokens share opens nothing.
    #expect(try await store.read { try $0.token(secretHash: family) } == nil)
    #expect(try await store.read { try $0.login(secretHash: other)?.token } == nil)

    let next = APIToken.Login(
        accessEndsAt: start + .hours(1),
        idleEndsAt: start + .days(8)
    )
    try await store.write { [token] in try $0.renew(token.id, next, hashes(4, 5)) }
    token.login = next
    #expect(try await store.read { try $0.login(accessHash: Fixture.secretHash(2)) } == nil)
    #expect(try await store.read { try $0.login(accessHash: Fixture.secretHash(4)) } == token)
    let renewed = try await store.read { try $0.login(secretHash: family) }
    #expect(renewed?.refreshHash == Fixture.secretHash(5))

    try await store.write { [token] in try $0.revokeToken(token.id, at: start + .hours(2)) }
    #expect(try await store.read { try $0.login(accessHash: Fixture.secretHash(4)) } == nil)
    #expect(try await store.read { try $0.login(secretHash: family)?.token } == nil)
    try await store.write { [token] in try $0.renew(token.id, next, hashes(6, 7)) }
    #expect(try await store.read { try $0.login(accessHash: Fixture.secretHash(6)) } == nil)
}

private func kindsStay(_ store: any Store) async throws {
    try await store.populate()
    let token = login()
    var plain = login(2)
    plain.login = nil
    try await store.write { [plain] tx in
        try tx.insert(token, secretHash: Fixture.secretHash(1))
        try tx.renew(token.id, try #require(token.login), hashes(2, 3))
        try tx.insert(plain, secretHash: Fixture.secretHash(4))
    }
    await store.refuses("a token that becomes a login") { [plain] tx in
        try tx.renew(plain.id, try #require(token.login), hashes(5, 6))
    }
    await store.refuses("two logins with one access token") { tx in
        let other = login(3)
        try tx.insert(other, secretHash: Fixture.secretHash(7))
        try tx.renew(other.id, try #require(other.login), hashes(2, 8))
    }
    #expect(try await store.read { try $0.token(secretHash: Fixture.secretHash(4)) } == plain)
}

private func requestsAreAnswered(_ store: any Store) async throws {
    try await store.populate()
    var device = request(1)
    let browser = request(2, isDevice: false, standing: .allowed(Fixture.eve.id))
    try await store.write { [device] tx in
        try tx.insert(
            device,
            secretHash: Fixture.secretHash(1),
            userCodeHash: Fixture.secretHash(2)
        )
        try tx.insert(browser, secretHash: Fixture.secretHash(3), userCodeHash: nil)
    }
    #expect(
        try await store.read { try $0.loginRequest(secretHash: Fixture.secretHash(1)) } == device
    )
    #expect(
        try await store.read { try $0.loginRequest(userCodeHash: Fixture.secretHash(2)) } == device
    )
    #expect(
        try await store.read { try $0.loginRequest(secretHash: Fixture.secretHash(3)) } == browser
    )
    #expect(try await store.read { try $0.loginRequest(secretHash: Fixture.secretHash(2)) } == nil)
    #expect(try await store.read { try $0.deviceLoginsWaiting(at: start) } == 1)
    #expect(try await store.read { try $0.deviceLoginsWaiting(at: start + .minutes(1)) } == 0)

    try device.allow(by: Fixture.eve.id, at: start)
    try await store.write { [device] in try $0.update(device) }
    await store.refuses("another person for what was allowed") { tx in
        try tx.update(request(1, standing: .allowed(Fixture.mark.id)))
    }
    device.use(for: Fixture.id(9), of: Fixture.eve.id)
    try await store.write { [device] in try $0.update(device) }
    #expect(
        try await store.read { try $0.loginRequest(secretHash: Fixture.secretHash(1)) } == device
    )
    #expect(try await store.read { try $0.deviceLoginsWaiting(at: start) } == 0)
    await store.refuses("what was used, once more") { try $0.update(request(1)) }
    await store.refuses("a second request with one code") { tx in
        try tx.insert(
            request(3),
            secretHash: Fixture.secretHash(1),
            userCodeHash: Fixture.secretHash(7)
        )
    }
}

private func allowedIsTakenBack(_ store: any Store) async throws {
    try await store.populate()
    let all = [
        request(1, standing: .allowed(Fixture.eve.id)),
        request(2, standing: .allowed(Fixture.mark.id)), request(3),
        request(4, standing: .used(Fixture.id(9), Fixture.eve.id)),
    ]
    try await store.write { tx in
        for (number, request) in all.enumerated() {
            try tx.insert(
                request,
                secretHash: Fixture.secretHash(UInt8(number)),
                userCodeHash: Fixture.secretHash(UInt8(number + 100))
            )
        }
        try tx.denyLoginRequests(allowedBy: Fixture.eve.id)
    }
    let left = try await store.read { tx in
        try (0..<4).map { try tx.loginRequest(secretHash: Fixture.secretHash($0))?.standing }
    }
    #expect(left == [.denied] + all[1...].map(\.standing))
}

private func requestsAreRemoved(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { tx in
        for number in 1...2 as ClosedRange<UInt8> {
            try tx.insert(
                request(number),
                secretHash: Fixture.secretHash(number),
                userCodeHash: Fixture.secretHash(number + 100)
            )
        }
    }
    func remove(_ instant: Timestamp) async throws -> Int {
        try await store.write { try $0.remove(.loginRequests, overAt: instant, limit: 100) }
    }
    #expect(try await remove((start + .minutes(1)).advanced(-1)) == 0)
    #expect(try await remove(start + .minutes(1)) == 1)
    #expect(try await store.read { try $0.loginRequest(secretHash: Fixture.secretHash(1)) } == nil)
}
