import Crypto
import CryptoExtras
import LockboxDomain
package import LockboxPorts
import NIOPosix
import Synchronization

/// Hashes passwords with scrypt (RFC 7914) on its own threads, because each takes a tenth of a
/// second.
package final class PasswordHasher: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: IdentityLimits.hashingThreads)
    private let entropy: any Entropy
    /// How many hashes are under way or wait for a thread: bounded, because anybody can ask for
    /// one.
    private let waiting = Atomic(0)

    package init(entropy: any Entropy) {
        self.entropy = entropy
        threads.start()
    }

    package func shutDown() async throws { try await threads.shutdownGracefully() }

    /// `scrypt$ln=15,r=8,p=1$<salt>$<hash>` in hexadecimal.
    package func hash(_ password: String) async throws -> String {
        let salt = entropy.bytes(16)
        let logRounds = IdentityLimits.scryptLogRounds
        let key = try await derive(password, salt: salt, logRounds: logRounds)
        return "scrypt$ln=\(logRounds),r=8,p=1$\(Hex.text(salt))$\(Hex.text(key))"
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
            let salt = Hex.bytes(parts[2]), let expected = Hex.bytes(parts[3]), expected.count == 32
        else {
            _ = try await derive(
                password,
                salt: [UInt8](repeating: 0, count: 16),
                logRounds: IdentityLimits.scryptLogRounds
            )
            return false
        }
        let found = try await derive(password, salt: salt, logRounds: logRounds)
        return zip(found, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
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

/// Lower-case hexadecimal.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".unicodeScalars)
        return String(
            String.UnicodeScalarView(
                bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
            )
        )
    }

    static func bytes(_ text: Substring) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for position in stride(from: 0, to: digits.count, by: 2) {
            guard
                let byte = UInt8(
                    String(decoding: digits[position...position + 1], as: UTF8.self),
                    radix: 16
                )
            else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}
