import Crypto
package import LockboxDomain
package import LockboxPorts
import MerkleLog

/// The envelope sender of each letter, `bounces+msg-7k3m9qpxab-CODE@provider.example`, so that a
/// report which comes back says which letter was not delivered (variable envelope return path).
///
/// Identifiers of letters are shown to people, so the address holds a code that only we can make:
/// who has not got the letter cannot report it undelivered. The code is of the recipient too, whom
/// a report must be about: who forwards her mail may have got what fails further on.
package struct BounceAddresses: Sendable {
    private let local: String
    private let domain: String
    private let key: SymmetricKey

    /// `seed` is the installation's secret; the key is one derived from it (RFC 5869).
    package init(under address: EmailAddress, seed: [UInt8]) {
        local = String(address.text.prefix { $0 != "@" })
        domain = address.domain
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: seed),
            info: Array("lockbox bounce address".utf8),
            outputByteCount: 32
        )
    }

    /// The envelope sender of the letter `id` to the address `recipient`.
    package func address(of id: NoticeID, to recipient: String) -> String {
        "\(local)+\(id.text.lowercased())-\(code(of: id, to: recipient))@\(domain)"
    }

    /// The letter whose undelivered copy comes back to `address` because of `recipient`; nil unless
    /// the address is one that we made for both. Case does not matter: some servers change it.
    package func letter(comingBackTo address: String, from recipient: String) -> NoticeID? {
        let text = address.lowercased()
        let start = "\(local)+".lowercased()
        let end = "@\(domain)".lowercased()
        guard text.utf8.count == start.utf8.count + Self.tagLength + end.utf8.count,
            text.hasPrefix(start), text.hasSuffix(end)
        else { return nil }
        let tag = text.utf8.dropFirst(start.utf8.count).prefix(Self.tagLength)
        guard let id = NoticeID(String(decoding: tag.prefix(Self.idLength), as: UTF8.self)),
            tag.dropFirst(Self.idLength).first == UInt8(ascii: "-")
        else { return nil }
        // Digests are compared in constant time.
        let isOurs =
            SHA256.hash(data: Array(tag.suffix(Self.codeLength)))
            == SHA256.hash(data: Array(code(of: id, to: recipient).utf8))
        return isOurs ? id : nil
    }

    /// Characters of `msg-7k3m9qpxab`.
    private static let idLength = 14
    /// Hexadecimal digits: 80 bits.
    private static let codeLength = 20
    private static let tagLength = idLength + 1 + codeLength

    private func code(of id: NoticeID, to recipient: String) -> String {
        let message = "\(id.text) \(recipient.lowercased())"
        let code = HMAC<SHA256>.authenticationCode(for: Array(message.utf8), using: key)
        return Hex.encode(code.prefix(Self.codeLength / 2))
    }
}
