package import LockboxDomain
package import LockboxPorts
import Synchronization

/// The signed assertions of who asks, each made once and sent with every request until it is nearly
/// over: signing is not done for each.
package final class Assertions: Sendable {
    /// Signs one, and says until when it is good; nil where that is no whole second any more.
    package typealias Sign =
        @Sendable (Credential, _ now: Timestamp) throws -> (text: String, end: Timestamp)?

    /// What an assertion is good for at least when it is sent, unless the access ends before.
    static let leastLeft = TimeSpan.seconds(30)
    /// How many are kept.
    static let kept = 1024

    private let clock: any WallClock
    private let sign: Sign
    private let known = Mutex<[CredentialID: (text: String, end: Timestamp)]>([:])

    package init(clock: any WallClock, sign: @escaping Sign) {
        self.clock = clock
        self.sign = sign
    }

    /// The assertion of `credential`; nil where its access is as good as over. Throws where there is
    /// no key to sign with.
    func current(of credential: Credential) throws -> String? {
        let now = clock.now()
        if let known = known.withLock({ $0[credential.id] }), Self.isFit(known.end, credential, now)
        {
            return known.text
        }
        guard let made = try sign(credential, now) else { return nil }
        known.withLock { known in
            if known.count >= Self.kept {
                known = known.filter { now < $0.value.end }
                if known.count >= Self.kept { known = [:] }
            }
            known[credential.id] = made
        }
        return made.text
    }

    /// Near the end of the access no later one can be made. A clock that was set back would keep one
    /// for longer than its minute.
    private static func isFit(_ end: Timestamp, _ credential: Credential, _ now: Timestamp) -> Bool
    {
        guard now < end, end - now <= TimeSpan.seconds(60) else { return false }
        return end - now > leastLeft || credential.expiresAt - end < .seconds(1)
    }
}
