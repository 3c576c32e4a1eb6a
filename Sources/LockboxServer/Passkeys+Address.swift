import LockboxAudit
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import WebAuthn

extension Passkeys {
    /// For the site whose pages browsers find at `publicURL`.
    init(
        store: AuditedStore,
        sessions: Sessions,
        key: PasskeyKey,
        publicURL: String,
        clock: any WallClock,
        entropy: any Entropy
    ) {
        self.init(
            store: store,
            sessions: sessions,
            key: key,
            party: WebOrigin(publicURL).flatMap {
                RelyingParty(scheme: $0.scheme, host: $0.host, origin: $0.description)
            },
            clock: clock,
            entropy: entropy
        )
    }
}
