/// The bounds of what authenticators and browsers send, by name.
package enum WebAuthnLimits {
    /// A whole answer as JSON.
    package static let responseBytes = 16 * 1024
    static let clientDataBytes = 4096
    static let authenticatorDataBytes = 4096
    static let attestationBytes = 8192
    /// WebAuthn §7.1 step 25, and §4 (Credential ID): at least 16 bytes of chance.
    package static let credentialIDBytes = 16...1023
    static let signatureBytes = 1...1024
    /// WebAuthn §5.4.3.
    static let userHandleBytes = 1...64
    /// CTAP 2.2 §8: four levels, of which our reader is at the first.
    static let depth = 4
    /// Values in one array or map.
    static let elements = 64
    /// Bits of a modulus.
    static let rsaBits = 2048...4096
}
