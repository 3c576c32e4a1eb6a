import Crypto

/// The public half of a signing key with the name it signs under (C2SP signed-note, "Signatures").
/// Ed25519 only.
public struct VerifierKey: Hashable, Sendable {
    /// The signature type byte of Ed25519 in key ids and key texts.
    static let ed25519Type: UInt8 = 0x01

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
        id = KeyText.id(name: name, type: Self.ed25519Type, publicKey: publicKey)
    }

    /// Whether `signature` is this key's over exactly these bytes (RFC 8032 §5.1.7).
    public func isValid(_ signature: some Sequence<UInt8>, for text: String.UTF8View) -> Bool {
        Ed25519.isValid(Array(signature), of: publicKey, for: Array(text))
    }
}

// MARK: - Text ("vkey")

extension VerifierKey: CustomStringConvertible {
    /// `<name>+<id in hexadecimal>+<base64 of 0x01 ‖ public key>`: how keys are handed to those who
    /// verify.
    public var text: String {
        KeyText.encode(name: name, id: id, type: Self.ed25519Type, publicKey: publicKey)
    }

    public var description: String { text }

    /// Reads the form that `text` writes; the id must be the one that belongs to the name and key.
    public init(parsing text: some StringProtocol) throws(NoteError) {
        let parts = try KeyText.decode(text, type: Self.ed25519Type)
        try self.init(name: parts.name, publicKey: parts.publicKey)
        guard id == parts.id else { throw .wrongKeyID }
    }
}

/// The text of public keys of any type (C2SP signed-note, "Verifier keys").
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

    static func encode(name: String, id: UInt32, type: UInt8, publicKey: [UInt8]) -> String {
        "\(name)+\(Hex.encode(id.bigEndianBytes))+\(Base64.encode([type] + publicKey))"
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
/// people who compare them.
func isKeyName(_ bytes: some Collection<UInt8>) -> Bool {
    guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else { return false }
    return text.unicodeScalars.allSatisfy {
        $0 != "+" && !isControl($0) && !$0.properties.isWhitespace
            && $0.properties.generalCategory != .format
    }
}

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
