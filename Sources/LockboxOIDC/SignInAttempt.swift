import Crypto
import Foundation
package import LockboxDomain
package import LockboxPorts
import MerkleLog

/// One sign-in at an OpenID provider, from our page to coming back. It is kept by the browser that
/// began it, so that strangers can make this server remember nothing; `OpenIDClient` vouches for what
/// it is then.
package struct SignInAttempt: Hashable, Sendable {
    private let secret: Data
    /// By the machine's clock.
    package let startedAt: Timestamp
    package let side: Side
    /// Whether somebody who is signed in shows again who she is.
    package let isConfirmation: Bool
    /// The page of ours that it leads to.
    package let next: String

    package init(
        at side: Side,
        isConfirmation: Bool,
        next: String,
        now: Timestamp,
        entropy: any Entropy
    ) {
        secret = Data(entropy.bytes(32))
        startedAt = now
        self.side = side
        self.isConfirmation = isConfirmation
        self.next = next
    }

    /// What ties the answer to the browser (RFC 6749 §10.12), the token to the sign-in (OpenID
    /// Connect Core §15.5.2), and the code to both (RFC 7636).
    package var state: String { derived("state") }
    var nonce: String { derived("nonce") }
    var codeVerifier: String { derived("code verifier") }
    var codeChallenge: String { SHA256.hash(data: Data(codeVerifier.utf8)).base64URL }

    private func derived(_ purpose: String) -> String {
        HMAC<SHA256>.authenticationCode(
            for: Data(purpose.utf8),
            using: SymmetricKey(data: secret)
        ).base64URL
    }

    /// Whether `state` is this one's. Takes as long for a wrong one as for the right one.
    package func matches(state: String) -> Bool {
        SHA256.hash(data: Data(state.utf8)) == SHA256.hash(data: Data(self.state.utf8))
    }

    package func isOpen(at now: Timestamp) -> Bool {
        startedAt <= now + OIDCLimits.leeway && now < startedAt + OIDCLimits.attempt
    }

    // MARK: - In a cookie

    private struct Kept: Codable {
        let secret: Data
        let startedAt: Int64
        let tenant: String?
        let isConfirmation: Bool
        let next: String
    }

    /// As a cookie holds it.
    func kept() throws -> String {
        try JSONEncoder().encode(
            Kept(
                secret: secret,
                startedAt: startedAt.milliseconds,
                tenant: side.tenant?.text,
                isConfirmation: isConfirmation,
                next: next
            )
        ).base64URL
    }

    /// Nil for what is none.
    init?(kept text: String) {
        guard text.utf8.count <= 4096, let bytes = Data(base64URL: text) else { return nil }
        let kept: Kept
        do { kept = try JSONDecoder().decode(Kept.self, from: bytes) } catch { return nil }
        guard kept.secret.count == 32,
            (0...Timestamp.latest.milliseconds).contains(kept.startedAt)
        else { return nil }
        if let name = kept.tenant {
            guard let tenant = TenantID(name) else { return nil }
            side = .tenant(tenant)
        } else {
            side = .provider
        }
        secret = kept.secret
        startedAt = Timestamp(milliseconds: kept.startedAt)
        isConfirmation = kept.isConfirmation
        next = kept.next
    }
}
