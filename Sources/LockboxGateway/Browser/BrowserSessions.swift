import LockboxDomain
package import LockboxPorts
import LockboxService
import Synchronization

/// The browsers that are let in at the gateways of this process. All of it is in memory, and the
/// secrets as hashes alone: after a restart every browser has to come through the portal again.
///
/// A secret has the form of a credential's, so that addresses with one are refused, and what is
/// written down has it taken out.
package final class BrowserSessions: Sendable {
    /// The address of the portal, which browsers come from.
    let portal: String
    private let clock: any WallClock
    private let entropy: any Entropy
    /// By the hash of the secret in the browser's cookie.
    private let sessions = Mutex<[[UInt8]: BrowserAccess]>([:])

    package init(portal: String, clock: any WallClock, entropy: any Entropy) {
        self.portal = portal
        self.clock = clock
        self.entropy = entropy
    }

    /// The secret of a new session, which stands for `access`.
    func begin(_ access: BrowserAccess) -> String {
        let secret = Credential.secretPrefix + Lockbox.text(entropy.bytes(32))
        let now = clock.now()
        sessions.withLock { sessions in
            sessions = sessions.filter {
                now < $0.value.credential.expiresAt + GatewayLimits.sessionKept
            }
            if sessions.count >= GatewayLimits.sessions,
                let oldest = sessions.min(by: { $0.value.isOlder(than: $1.value) })?.key
            {
                sessions[oldest] = nil
            }
            sessions[Lockbox.hash(secret)] = access
        }
        return secret
    }

    /// What `secret` stands for at `service`, its access over or not; nil where nothing is known.
    func session(_ secret: String, at service: ServiceID) -> BrowserAccess? {
        let session = sessions.withLock { $0[Lockbox.hash(secret)] }
        return session?.credential.resource.service == service ? session : nil
    }

    /// Ends the session of `secret` at `service`, and says what it was.
    func close(_ secret: String, at service: ServiceID) -> BrowserAccess? {
        guard session(secret, at: service) != nil else { return nil }
        return sessions.withLock { $0.removeValue(forKey: Lockbox.hash(secret)) }
    }
}

extension BrowserAccess {
    fileprivate func isOlder(than other: Self) -> Bool {
        credential.issuedAt < other.credential.issuedAt
    }
}
