import Crypto
package import LockboxDomain
import LockboxPorts

/// Makes the codes of invitations from the installation's secret, so that no copy of the database
/// holds one.
package struct InvitationKey: InvitationCodes {
    private let key: SymmetricKey

    /// `seed` is the installation's secret; the key is one derived from it (RFC 5869).
    package init(seed: [UInt8]) {
        key = SymmetricKey(from: seed, for: "invitation code")
    }

    /// Crockford's base 32, which has no letters that are taken for others: 60 bits, `7K3M-9QPX-AB2C`.
    package func code(of invitation: InvitationID, to person: PersonID) -> String {
        let signs = signs(of: invitation, to: person)
        return stride(from: 0, to: Self.length, by: Self.group).map { start in
            String(String.UnicodeScalarView(signs[start..<start + Self.group]))
        }.joined(separator: "-")
    }

    /// Whether `typed` is that code. Case, spaces and hyphens do not matter, nor that somebody read a
    /// `0` as an O or a `1` as an I or L. Nil where it cannot be a code at all.
    func isCode(_ typed: String, of invitation: InvitationID, to person: PersonID) -> Bool? {
        var signs: [Unicode.Scalar] = []
        for scalar in typed.uppercased().unicodeScalars {
            switch scalar {
            case "-", " ": continue
            case "O": signs.append("0")
            case "I", "L": signs.append("1")
            case _ where Self.alphabet.contains(scalar): signs.append(scalar)
            case _: return nil
            }
            if signs.count > Self.length { return nil }
        }
        guard signs.count == Self.length else { return nil }
        // Digests are compared in constant time.
        return SHA256.hash(data: signs.map { UInt8(truncatingIfNeeded: $0.value) })
            == SHA256.hash(
                data: self.signs(of: invitation, to: person).map {
                    UInt8(truncatingIfNeeded: $0.value)
                }
            )
    }

    private func signs(of invitation: InvitationID, to person: PersonID) -> [Unicode.Scalar] {
        let message = "\(invitation.text) \(person.text)"
        let code = HMAC<SHA256>.authenticationCode(for: Array(message.utf8), using: key)
        return code.prefix(Self.length).map { Self.alphabet[Int($0 & 31)] }
    }

    private static let length = 12
    private static let group = 4
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".unicodeScalars)
}
