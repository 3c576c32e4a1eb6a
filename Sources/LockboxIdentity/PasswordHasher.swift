import Crypto
import CryptoExtras
import Foundation
import LockboxDomain
package import LockboxPorts
import MerkleLog
import NIOCore
import NIOPosix

/// Who waits for a password to be hashed. Those who are known have a thread of their own, so that no
/// number of strangers keeps them waiting.
enum HashingRequester: Sendable {
    /// Whoever is signed in, or comes with a browser in which the account's person signed in before:
    /// by person, however many browsers and sessions she has.
    case known(String)
    /// Anybody else, by address.
    case stranger(String)
}

/// Hashes passwords with scrypt (RFC 7914) on its own threads, because each takes a tenth of a
/// second.
package final class PasswordHasher: Sendable {
    private let known: Lane
    private let strangers: Lane
    private let entropy: any Entropy
    private let logRounds: Int

    /// New hashes take 2^`logRounds` rounds; fewer than the default are for tests.
    package init(entropy: any Entropy, logRounds: Int = IdentityLimits.scryptLogRounds) {
        self.entropy = entropy
        self.logRounds = logRounds
        known = Lane(threads: 1)
        // The other half is for those who are signed in, for services that ask, and for ends.
        strangers = Lane(threads: max(1, System.coreCount / 2))
    }

    package func shutDown() async throws {
        try await known.threads.shutdownGracefully()
        try await strangers.threads.shutdownGracefully()
    }

    /// Threads, and who waits for them.
    private struct Lane {
        let threads: NIOThreadPool
        let turns: FairTurns

        init(threads count: Int) {
            threads = NIOThreadPool(numberOfThreads: count)
            threads.start()
            turns = FairTurns(
                atOnce: count,
                perKey: IdentityLimits.hashesWaitingPerRequester,
                inAll: IdentityLimits.hashesWaiting
            )
        }
    }

    /// `scrypt$ln=15,r=8,p=1$<salt>$<hash>` in hexadecimal. Keyboards differ in how they compose
    /// letters, so what is hashed is the composed form (NFC, as in RFC 8265 §4.2).
    package func hash(_ password: String) async throws -> String {
        try await hash(password, for: .known("console"))
    }

    func hash(_ password: String, for requester: HashingRequester) async throws -> String {
        try await hash(exactly: password.composed, for: requester)
    }

    /// The hash of these very bytes.
    func hash(
        exactly password: String,
        for requester: HashingRequester = .known("console")
    ) async throws -> String {
        let salt = entropy.bytes(16)
        let key = try await derive(password, salt, logRounds, for: requester)
        return "scrypt$ln=\(logRounds),r=8,p=1$\(Hex.encode(salt))$\(Hex.encode(key))"
    }

    /// Whether `password` is the one that `encoded` was made of. Nil stands for an account without
    /// a password: it takes as long and is never right, so that the time of an answer does not tell
    /// which accounts exist.
    func verify(
        _ password: String,
        against encoded: String?,
        for requester: HashingRequester
    ) async throws -> Bool {
        guard let kept = KeptHash(encoded ?? "") else {
            for form in password.forms {
                let salt = [UInt8](repeating: 0, count: 16)
                _ = try await derive(form, salt, logRounds, for: requester)
            }
            return false
        }
        for form in password.forms {
            let found = try await derive(form, kept.salt, kept.logRounds, for: requester)
            // Digests are compared in a time that does not tell where they differ.
            if SHA256.hash(data: found) == SHA256.hash(data: kept.key) { return true }
        }
        return false
    }

    private func derive(
        _ password: String,
        _ salt: [UInt8],
        _ logRounds: Int,
        for requester: HashingRequester
    ) async throws -> [UInt8] {
        let (lane, key) =
            switch requester {
            case .known(let name): (known, name)
            case .stranger(let address): (strangers, address)
            }
        return try await lane.turns.run(key) {
            try await lane.threads.runIfActive {
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
}

/// What is kept of a password, as `PasswordHasher` writes it.
struct KeptHash {
    let logRounds: Int
    let salt: [UInt8]
    let key: [UInt8]

    init?(_ encoded: String) {
        let parts = encoded.split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", parts[1].hasPrefix("ln="),
            parts[1].hasSuffix(",r=8,p=1"),
            let logRounds = Int(parts[1].dropFirst(3).prefix { $0 != "," }),
            (10...20).contains(logRounds),
            let salt = Hex.decode(parts[2].utf8), let key = Hex.decode(parts[3].utf8),
            key.count == 32
        else { return nil }
        (self.logRounds, self.salt, self.key) = (logRounds, salt, key)
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
