import Crypto
import Foundation
import LockboxAPI
import LockboxDomain
import LockboxPorts
import Logging
import ServiceLifecycle
import Synchronization

/// The keys of access tokens, in a folder of their own with a file for each, closed to others. The
/// file's name says from when on its key signs, in seconds since 1970.
///
/// A key is made a day before it signs, so that services know it by then, and goes when the next
/// one has signed for an hour, when no token of it is good any more. Processes that share the
/// folder hold its lock while they look, and so have the same keys.
final class TokenKeyFolder: TokenKeys, Service {
    /// How long a key is published before it signs.
    static let ahead = TimeSpan.days(1)
    /// How long after it signed last. Services may allow for clocks that differ.
    static let behind = TimeSpan.hours(1)
    private static let interval: Int64 = 60_000

    private let path: String
    private let lifetime: TimeSpan
    private let clock: any WallClock
    private let entropy: any Entropy
    private let logger: Logger
    private let pause: any Pause
    private let known = Mutex<[TokenKey]>([])
    /// Files and locks block.
    private let pool = BlockingPool(width: 1, label: "lockbox.token-keys")

    /// `lifetime`: how long each key signs.
    init(
        _ path: String,
        lifetime: TimeSpan,
        clock: any WallClock,
        entropy: any Entropy,
        pause: any Pause,
        logger: Logger
    ) {
        self.path = path
        self.lifetime = lifetime
        self.clock = clock
        self.entropy = entropy
        self.pause = pause
        self.logger = logger
    }

    var keys: [TokenKey] { known.withLock { $0 } }

    func run() async {
        while await pause(milliseconds: Self.interval) {
            do {
                try await refresh()
            } catch {
                // Tokens are signed as before; a day is left to see to it.
                logger.error("the keys of tokens cannot be read", metadata: ["error": "\(error)"])
            }
        }
    }

    /// `look`, on a thread that may wait.
    func refresh() async throws {
        try await pool.run { Result { try self.look() } }.get()
    }

    /// Reads the keys, makes the one that is due, and removes those that are over.
    func look() throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(folder) }
        // Nobody holds it for longer than this takes.
        guard folder >= 0, flock(folder, LOCK_EX) == 0 else {
            throw ConfigurationError("the folder \(path) cannot be read")
        }
        var keys = try read()
        let now = clock.now()
        var isChanged = false
        if let start = Self.nextStart(beside: keys, lifetime, at: now) {
            keys.append(try make(from: start))
            keys.sort { $0.signsFrom < $1.signsFrom }
            isChanged = true
        }
        // The key that goes is read no more: what is left is the same whenever a crash comes.
        while keys.count > 1, keys[1].signsFrom + Self.behind <= now {
            try FileManager.default.removeItem(atPath: file(from: keys.removeFirst().signsFrom))
            isChanged = true
        }
        guard !isChanged || fsync(folder) == 0 else {
            throw ConfigurationError("\(path) cannot be written")
        }
        known.withLock { $0 = keys }
    }

    /// From when on the next key is to sign; nil where it is not time to make it. It signs at once
    /// where none does: it is the first, the clock was set back, or the one before was taken away.
    private static func nextStart(
        beside keys: [TokenKey],
        _ lifetime: TimeSpan,
        at now: Timestamp
    ) -> Timestamp? {
        let now = Timestamp(milliseconds: now.secondsSinceEpoch * 1000)
        guard keys.contains(where: { $0.signsFrom <= now }), let last = keys.last?.signsFrom else {
            return now
        }
        return last + lifetime <= now + ahead ? max(last + lifetime, now + ahead) : nil
    }

    private func read() throws -> [TokenKey] {
        var keys: [TokenKey] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            guard let start = Self.start(name) else { continue }
            let pem = try SecretFile.read(path + "/" + name, for: "dataDir")
            do {
                keys.append(TokenKey(try .init(pemRepresentation: pem), signsFrom: start))
            } catch {
                throw ConfigurationError(
                    "dataDir: \(path)/\(name) holds no private key of P-256; take it out of the folder"
                )
            }
        }
        return keys.sorted { $0.signsFrom < $1.signsFrom }
    }

    private func make(from start: Timestamp) throws -> TokenKey {
        let key = try P256.Signing.PrivateKey(rawRepresentation: entropy.bytes(32))
        let (draft, file) = (path + "/draft", file(from: start))
        // Of a process that did not come to the end of this.
        unlink(draft)
        try SecretFile.make(file, text: key.pemRepresentation + "\n", draft: draft, for: "dataDir")
        return TokenKey(key, signsFrom: start)
    }

    private func file(from start: Timestamp) -> String {
        "\(path)/\(start.secondsSinceEpoch).pem"
    }

    private static func start(_ name: String) -> Timestamp? {
        guard name.hasSuffix(".pem"), let seconds = Int64(name.dropLast(4)),
            name == "\(seconds).pem", Int64(0)...Timestamp.latest.secondsSinceEpoch ~= seconds
        else { return nil }
        return Timestamp(milliseconds: seconds * 1000)
    }
}
