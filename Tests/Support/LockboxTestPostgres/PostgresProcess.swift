package import Foundation
import Glibc

/// A PostgreSQL server of the tests' own, reached through a socket in its folder. Nothing of it
/// survives a crash of the machine.
package final class PostgresProcess: Sendable {
    private static let programs = "/usr/lib/postgresql/15/bin"
    private let server: Child

    /// Makes a cluster in the empty `folder` and starts it. Its superuser is `postgres`.
    package init(in folder: URL, superuser password: String, settings: [String]) async throws {
        let passwordFile = folder.appending(path: "password")
        try password.write(to: passwordFile, atomically: false, encoding: .utf8)
        if geteuid() == 0, let nobody = getpwnam("nobody") {
            for path in [folder.path, passwordFile.path] {
                let isGiven = chown(path, nobody.pointee.pw_uid, nobody.pointee.pw_gid) == 0
                guard isGiven else { throw NotStarted(step: "chown") }
            }
        }
        let data = folder.appending(path: "data").path
        let made = try Child([
            "\(Self.programs)/initdb", "-D", data, "-A", "scram-sha-256", "-U", "postgres",
            "--pwfile=\(passwordFile.path)", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        ])
        guard await made.ended() == 0 else { throw NotStarted(step: "initdb") }
        let all = ["listen_addresses=", "unix_socket_directories=\(folder.path)", "fsync=off"]
        server = try Child(
            ["\(Self.programs)/postgres", "-D", data] + (all + settings).flatMap { ["-c", $0] }
        )
    }

    /// Whether it has not ended.
    package var isRunning: Bool { server.isRunning }

    /// Fast shutdown.
    package func stop() async { await server.stop() }

    private struct NotStarted: Error { let step: String }
}

/// A program that runs as an ordinary user.
private final class Child: Sendable {
    private let process: Process
    private let ends: AsyncStream<Int32>

    init(_ command: [String]) throws {
        let drops = geteuid() == 0
        process = Process()
        process.executableURL = URL(filePath: drops ? "/usr/bin/setpriv" : command[0])
        process.arguments =
            drops
            ? ["--reuid=nobody", "--regid=nogroup", "--clear-groups"] + command
            : Array(command.dropFirst())
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (ends, end) = AsyncStream<Int32>.makeStream()
        self.ends = ends
        process.terminationHandler = { end.yield($0.terminationStatus) }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    func ended() async -> Int32 {
        for await status in ends { return status }
        return -1
    }

    /// Fast shutdown.
    func stop() async {
        process.interrupt()
        _ = await ended()
    }
}
