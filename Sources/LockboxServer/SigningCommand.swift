import Foundation
import LockboxPorts
import MerkleLog

/// A key that another program has: it gets a text on its standard input, and writes the 64 bytes of
/// the Ed25519 signature over it in base64. It is started for each signature.
struct SigningCommand: CheckpointSigner {
    let publicKey: [UInt8]
    private let command: String
    private let patience: Duration
    /// It blocks; and more than one at a time need not be.
    private let pool = BlockingPool(width: 1, label: "lockbox.signing-command")

    /// What a program may be given, and may write: notes of one line each, and base64 of a signature.
    /// The system takes so much at once.
    private static let mostBytes = 4096

    /// `command` is a line of the shell. Within `patience` it has answered, or is killed.
    init(_ command: String, publicKey: [UInt8], patience: Duration = .seconds(10)) {
        (self.command, self.publicKey, self.patience) = (command, publicKey, patience)
    }

    func signature(of text: String) async throws -> [UInt8] {
        let output = try await pool.run { Result { try self.answer(to: Array(text.utf8)) } }.get()
        let line = output.last == UInt8(ascii: "\n") ? output.dropLast() : output[...]
        guard let signature = Base64.decode(Array(line)), signature.count == 64 else {
            throw Self.fault("does not write an Ed25519 signature of 64 bytes in base64")
        }
        return signature
    }

    private static func fault(_ problem: String) -> StoreError {
        .unavailable("signing.command \(problem); nothing was signed")
    }

    /// What the program writes when it reads `text`.
    private func answer(to text: [UInt8]) throws -> [UInt8] {
        // It lies in the pipe before anybody is there to read it, so that whoever does not read it
        // cannot make us wait or end.
        guard text.count <= Self.mostBytes, let input = Self.pipe() else {
            throw Self.fault("cannot be started")
        }
        defer { close(input.out) }
        let isWritten = write(input.in, text, text.count) == text.count
        close(input.in)
        guard isWritten, let output = Self.pipe() else { throw Self.fault("cannot be started") }
        defer { close(output.out) }
        let process: pid_t
        do {
            defer { close(output.in) }
            process = try start(reading: input.out, writing: output.in)
        }
        defer {
            // What has closed its output has said all. Its group, for the shell may have started
            // others; and before it is waited for, while nobody else can have its number.
            kill(-process, SIGKILL)
            waitpid(process, nil, 0)
        }
        return try read(output.out, until: ContinuousClock.now + patience)
    }

    /// Both ends of a pipe, which no other program gets.
    private static func pipe() -> (out: Int32, in: Int32)? {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private func start(reading input: Int32, writing output: Int32) throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, input, 0)
        posix_spawn_file_actions_adddup2(&files, output, 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Threads of pools block nearly all signals, and a child inherits that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP)
        )
        var words = [strdup("/bin/sh"), strdup("-c"), strdup(command), nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        guard posix_spawn(&process, "/bin/sh", &files, &attributes, &words, environ) == 0 else {
            throw Self.fault("cannot be started")
        }
        return process
    }

    private func read(_ file: Int32, until deadline: ContinuousClock.Instant) throws -> [UInt8] {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.mostBytes)
        while output.count <= Self.mostBytes {
            let left = (deadline - ContinuousClock.now) / .milliseconds(1)
            var wait = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            let ready = left > 0 ? poll(&wait, 1, Int32(left.rounded(.up))) : 0
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { throw Self.fault("has not answered in time") }
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return output }
            guard count > 0 else { throw Self.fault("cannot be read") }
            output += buffer[..<count]
        }
        throw Self.fault("writes more than a signature")
    }
}
