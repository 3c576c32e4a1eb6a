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
        var hasher = SHA256()
        hasher.update(bytes: name.utf8)
        hasher.update(byte: UInt8(ascii: "\n"))
        hasher.update(byte: Self.ed25519Type)
        hasher.update(bytes: publicKey)
        id = UInt32(bigEndianBytes: hasher.finalize().prefix(4))
    }

    /// Whether `signature` is this key's over exactly these bytes (RFC 8032 §5.1.7).
    public func isValid(_ signature: [UInt8], for text: String.UTF8View) -> Bool {
        switch Result(catching: { try Curve25519.Signing.PublicKey(rawRepresentation: publicKey) })
        {
        case .success(let key): key.isValidSignature(signature, for: Array(text))
        case .failure: false
        }
    }
}

// MARK: - Text ("vkey")

extension VerifierKey: CustomStringConvertible {
    /// `<name>+<id in hexadecimal>+<base64 of 0x01 ‖ public key>`: how keys are handed to those who
    /// verify.
    public var text: String {
        "\(name)+\(Hex.encode(id.bigEndianBytes))+\(Base64.encode([Self.ed25519Type] + publicKey))"
    }

    public var description: String { text }

    /// Reads the form that `text` writes; the id must be the one that belongs to the name and key.
    public init(parsing text: some StringProtocol) throws(NoteError) {
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
        guard type == Self.ed25519Type else { throw .unknownKeyType(type) }
        try self.init(name: name, publicKey: Array(key.dropFirst()))
        guard self.id == UInt32(bigEndianBytes: id) else { throw .wrongKeyID }
    }
}

/// Whether these bytes may name a key (C2SP signed-note, "Format"): UTF-8, not empty, no control
/// character, no Unicode white space, no plus sign.
func isKeyName(_ bytes: some Collection<UInt8>) -> Bool {
    guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else { return false }
    return text.unicodeScalars.allSatisfy {
        $0.value >= 0x20 && $0 != "+" && !$0.properties.isWhitespace
    }
}

extension UInt32 {
    init(bigEndianBytes bytes: some Sequence<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    var bigEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> (24 - 8 * $0)) } }
}
