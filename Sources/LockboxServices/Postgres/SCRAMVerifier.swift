import Crypto
import CryptoExtras
import Foundation

/// What PostgreSQL keeps of a password instead of the password (RFC 5802 §3, RFC 7677), in the form
/// of its `pg_authid.rolpassword`. Made here, so that the server never sees the secret, nor its log.
enum SCRAMVerifier {
    /// RFC 7677 §4 wants at least as many; PostgreSQL makes as many itself.
    static let iterations = 4096

    /// `SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY` for `secret`, which is ASCII (nothing to
    /// prepare by RFC 4013).
    ///
    /// The salt follows from the secret: a secret of 256 random bits is never another's, so that
    /// there is nothing to prepare a table of, and the same secret makes the same verifier.
    static func text(_ secret: String) throws -> String {
        let salt = Data(
            HMAC<SHA256>.authenticationCode(
                for: Data("lockbox: salt of a SCRAM verifier".utf8),
                using: SymmetricKey(data: Data(secret.utf8))
            )
        ).prefix(16)
        return try text(secret, salt: salt, iterations: iterations)
    }

    static func text(_ secret: String, salt: Data, iterations: Int) throws -> String {
        let salted = try KDF.Insecure.PBKDF2.deriveKey(
            from: Data(secret.utf8),
            salt: salt,
            using: .sha256,
            outputByteCount: SHA256.byteCount,
            // As many as clients expect; of a random secret no number of guesses finds anything.
            unsafeUncheckedRounds: iterations
        )
        func key(_ what: String) -> Data {
            Data(HMAC<SHA256>.authenticationCode(for: Data(what.utf8), using: salted))
        }
        let storedKey = Data(SHA256.hash(data: key("Client Key")))
        return "SCRAM-SHA-256$\(iterations):\(salt.base64EncodedString())"
            + "$\(storedKey.base64EncodedString()):\(key("Server Key").base64EncodedString())"
    }
}
