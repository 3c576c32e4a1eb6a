/// Why a note or a key was refused.
public enum NoteError: Error, Hashable, Sendable {
    /// More than `LogLimits.noteBytes` bytes or `LogLimits.noteSignatures` signatures.
    case tooLarge
    /// Not text, an empty line, and signature lines.
    case malformedNote
    /// The text is not UTF-8 ending in a newline without control characters.
    case malformedText
    /// A signature line is not of the form `— name base64`.
    case malformedSignature
    /// The key text, name, seed or public key is not of the right form.
    case malformedKey
    /// The key is of another kind than is wanted here: Ed25519 of logs (1) or of witnesses (4).
    case unknownKeyType(UInt8)
    /// The key's id does not belong to its name and bytes.
    case wrongKeyID
    /// Two different known keys have the same name and id.
    case ambiguousKey(name: String)
    /// A signature claims to be by a known key and is not.
    case badSignature(name: String)
    /// No known key has signed.
    case unsigned
    /// The private key did not sign.
    case signingFailed
}

extension NoteError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLarge: "the signed note is too large"
        case .malformedNote: "this is not a signed note"
        case .malformedText: "the note's text is not UTF-8 lines"
        case .malformedSignature: "a signature line of the note is malformed"
        case .malformedKey: "the key is malformed"
        case .unknownKeyType(4): "this is the key of a witness, not of a log"
        case .unknownKeyType(1): "this is the key of a log, not of a witness"
        case .unknownKeyType(let type): "keys of type \(type) are not supported, only Ed25519"
        case .wrongKeyID: "the key's id does not belong to the key: it was altered or mistyped"
        case .ambiguousKey(let name): "two keys named \(name) have the same id"
        case .badSignature(let name): "the signature by \(name) is wrong"
        case .unsigned: "none of the known keys has signed the note"
        case .signingFailed: "the signing key did not sign"
        }
    }
}

/// One signature line of a note: `— <name> <base64 of key id ‖ signature>` (C2SP signed-note,
/// "Signatures").
public struct NoteSignature: Hashable, Sendable {
    /// The name of the key that signed, as claimed.
    public let name: String
    /// The id of the key that signed, as claimed.
    public let keyID: UInt32
    /// The signature itself: 64 bytes if by Ed25519, any number if by a kind of key unknown here.
    public let signature: [UInt8]

    /// An em dash and a space.
    private static let mark = Array("— ".utf8)

    /// A signature that was made elsewhere; whether it is good is not looked at.
    public init(name: String, keyID: UInt32, signature: [UInt8]) {
        self.name = name
        self.keyID = keyID
        self.signature = signature
    }

    /// Reads one line, given without its newline.
    public init(line: some Collection<UInt8>) throws(NoteError) {
        let line = Array(line)
        guard line.starts(with: Self.mark) else { throw .malformedSignature }
        let parts = line.dropFirst(Self.mark.count).split(
            separator: UInt8(ascii: " "),
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, isKeyName(parts[0]),
            let name = String(validating: parts[0], as: UTF8.self),
            let bytes = Base64.decode(parts[1]), bytes.count > 4
        else { throw .malformedSignature }
        self.init(
            name: name,
            keyID: UInt32(bigEndianBytes: bytes.prefix(4)),
            signature: Array(bytes.dropFirst(4))
        )
    }

    /// The line, without its newline.
    public var line: String { "— \(name) \(Base64.encode(keyID.bigEndianBytes + signature))" }

    /// Whether this line says that it is by `key`. Whether it is, verifying says.
    public func claims(_ key: VerifierKey) -> Bool { claims(key.name, key.id) }

    /// Whether this line says that it is by the witness `key`.
    public func claims(_ key: WitnessKey) -> Bool { claims(key.name, key.id) }

    private func claims(_ name: String, _ id: UInt32) -> Bool {
        // Bytes, not characters: Swift's strings are equal when they merely look alike.
        keyID == id && self.name.utf8.elementsEqual(name.utf8)
    }
}

/// A text and the signatures under it (C2SP signed-note, "Format").
///
/// The text means nothing until `verify(with:)` has returned.
public struct SignedNote: Hashable, Sendable {
    /// The signed text, with its last newline.
    public let text: String

