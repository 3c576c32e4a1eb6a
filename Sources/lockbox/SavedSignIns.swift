import Foundation
import LockboxClient
import LockboxWire

/// Why a file could not be read or written.
struct FileProblem: Error, CustomStringConvertible {
    let description: String

    init(_ path: String, _ what: String) { description = "\(path): \(what)" }
}

/// The sign-ins that `lockbox login` keeps, in a file that only its owner can read.
struct SavedSignIns: Codable {
    struct SignIn: Codable {
        /// The access token, and when it ends, in milliseconds since 1970.
        var token: String
        var tokenEnds: Int64
        /// Good once, for the next of both.
        var refreshToken: String
        var email: String
    }

    /// The server of the last login.
    var current: String?
    /// By the server's address.
    var servers: [String: SignIn] = [:]

    static func path(_ environment: [String: String]) -> String {
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (base ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.config")
            + "/lockbox/credentials.json"
    }

    /// None if the file is not there.
    init(environment: [String: String]) throws(FileProblem) {
        let path = Self.path(environment)
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            self = try JSONDecoder().decode(
                Self.self,
                from: Data(try Files.read(path, atMost: Files.smallBytes))
            )
        } catch {
            throw FileProblem(path, "it cannot be read; remove it and sign in again")
        }
    }

    /// Changes what is kept, while no other command does: each refresh token is good once, and of two
    /// commands that use the same one, the second would end the sign-in.
    static func change<Value>(
        environment: [String: String],
        _ body: (inout SavedSignIns) async throws -> Value
    ) async throws -> Value {
        let lock = try FileLock(path(environment) + ".lock")
        defer { lock.release() }
        var kept = try SavedSignIns(environment: environment)
        let value = try await body(&kept)
        try kept.save(environment: environment)
        return value
    }

    private func save(environment: [String: String]) throws(FileProblem) {
        let path = Self.path(environment)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try Files.write(Array(encoder.encode(self)), to: path)
        } catch let problem as FileProblem {
            throw problem
        } catch {
            throw FileProblem(path, "it cannot be written")
        }
    }
}

extension SavedSignIns.SignIn {
    init(_ tokens: LoginTokens, email: String, now: Int64) {
        self.init(
            token: tokens.accessToken,
            tokenEnds: now + tokens.expiresIn * 1000,
            refreshToken: tokens.refreshToken,
            email: email
        )
    }

    /// Whether its access token can be sent: it is not the one that was `refused`, and does not end on the
    /// way.
    fileprivate func isGood(at now: Int64, after refused: String?) -> Bool {
        token != refused && now + 30_000 < tokenEnds
    }
}

/// The tokens of the sign-in that is kept for `client`'s server, one after the other.
struct KeptTokens: Sendable {
    let client: LockboxClient
    let shell: Shell

    /// A token that is good, got anew where it must be.
    func token(after refused: String?) async throws(ClientError) -> String? {
        do {
            let kept = try SavedSignIns(environment: shell.environment).servers[client.address]
            guard let kept else { return nil }
            if kept.isGood(at: shell.now(), after: refused) { return kept.token }
            return try await renewed(after: refused)
        } catch let error as ClientError {
            throw error
        } catch {
            throw .unexpected("\(error)")
        }
    }

    private func renewed(after refused: String?) async throws -> String? {
        // Whoever stops here leaves a refresh token behind that the server has exchanged: its next use
        // would be taken for that of a copy.
        let interrupted = signal(SIGINT, SIG_IGN)
        defer { signal(SIGINT, interrupted) }
        let renewed = try await SavedSignIns.change(environment: shell.environment) {
            kept -> Result<String, ClientError>? in
            guard let signIn = kept.servers[client.address] else { return nil }
            // Another command may have been faster.
            if signIn.isGood(at: shell.now(), after: refused) { return .success(signIn.token) }
            do {
                let tokens: LoginTokens = try await client.form(
                    Login.tokenPath,
                    [
                        ("grant_type", "refresh_token"), ("client_id", Login.clientID),
                        ("refresh_token", signIn.refreshToken),
                    ]
                )
                let next = SavedSignIns.SignIn(tokens, email: signIn.email, now: shell.now())
                kept.servers[client.address] = next
                return .success(next.token)
            } catch let problem as OAuthProblem where problem.error == "invalid_grant" {
                kept.servers[client.address] = nil
                return .failure(
                    .notSignedIn(
                        "Your sign-in at \(client.address) is over. Sign in with “lockbox login”."
                    )
                )
            }
        }
        return try renewed?.get()
    }
}

/// A lock that one process at a time has, and that ends with it.
struct FileLock {
    private let file: Int32

    /// `isTaken` is what to say where another process has it; waits for that one if left out.
    init(_ path: String, isTaken: String? = nil) throws(FileProblem) {
        try Files.makeFolder(of: path)
        file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileProblem(path, String(cString: strerror(errno))) }
        while flock(file, isTaken == nil ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR else {
                let reason =
                    errno == EWOULDBLOCK ? isTaken ?? "" : String(cString: strerror(errno))
                close(file)
                throw FileProblem(path, reason)
            }
        }
    }

    func release() { close(file) }
}

/// Whole files.
enum Files {
    /// Replaces the file in one step, so that no reader sees half of it. Like the folders above,
    /// which are made where they are missing, it is for its owner alone: it holds names, reasons or
    /// secrets.
    static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        let draft = try DraftFile(path + ".new")
        defer { draft.discard() }
        try draft.append(bytes)
        try draft.replace(path)
    }

    /// Makes the folders that a file lies in where they are missing, for their owner alone.
    static func makeFolder(of path: String) throws(FileProblem) {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw FileProblem(folder, "the folder cannot be made")
        }
    }
}
