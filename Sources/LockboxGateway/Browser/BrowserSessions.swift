package import LockboxDomain
package import LockboxPorts
import LockboxService
import Synchronization

/// The browsers that are let in at the gateways of this process. All of it is in memory, and the
/// secrets as hashes alone: after a restart every browser has to come through the portal again.
///
/// A secret has the form of a credential's, so that addresses with one are refused, and what is
/// written down has it taken out.
package final class BrowserSessions: BrowserCodes {
    /// What a browser's cookie stands for.
    struct Session: Equatable, Sendable {
        let credential: Credential
        /// Of the credential's secret, which nobody was told.
        let credentialHash: [UInt8]
    }

    private struct Code {
        let session: Session
        let start: Timestamp
        let end: Timestamp
    }

    private struct State {
        var codes: [[UInt8]: Code] = [:]
        var sessions: [[UInt8]: Session] = [:]
    }

    /// The address of the portal, which browsers come from.
    let portal: String
    private let clock: any WallClock
    private let entropy: any Entropy
    private let state = Mutex(State())

    package init(portal: String, clock: any WallClock, entropy: any Entropy) {
        self.portal = portal
        self.clock = clock
        self.entropy = entropy
    }

    private func newSecret() -> String {
        Credential.secretPrefix + Lockbox.text(entropy.bytes(32))
    }

    package func code(for credential: Credential, secret: String) -> String {
        let (code, now) = (newSecret(), clock.now())
        let session = Session(credential: credential, credentialHash: Lockbox.hash(secret))
        state.withLock { state in
            state.codes = state.codes.filter { now < $0.value.end }
            if state.codes.count >= GatewayLimits.codes,
                let oldest = state.codes.min(by: { $0.value.end < $1.value.end })?.key
            {
                state.codes[oldest] = nil
            }
            state.codes[Lockbox.hash(code)] = Code(
                session: session,
                start: now,
                end: min(now + GatewayLimits.codeLife, credential.expiresAt)
            )
        }
        return code
    }

    /// The secret of a new session at `service`, and what it stands for. Whatever comes of it, `code`
    /// is used up; nil where it was before, is over, or is another service's.
    func open(_ code: String, at service: ServiceID) -> (secret: String, session: Session)? {
        let (secret, now) = (newSecret(), clock.now())
        return state.withLock { state in
            guard let code = state.codes.removeValue(forKey: Lockbox.hash(code)),
                code.start <= now, now < code.end,
                code.session.credential.resource.service == service
            else { return nil }
            state.sessions = state.sessions.filter {
                now < $0.value.credential.expiresAt + GatewayLimits.sessionKept
            }
            if state.sessions.count >= GatewayLimits.sessions,
                let oldest = state.sessions.min(by: { $0.value.isOlder(than: $1.value) })?.key
            {
                state.sessions[oldest] = nil
            }
            state.sessions[Lockbox.hash(secret)] = code.session
            return (secret, code.session)
        }
    }

    /// What `secret` stands for at `service`, its access over or not; nil where nothing is known.
    func session(_ secret: String, at service: ServiceID) -> Session? {
        let session = state.withLock { $0.sessions[Lockbox.hash(secret)] }
        return session?.credential.resource.service == service ? session : nil
    }

    /// Ends the session of `secret` at `service`, and says what it was.
    func close(_ secret: String, at service: ServiceID) -> Session? {
        guard session(secret, at: service) != nil else { return nil }
        return state.withLock { $0.sessions.removeValue(forKey: Lockbox.hash(secret)) }
    }
}

extension BrowserSessions.Session {
    fileprivate func isOlder(than other: Self) -> Bool {
        credential.issuedAt < other.credential.issuedAt
    }
}
