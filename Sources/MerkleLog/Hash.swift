import Crypto

/// A SHA-256 value: the hash of a leaf, of a node, or of a whole tree.
///
/// Kept inline (no heap), so that an array of hashes is the bytes of a tile.
public struct Hash: Hashable, Sendable, BitwiseCopyable {
    /// The length of every hash.
    public static let byteCount = 32

    // The 32 bytes in memory order; their reading as numbers has no meaning.
    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { $0.loadUnaligned(as: Hash.self) }
    }

    /// The hash that has these bytes; nil unless there are exactly 32.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Hash.byteCount else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        (word0, word1, word2, word3) = words
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Lends the 32 bytes without copying them.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result
    {
        try Swift.withUnsafeBytes(of: self, body)
    }
}

// MARK: - RFC 6962 §2.1 (the same in RFC 9162 §2.1.1)

extension Hash {
    /// The hash of a tree without leaves: SHA-256 of nothing.
    public static let emptyRoot = Hash(SHA256().finalize())

    /// The hash of a leaf: SHA-256(0x00 ‖ data).
    public static func leaf(_ data: some Collection<UInt8>) -> Hash {
        var hasher = SHA256()
        hasher.update(byte: 0x00)
        hasher.update(bytes: data)
        return Hash(hasher.finalize())
    }

    /// The hash of a node: SHA-256(0x01 ‖ left ‖ right).
    public static func node(_ left: Hash, _ right: Hash) -> Hash {
        var hasher = SHA256()
        hasher.update(byte: 0x01)
        left.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        right.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return Hash(hasher.finalize())
    }
}

// MARK: - Text

extension Hash: CustomStringConvertible {
    /// The 44 characters of standard base64: the form in checkpoints and proofs.
    public var base64: String { Base64.encode(bytes) }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }

    public var description: String { base64 }

    /// Reads the form that `base64` writes, and no other.
    public init?(base64 text: some StringProtocol) {
        guard let bytes = Base64.decode(text.utf8) else { return nil }
        self.init(bytes: bytes)
    }

    /// Reads the form that `hex` writes, and no other.
    public init?(hex text: some StringProtocol) {
        guard let bytes = Hex.decode(text.utf8) else { return nil }
        self.init(bytes: bytes)
    }
}

extension SHA256 {
    mutating func update(byte: UInt8) {
        withUnsafeBytes(of: byte) { update(bufferPointer: $0) }
    }

    /// Feeds the bytes where they lie; copies only a collection that has no storage of its own.
    mutating func update(bytes: some Collection<UInt8>) {
        let fed: Void? = bytes.withContiguousStorageIfAvailable {
            update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if fed == nil { Array(bytes).withUnsafeBytes { update(bufferPointer: $0) } }
    }
}
