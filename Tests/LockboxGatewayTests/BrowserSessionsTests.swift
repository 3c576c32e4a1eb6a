import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import Testing

@testable import LockboxGateway

/// A code lets one browser in once, and what it is let in with is known until it is over.
struct BrowserSessionsTests {
    private static let service = Fixture.mailbox.service
    private let clock = FixedClock()
    private let entropy = SeededEntropy()
    private let sessions: BrowserSessions

    init() {
        sessions = BrowserSessions(portal: "https://lockbox.test", clock: clock, entropy: entropy)
    }

    private func credential(_ number: UInt8 = 1, until end: Timestamp? = nil) throws -> Credential {
        let request = try #require(try Fixture.history(to: .active).last)
        clock.move(to: try #require(request.state.grant).start)
        return Fixture.credential(number, of: request, expiresAt: end)
    }

    @Test func codeIsGoodOnce() throws {
        let credential = try credential()
        let code = sessions.code(for: credential, secret: "lbc_secret")
        let opened = try #require(sessions.open(code, at: Self.service))
        #expect(sessions.open(code, at: Self.service) == nil)
        let session = try #require(sessions.session(opened.secret, at: Self.service))
        #expect(session.credential == credential)
        #expect(session.credentialHash == Lockbox.hash("lbc_secret"))
        #expect(opened.secret != code && code.holdsCredential && opened.secret.holdsCredential)
        for other in [code, "lbc_secret", "", opened.secret.uppercased()] {
            #expect(sessions.session(other, at: Self.service) == nil)
        }
    }

    @Test func codeIsOverAfterAMinute() throws {
        let credential = try credential()
        let codes = (0..<3).map { _ in sessions.code(for: credential, secret: "s") }
        clock.advance(by: .seconds(-1))
        #expect(sessions.open(codes[0], at: Self.service) == nil, "the clock was set back")
        clock.advance(by: TimeSpan(milliseconds: 60_999))
        #expect(sessions.open(codes[1], at: Self.service) != nil)
        clock.advance(by: TimeSpan(milliseconds: 1))
        #expect(sessions.open(codes[2], at: Self.service) == nil)
    }

    @Test func codeIsOverWithItsAccess() throws {
        let start = try credential().issuedAt
        let code = sessions.code(
            for: try credential(until: start + .seconds(5)),
            secret: "s"
        )
        clock.advance(by: .seconds(5))
        #expect(sessions.open(code, at: Self.service) == nil)
    }

    @Test func codeShownAtAnotherServiceIsUsedUp() throws {
        let code = sessions.code(for: try credential(), secret: "s")
        let other = try #require(ServiceID("other"))
        #expect(sessions.open(code, at: other) == nil)
        #expect(sessions.open(code, at: Self.service) == nil)
    }

    @Test func sessionIsOfOneServiceAndGoesWhenItIsClosed() throws {
        let credential = try credential()
        let other = try #require(ServiceID("other"))
        let first = try #require(
            sessions.open(sessions.code(for: credential, secret: "1"), at: Self.service)
        )
        let second = try #require(
            sessions.open(sessions.code(for: credential, secret: "2"), at: Self.service)
        )
        #expect(sessions.session(first.secret, at: other) == nil)
        #expect(sessions.close(first.secret, at: other) == nil)
        #expect(sessions.close(first.secret, at: Self.service)?.credential == credential)
        #expect(sessions.session(first.secret, at: Self.service) == nil)
        #expect(sessions.close(first.secret, at: Self.service) == nil)
        #expect(sessions.session(second.secret, at: Self.service) != nil)
    }

    @Test func whatIsLongOverIsForgotten() throws {
        let credential = try credential()
        let old = try #require(
            sessions.open(sessions.code(for: credential, secret: "1"), at: Self.service)
        )
        func openAnother() throws {
            let later = try self.credential(
                2,
                until: credential.expiresAt + GatewayLimits.sessionKept + .hours(1)
            )
            clock.move(to: now)
            _ = sessions.open(sessions.code(for: later, secret: "2"), at: Self.service)
        }
        var now = credential.expiresAt + GatewayLimits.sessionKept - TimeSpan(milliseconds: 1)
        try openAnother()
        #expect(sessions.session(old.secret, at: Self.service) != nil, "its browser is told why")
        now = credential.expiresAt + GatewayLimits.sessionKept
        try openAnother()
        #expect(sessions.session(old.secret, at: Self.service) == nil)
    }

    @Test func memoryIsBounded() throws {
        let credential = try credential()
        let first = sessions.code(for: credential, secret: "s")
        clock.advance(by: TimeSpan(milliseconds: 1))
        let second = sessions.code(for: credential, secret: "s")
        for _ in 0..<(GatewayLimits.codes - 1) { _ = sessions.code(for: credential, secret: "s") }
        #expect(sessions.open(first, at: Self.service) == nil)
        #expect(sessions.open(second, at: Self.service) != nil)
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
