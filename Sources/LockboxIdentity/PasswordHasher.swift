import Crypto
import CryptoExtras
import Foundation
import LockboxDomain
package import LockboxPorts
import MerkleLog
import NIOPosix
import Synchronization

/// Hashes passwords with scrypt (RFC 7914) on its own threads, because each takes a tenth of a
/// second.
package final class PasswordHasher: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: IdentityLimits.hashingThreads)
    private let entropy: any Entropy
    private let logRounds: Int
    /// How many hashes are under way or wait for a thread: bounded, because anybody can ask for
    /// one.
    private let waiting = Atomic(0)

    /// New hashes take 2^`logRounds` rounds; fewer than the default are for tests.
    package init(entropy: any Entropy, logRounds: Int = IdentityLimits.scryptLogRounds) {
        self.entropy = entropy
        self.logRounds = logRounds
        threads.start()
    }

    package func shutDown() async throws { try await threads.shutdownGracefully() }

    /// `scrypt$ln=15,r=8,p=1$<salt>$<hash>` in hexadecimal. Keyboards differ in how they compose
    /// letters, so what is hashed is the composed form (NFC, as in RFC 8265 §4.2).
    package func hash(_ password: String) async throws -> String {
        try await hash(exactly: password.composed)
    }

    /// The hash of these very bytes.
    func hash(exactly password: String) async throws -> String {
        let salt = entropy.bytes(16)
        let key = try await derive(password, salt: salt, logRounds: logRounds)
        return "scrypt$ln=\(logRounds),r=8,p=1$\(Hex.encode(salt))$\(Hex.encode(key))"
    }

    /// Whether `password` is the one that `encoded` was made of. Nil stands for an account without
    /// a password: it takes as long and is never right, so that the time of an answer does not tell
    /// which accounts exist.
    package func verify(_ password: String, against encoded: String?) async throws -> Bool {
        let parts = (encoded ?? "").split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", parts[1].hasPrefix("ln="),
            parts[1].hasSuffix(",r=8,p=1"),
            let logRounds = Int(parts[1].dropFirst(3).prefix { $0 != "," }),
            (10...20).contains(logRounds),
            let salt = Hex.decode(parts[2].utf8), let expected = Hex.decode(parts[3].utf8),
            expected.count == 32
        else {
            for form in password.forms {
                _ = try await derive(
                    form,
                    salt: [UInt8](repeating: 0, count: 16),
                    logRounds: logRounds
                )
            }
            return false
        }
        for form in password.forms {
            let found = try await derive(form, salt: salt, logRounds: logRounds)
            // Digests are compared in a time that does not tell where they differ.
            if SHA256.hash(data: found) == SHA256.hash(data: expected) { return true }
        }
        return false
    }

    private func derive(_ password: String, salt: [UInt8], logRounds: Int) async throws -> [UInt8] {
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= IdentityLimits.hashesWaiting
        else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            throw Refusal.tooManyAttempts(retryAfter: .seconds(1))
        }
        defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
        return try await threads.runIfActive {
            let key = try KDF.Scrypt.deriveKey(
                from: Array(password.utf8),
                salt: salt,
                outputByteCount: 32,
                rounds: 1 << logRounds,
                blockSize: 8,
                parallelism: 1
            )
            return key.withUnsafeBytes { Array($0) }
        }
    }
}

extension String {
    fileprivate var composed: String { precomposedStringWithCanonicalMapping }

    /// The composed form; then, where it is another, the one that was typed, which is what was
    /// hashed before there was a rule.
    fileprivate var forms: [String] {
        let composed = composed
        return composed.utf8.elementsEqual(utf8) ? [composed] : [composed, self]
    }
}
