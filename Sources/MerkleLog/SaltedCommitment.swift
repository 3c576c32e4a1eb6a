import Crypto

/// Why a commitment was not made.
public enum CommitmentError: Error, Hashable, Sendable {
    /// The salt has not exactly 16 bytes.
    case saltLength
    /// The field's name is longer than two bytes can say.
    case fieldNameTooLong
}

/// Stands in the log for a text that must be erasable, such as a person's name: whoever keeps salt
/// and text can show what was committed to; once both are erased, nobody can tell or guess it.
///
/// SHA-256(0x02 ‖ salt (16 bytes) ‖ length of field (two bytes, high first) ‖ field ‖ text). The
/// first byte keeps it apart from the leaves (0x00) and nodes (0x01) of RFC 6962 §2.1; the field's
/// name keeps a text from being shown under another heading; with fixed-length salt and the length
/// of the name, no two inputs run together into the same bytes.
public struct SaltedCommitment: Hashable, Sendable {
    /// The salt's length. It must be random, secret as long as the text is, and used once.
    public static let saltBytes = 16

    /// What is written into the log.
    public let hash: Hash

    /// The commitment to `text` under the heading `field`.
    public init(salt: [UInt8], field: String, text: String) throws(CommitmentError) {
        guard salt.count == Self.saltBytes else { throw .saltLength }
        guard let nameLength = UInt16(exactly: field.utf8.count) else { throw .fieldNameTooLong }
        var message: [UInt8] = []
        message.reserveCapacity(3 + salt.count + field.utf8.count + text.utf8.count)
        message.append(0x02)
        message += salt
        message += [UInt8(nameLength >> 8), UInt8(nameLength & 255)]
        message += field.utf8
        message += text.utf8
        hash = Hash(SHA256.hash(data: message))
    }

    /// Whether this commitment was made to this text, under this field, with this salt.
    public func isOpened(salt: [UInt8], field: String, text: String) -> Bool {
        switch Result(catching: { () throws(CommitmentError) in
            try Self(salt: salt, field: field, text: text)
        }) {
        case .success(let other): other == self
        case .failure: false
        }
    }
}

extension SaltedCommitment: CustomStringConvertible {
    /// 44 characters of standard base64.
    public var base64: String { hash.base64 }

    public var description: String { base64 }

    /// Reads the form that `base64` writes, and no other.
    public init?(base64 text: some StringProtocol) {
        guard let hash = Hash(base64: text) else { return nil }
        self.hash = hash
    }
}
