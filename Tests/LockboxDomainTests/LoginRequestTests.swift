import LockboxDomain
import LockboxFixtures
import Testing

/// Where an answer to a command line may be taken, and how far its request comes.
struct LoginRequestTests {
    private static let challenge = String(repeating: "c", count: 43)

    private static func request(_ standing: LoginRequest.Standing = .waiting) -> LoginRequest {
        LoginRequest(
            id: Fixture.id(1),
            device: "lockbox on laptop",
            askedFrom: AddressRange("192.0.2.1"),
            scopes: .standard,
            madeAt: Fixture.now,
            endsAt: Fixture.now + .minutes(10),
            standing: standing
        )
    }

    @Test(arguments: [
        "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback",
        "http://[::1]:49152/callback",
    ])
    func answersAreTakenToThisMachine(_ address: String) {
        let callback = LoginCallback(address: address, challenge: Self.challenge)
        #expect(callback?.address == address)
        #expect(callback.map { $0.origin + "/callback" } == address)
    }

    @Test(arguments: [
        "https://127.0.0.1:1/callback", "http://localhost:1/callback",
        "http://127.0.0.1/callback", "http://127.0.0.1:/callback", "http://127.0.0.1:0/callback",
        "http://127.0.0.1:080/callback", "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:1/callback/", "http://127.0.0.1:1/callback?a=b",
        "http://127.0.0.1:1/callback#a", "http://127.0.0.1:1/other", "http://127.0.0.1:1",
        "http://127.0.0.1:1@evil.test:1/callback", "http://127.0.0.1:1.evil.test/callback",
        "http://127.0.0.1:+1/callback", "http://127.0.0.1:１/callback",
        "http://user@127.0.0.1:1/callback", "http://127.0.0.2:1/callback",
        "HTTP://127.0.0.1:1/callback", "http://[::1]/callback", "http://[::2]:1/callback", "",
        "/callback", "javascript:alert(1)//callback",
    ])
    func answersAreTakenNowhereElse(_ address: String) {
        #expect(LoginCallback(address: address, challenge: Self.challenge) == nil)
    }

    @Test(arguments: [
        "", String(repeating: "c", count: 42), String(repeating: "c", count: 44),
        String(repeating: "c", count: 42) + "=", String(repeating: "c", count: 42) + "+",
        String(repeating: "c", count: 41) + "é",
    ])
    func whatIsNoChallengeIsNone(_ challenge: String) {
        #expect(LoginCallback(address: "http://127.0.0.1:1/callback", challenge: challenge) == nil)
    }

    @Test func itIsAnsweredOnceAndInTime() throws {
        let late = Fixture.now + .minutes(10)
        var request = Self.request()
        #expect(throws: Refusal.notFound(.page)) { try request.allow(by: Fixture.id(1), at: late) }
        #expect(throws: Refusal.notFound(.page)) { try request.deny(at: late) }
        try request.allow(by: Fixture.id(1), at: late + TimeSpan(milliseconds: -1))
        #expect(request.person(at: late + TimeSpan(milliseconds: -1)) == Fixture.id(1))
        #expect(request.person(at: late) == nil)
        #expect(throws: Refusal.notFound(.page)) {
            try request.allow(by: Fixture.id(2), at: Fixture.now)
        }
        #expect(throws: Refusal.notFound(.page)) { try request.deny(at: Fixture.now) }
        request.use(for: Fixture.id(3), of: Fixture.id(1))
        #expect(request.person(at: Fixture.now) == nil)
        var denied = Self.request()
        try denied.deny(at: Fixture.now)
        #expect(throws: Refusal.notFound(.page)) {
            try denied.allow(by: Fixture.id(1), at: Fixture.now)
        }
    }

    @Test func aLoginThatNobodyUsesEndsBeforeItsEnd() {
        var token = APIToken(
            id: Fixture.id(1),
            person: Fixture.id(1),
            label: "",
            scopes: .read,
            createdAt: Fixture.now,
            expiresAt: Fixture.now + .days(30)
        )
        #expect(token.isValid(at: Fixture.now + .days(29)))
        token.login = .init(
            accessEndsAt: Fixture.now + .minutes(15),
            idleEndsAt: Fixture.now + .days(7)
        )
        #expect(token.isValid(at: Fixture.now + .days(7) + TimeSpan(milliseconds: -1)))
        #expect(!token.isValid(at: Fixture.now + .days(7)))
    }
}