    /// All signatures, known and unknown, in the order of the note.
    public private(set) var signatures: [NoteSignature]

    /// Signs `text`, which must end with a newline, with each signer in turn; at least one.
    public init(text: String, signers: [NoteSigner]) throws(NoteError) {
        var signatures: [NoteSignature] = []
        for signer in signers { signatures.append(try signer.sign(text)) }
        try self.init(text: text, signatures: signatures)
    }

    /// The note of a text with signatures made before.
    public init(text: String, signatures: [NoteSignature]) throws(NoteError) {
        guard Self.isText(text) else { throw .malformedText }
        guard !signatures.isEmpty else { throw .unsigned }
        guard signatures.count <= LogLimits.noteSignatures else { throw .tooLarge }
        self.text = text
        self.signatures = signatures
    }

    /// Reads the bytes of a note. Does not verify it.
    public init(parsing bytes: some Collection<UInt8>) throws(NoteError) {
        guard bytes.count <= LogLimits.noteBytes else { throw .tooLarge }
        let bytes = Array(bytes)
        guard bytes.last == UInt8(ascii: "\n"), let blank = Self.lastBlankLine(bytes),
            blank + 1 < bytes.count
        else {
            throw .malformedNote
        }
        guard let text = String(validating: bytes[..<blank], as: UTF8.self) else {
            throw .malformedText
        }
        let lines = bytes[(blank + 1)...].dropLast().split(
            separator: UInt8(ascii: "\n"),
            maxSplits: LogLimits.noteSignatures,
            omittingEmptySubsequences: false
        )
        guard lines.count <= LogLimits.noteSignatures else { throw .tooLarge }
        var signatures: [NoteSignature] = []
        for line in lines { signatures.append(try NoteSignature(line: line)) }
        try self.init(text: text, signatures: signatures)
    }

    /// The same note with another signature below, such as a witness's.
    public func adding(_ signature: NoteSignature) throws(NoteError) -> SignedNote {
        try SignedNote(text: text, signatures: signatures + [signature])
    }

    /// The whole note as it is stored and sent.
    public var encoded: String { text + "\n" + signatures.map { $0.line + "\n" }.joined() }

    /// The index of the newline that is the last empty line, or nil.
    private static func lastBlankLine(_ bytes: [UInt8]) -> Int? {
        let newline = UInt8(ascii: "\n")
        return bytes.indices.dropFirst().last { bytes[$0] == newline && bytes[$0 - 1] == newline }
    }

    /// Whether the text is lines without control characters. C2SP forbids those of ASCII; DEL and
    /// C1 would steer a terminal as well, and no checkpoint needs them.
    static func isText(_ text: String) -> Bool {
        text.utf8.last == UInt8(ascii: "\n")
            && text.unicodeScalars.allSatisfy { $0 == "\n" || !isControl($0) }
    }
}

// MARK: - Verification

extension SignedNote {
    /// The keys among `keys` that have signed the note; at least one (C2SP signed-note,
    /// "Signatures").
    ///
    /// Signatures by unknown keys are passed over. One signature that names a known key and does
    /// not verify spoils the whole note, whoever else has signed.
    @discardableResult
    public func verify(with keys: [VerifierKey]) throws(NoteError) -> Set<VerifierKey> {
        var signed: Set<VerifierKey> = []
        for signature in signatures {
            let named = Set(keys.filter(signature.claims))
            guard let key = named.first else { continue }
            guard named.count == 1 else { throw .ambiguousKey(name: key.name) }
            guard key.isValid(signature.signature, for: text.utf8) else {
                throw .badSignature(name: key.name)
            }
            signed.insert(key)
        }
        guard !signed.isEmpty else { throw .unsigned }
        return signed
    }
}
