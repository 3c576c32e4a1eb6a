import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import Testing

@testable import LockboxGateway

/// What a browser is let in with is known until it is over.
struct BrowserSessionsTests {
    private static let service = Fixture.mailbox.service
    private let clock = FixedClock()
    private let entropy = SeededEntropy()
    private let sessions: BrowserSessions

    init() {
        sessions = BrowserSessions(portal: "https://lockbox.test", clock: clock, entropy: entropy)
    }

    private func access(_ number: UInt8 = 1, until end: Timestamp? = nil) throws -> BrowserAccess {
        let request = try #require(try Fixture.history(to: .active).last)
        clock.move(to: try #require(request.state.grant).start)
        return BrowserAccess(
            credential: Fixture.credential(number, of: request, expiresAt: end),
            secretHash: Lockbox.hash("lbc_secret")
        )
    }

    @Test func onlyItsOwnSecretStandsForASession() throws {
        let access = try access()
        let secret = sessions.begin(access)
        #expect(sessions.session(secret, at: Self.service) == access)
        #expect(secret.holdsCredential && sessions.begin(access) != secret)
        for other in ["lbc_secret", "", secret.uppercased()] {
            #expect(sessions.session(other, at: Self.service) == nil)
        }
    }

    @Test func sessionIsOfOneServiceAndGoesWhenItIsClosed() throws {
        let access = try access()
        let other = try #require(ServiceID("other"))
        let (first, second) = (sessions.begin(access), sessions.begin(access))
        #expect(sessions.session(first, at: other) == nil)
        #expect(sessions.close(first, at: other) == nil)
        #expect(sessions.close(first, at: Self.service) == access)
        #expect(sessions.session(first, at: Self.service) == nil)
        #expect(sessions.close(first, at: Self.service) == nil)
        #expect(sessions.session(second, at: Self.service) != nil)
    }

    @Test func whatIsLongOverIsForgotten() throws {
        let access = try access()
        let old = sessions.begin(access)
        func beginAnother() throws {
            let later = try self.access(
                2,
                until: access.credential.expiresAt + GatewayLimits.sessionKept + .hours(1)
            )
            clock.move(to: now)
            _ = sessions.begin(later)
        }
        let kept = access.credential.expiresAt + GatewayLimits.sessionKept
        var now = kept - TimeSpan(milliseconds: 1)
        try beginAnother()
        #expect(sessions.session(old, at: Self.service) != nil, "its browser is told why")
        now = kept
        try beginAnother()
        #expect(sessions.session(old, at: Self.service) == nil)
    }

    @Test func memoryIsBounded() throws {
        let first = sessions.begin(try access())
        let later = try access(2)
        let secrets = (0..<GatewayLimits.sessions).map { _ in sessions.begin(later) }
        let known = ([first] + secrets).filter { sessions.session($0, at: Self.service) != nil }
        #expect(known.count == GatewayLimits.sessions)
    }
}

/// Who asks is signed once, and again when that is nearly over.
struct AssertionsTests {
    private let clock = FixedClock()

    private func credential() throws -> Credential {
        let request = try #require(try Fixture.history(to: .active).last)
        let credential = Fixture.credential(of: request)
        clock.move(to: credential.issuedAt)
        return credential
    }

    /// As long as the real ones.
    private func assertions() -> Assertions {
        Assertions(clock: clock) { credential, now in
            let end = min(now + .seconds(60), credential.expiresAt)
            return end - now < .seconds(1) ? nil : ("\(credential.id) \(now.milliseconds)", end)
        }
    }

    @Test func oneIsUsedWhileHalfAMinuteIsLeft() throws {
        let (credential, assertions) = (try credential(), assertions())
        let first = try #require(try assertions.current(of: credential))
        clock.advance(by: TimeSpan(milliseconds: 29_999))
        #expect(try assertions.current(of: credential) == first)
        clock.advance(by: TimeSpan(milliseconds: 1))
        let second = try #require(try assertions.current(of: credential))
        #expect(second != first)
        clock.advance(by: .seconds(-1))
        #expect(try assertions.current(of: credential) != second, "the clock was set back")
    }

    @Test func thereIsNoneInTheLastMomentOfAnAccess() throws {
        let (credential, assertions) = (try credential(), assertions())
        clock.move(to: credential.expiresAt - .seconds(20))
        let last = try #require(try assertions.current(of: credential))
        clock.advance(by: .seconds(15))
        #expect(try assertions.current(of: credential) == last, "no later one is to be had")
        clock.move(to: credential.expiresAt)
        #expect(try assertions.current(of: credential) == nil)
    }

    @Test func eachCredentialHasItsOwnAndMemoryIsBounded() throws {
        let (request, assertions) = (
            try #require(try Fixture.history(to: .active).last), assertions()
        )
        clock.move(to: Fixture.credential(of: request).issuedAt)
        let texts = try (1...3).map {
            try assertions.current(of: Fixture.credential($0, of: request))
        }
        #expect(Set(texts).count == 3)
    }
}
