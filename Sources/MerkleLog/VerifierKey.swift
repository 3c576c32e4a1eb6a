import Crypto

/// The public half of a signing key with the name it signs under (C2SP signed-note, "Signatures").
/// Ed25519 only.
public struct VerifierKey: KeyWithText {
    /// That of Ed25519.
    public static let type: UInt8 = 0x01

    /// The name: a log's origin, or a URL without scheme. Not empty, no white space, no `+`.
    public let name: String

    /// Tells keys of one name apart: SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), the first four
    /// bytes. Not a fingerprint.
    public let id: UInt32

    /// The 32 bytes of RFC 8032 §5.1.5.
    public let publicKey: [UInt8]

    public init(name: String, publicKey: [UInt8]) throws(NoteError) {
        guard isKeyName(name.utf8), publicKey.count == 32 else { throw .malformedKey }
        self.name = name
        self.publicKey = publicKey
        id = KeyText.id(name: name, type: Self.type, publicKey: publicKey)
    }

    /// Whether `signature` is this key's over exactly these bytes (RFC 8032 §5.1.7).
    public func isValid(_ signature: some Sequence<UInt8>, for text: String.UTF8View) -> Bool {
        Ed25519.isValid(Array(signature), of: publicKey, for: Array(text))
    }
}

// MARK: - Text ("vkey")

/// A public key as those have it who verify (C2SP signed-note, "Verifier keys").
public protocol KeyWithText: Hashable, Sendable, CustomStringConvertible {
    /// The signature type byte in key ids and key texts.
    static var type: UInt8 { get }
    var name: String { get }
    var id: UInt32 { get }
    var publicKey: [UInt8] { get }

    /// Throws `NoteError.malformedKey`.
    init(name: String, publicKey: [UInt8]) throws(NoteError)
}

extension KeyWithText {
    /// `<name>+<id in hexadecimal>+<base64 of type ‖ public key>`: how keys are handed to those who
    /// verify.
    public var text: String {
        "\(name)+\(Hex.encode(id.bigEndianBytes))+\(Base64.encode([Self.type] + publicKey))"
    }

    public var description: String { text }

    /// Reads the form that `text` writes; the id must be the one that belongs to the name and key.
    public init(parsing text: some StringProtocol) throws(NoteError) {
        let parts = try KeyText.decode(text, type: Self.type)
        try self.init(name: parts.name, publicKey: parts.publicKey)
        guard id == parts.id else { throw .wrongKeyID }
    }
}

/// The text of public keys of any type.
enum KeyText {
    /// SHA-256(name ‖ 0x0A ‖ type ‖ public key), the first four bytes.
    static func id(name: String, type: UInt8, publicKey: [UInt8]) -> UInt32 {
        var hasher = SHA256()
        hasher.update(bytes: name.utf8)
        hasher.update(byte: UInt8(ascii: "\n"))
        hasher.update(byte: type)
        hasher.update(bytes: publicKey)
        return UInt32(bigEndianBytes: hasher.finalize().prefix(4))
    }

    /// The parts of a key of `type`, whose id is still to be compared.
    static func decode(_ text: some StringProtocol, type expected: UInt8) throws(NoteError) -> (
        name: String, id: UInt32, publicKey: [UInt8]
    ) {
        // The name holds no plus sign, the base64 may.
        let parts = Array(text.utf8).split(
            separator: UInt8(ascii: "+"),
            maxSplits: 2,
            omittingEmptySubsequences: false
        )
        guard parts.count == 3, let name = String(validating: parts[0], as: UTF8.self),
            let id = Hex.decode(parts[1]), id.count == 4,
            let key = Base64.decode(parts[2]), let type = key.first
        else { throw .malformedKey }
        guard type == expected else { throw .unknownKeyType(type) }
        return (name, UInt32(bigEndianBytes: id), Array(key.dropFirst()))
    }
}

/// Signatures as RFC 8032 §5.1 has them.
enum Ed25519 {
    /// Whether `signature` is that of the 32 bytes `publicKey` over `message`.
    static func isValid(_ signature: [UInt8], of publicKey: [UInt8], for message: [UInt8]) -> Bool {
        switch Result(catching: { try Curve25519.Signing.PublicKey(rawRepresentation: publicKey) })
        {
        case .success(let key): key.isValidSignature(signature, for: message)
        case .failure: false
        }
    }
}

/// Whether these bytes may name a key (C2SP signed-note, "Format"): UTF-8, not empty, no Unicode white
/// space, no plus sign. Nor any character that a terminal obeys or nobody sees: names are shown to
/// people who compare them. The ranges are fixed, for properties change with each version of Unicode
/// and two verifiers would differ.
func isKeyName(_ bytes: some Collection<UInt8>) -> Bool {
    guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
        scalar != "+" && scalar.value & 0xFFFE != 0xFFFE
            && !unseen.contains { $0.contains(scalar.value) }
    }
}

/// White space, controls, formats, what is drawn as nothing, and private use.
private let unseen: [ClosedRange<UInt32>] = [
    0x00...0x20, 0x7F...0xA0, 0xAD...0xAD, 0x34F...0x34F, 0x600...0x605, 0x61C...0x61C,
    0x6DD...0x6DD, 0x70F...0x70F, 0x890...0x891, 0x8E2...0x8E2, 0x115F...0x1160, 0x1680...0x1680,
    0x17B4...0x17B5, 0x180B...0x180F, 0x2000...0x200F, 0x2028...0x202F, 0x205F...0x206F,
    0x2800...0x2800, 0x3000...0x3000, 0x3164...0x3164, 0xE000...0xF8FF, 0xFDD0...0xFDEF,
    0xFE00...0xFE0F, 0xFEFF...0xFEFF, 0xFFA0...0xFFA0, 0xFFF0...0xFFFB, 0x110BD...0x110BD,
    0x110CD...0x110CD, 0x13430...0x1345F, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0x10FFFF,
]

/// C0, DEL and C1.
func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
}

extension UInt32 {
    init(bigEndianBytes bytes: some Sequence<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    var bigEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> (24 - 8 * $0)) } }
}
