import Crypto

extension SymmetricKey {
    /// The key for `purpose` that is derived from the installation's secret (RFC 5869): what is known
    /// of one says nothing of another.
    init(from seed: [UInt8], for purpose: String) {
        self = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: seed),
            info: Array("lockbox \(purpose)".utf8),
            outputByteCount: 32
        )
    }
}
