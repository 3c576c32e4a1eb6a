import Crypto
import LockboxDomain
import LockboxPorts
import MerkleLog
import WebAuthn

/// Makes the questions that passkeys answer (WebAuthn §13.4.3), and knows them again: each holds the
/// instant at which it was asked and chance, and a code over both, over what it is for and over who
/// was asked. So nobody can make one but we, and strangers make this server remember nothing.
package struct PasskeyKey: Sendable {
    /// What a question is for.
    enum Purpose: String {
        case signIn, confirmation, registration
    }

    private let key: SymmetricKey

    /// `seed` is the installation's secret; the key is one derived from it (RFC 5869).
    package init(seed: [UInt8]) {
        key = SymmetricKey(from: seed, for: "passkeys")
    }

    /// `holder` is the session or the browser that is asked, and no other can bring the answer.
    func challenge(
        for purpose: Purpose,
        to holder: String,
        at now: Timestamp,
        _ entropy: any Entropy
    ) -> [UInt8] {
        let said = Self.bytes(of: now) + entropy.bytes(Self.chance)
        return said + Array(code(over: said, purpose, holder))
    }

    /// When `challenge` was asked, if it was asked by us, for that, and of this holder.
    func instant(
        of challenge: [UInt8],
        for purpose: Purpose,
        to holder: String,
        at now: Timestamp
    ) throws(WebAuthnFault) -> Timestamp {
        let said = Array(challenge.prefix(8 + Self.chance))
        // Codes are compared in constant time.
        guard challenge.count == said.count + SHA256.byteCount,
            HMAC<SHA256>.isValidAuthenticationCode(
                challenge.dropFirst(said.count),
                authenticating: Self.message(said, purpose, holder),
                using: key
            )
        else { throw .challenge }
        let asked = Timestamp(
            milliseconds: said.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        )
        guard asked <= now + IdentityLimits.passkeyLeeway,
            now < asked + IdentityLimits.passkeyChallenge
        else { throw .expired }
        return asked
    }

    /// What devices are told to call `person`: it says nothing of her to who has the device.
    func userHandle(of person: PersonID) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(for: Array("user \(person.text)".utf8), using: key)
        )
    }

    private func code(over said: [UInt8], _ purpose: Purpose, _ holder: String) -> HMAC<SHA256>.MAC
    {
        HMAC<SHA256>.authenticationCode(for: Self.message(said, purpose, holder), using: key)
    }

    private static func message(_ said: [UInt8], _ purpose: Purpose, _ holder: String) -> [UInt8] {
        said + Array("\(purpose.rawValue) \(holder)".utf8)
    }

    private static func bytes(of instant: Timestamp) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: instant.milliseconds >> $0)
        }
    }

    private static let chance = 16
}
