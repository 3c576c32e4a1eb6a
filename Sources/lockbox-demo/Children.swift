import Foundation
import LockboxServer
import NIOPosix

/// The programs that the demo starts beside itself. They end with it, whatever becomes of it.
final class Children: Sendable {
    struct Child: Sendable {
        let name: String
        let process: Process
        let log: String
    }

    /// The kernel ends a child with the thread that started it (`prctl(2)`, PR_SET_PDEATHSIG), so
    /// this thread must last as long as the children; those of Swift's own pool come and go.
    private let thread = NIOThreadPool(numberOfThreads: 1)

    init() { thread.start() }

    /// Starts `command`, which gets SIGTERM should the demo be killed. `user` runs it as somebody
    /// else.
    func start(
        _ name: String,
        _ command: [String],
        as user: OrdinaryUser? = nil,
        environment: [String: String] = [:],
        log: String
    ) async throws -> Child {
        try DataFolder.write("", to: log)
        let process = Process()
        process.executableURL = URL(filePath: try Self.find("setpriv", package: "util-linux"))
        process.arguments = ["--pdeathsig", "TERM"] + (user?.dropping ?? []) + command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardOutput = output
        process.standardError = output
        try await thread.runIfActive {
            // A child inherits the signals that its starter blocks, here nearly all: it could not
            // be ended.
            var (none, before) = (sigset_t(), sigset_t())
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, &before)
            defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
            try process.run()
        }
        return Child(name: name, process: process, log: log)
    }

    /// Runs `command` to its end: its exit status, and all that it said.
    func run(
        _ name: String,
        _ command: [String],
        as user: OrdinaryUser? = nil,
        environment: [String: String] = [:],
        log: String
    ) async throws -> (status: Int32, output: String) {
        let child = try await start(name, command, as: user, environment: environment, log: log)
        while child.process.isRunning { try await SystemPause.sleep(.milliseconds(10)) }
        return (
            child.process.terminationStatus, try String(contentsOfFile: log, encoding: .utf8)
        )
    }

    /// Waits until `probe` succeeds; a child that ended is an error.
    func wait(for child: Child, _ probe: () async throws -> Void) async throws {
        var last: any Error = DemoError("it did not answer")
        for _ in 0..<600 {
            guard child.process.isRunning else { break }
            do {
                return try await probe()
            } catch {
                last = error
            }
            try await SystemPause.sleep(.milliseconds(25))
        }
        let words = try String(contentsOfFile: child.log, encoding: .utf8).split(separator: "\n")
            .suffix(5)
        throw DemoError(
            "\(child.name) did not start (\(child.process.isRunning ? "\(last)" : "it ended")).\n"
                + words.joined(separator: "\n") + "\nIts log is \(child.log)."
        )
    }

    /// Asks every child to end, waits, and kills what is left.
    func end(_ children: [Child]) async throws {
        for child in children where child.process.isRunning { child.process.terminate() }
        for child in children {
            for _ in 0..<200 where child.process.isRunning {
                try await SystemPause.sleep(.milliseconds(25))
            }
            if child.process.isRunning { kill(child.process.processIdentifier, SIGKILL) }
        }
        try await thread.shutdownGracefully()
    }

    /// The full path of a program.
    static func find(_ program: String, package: String) throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(
            String.init
        )
        // Ordinary users often have no sbin in their PATH.
        for folder in folders + ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]
        where FileManager.default.isExecutableFile(atPath: "\(folder)/\(program)") {
            return "\(folder)/\(program)"
        }
        throw DemoError(
            "\(program) is not installed (Debian's package \(package)): make setup installs it."
        )
    }
}

/// The ordinary user whom Dovecot runs as: oneself, or `nobody` if that is root.
struct OrdinaryUser: Sendable {
    let name: String
    let group: String
    private let uid: uid_t
    private let gid: gid_t
    private let isOther: Bool

    init() throws {
        isOther = geteuid() == 0
        guard let entry = isOther ? getpwnam("nobody") : getpwuid(geteuid()),
            let group = getgrgid(entry.pointee.pw_gid)
        else {
            throw DemoError(
                "The user whom Dovecot shall run as has no entry in /etc/passwd and /etc/group."
            )
        }
        name = String(cString: entry.pointee.pw_name)
        uid = entry.pointee.pw_uid
        gid = entry.pointee.pw_gid
        self.group = String(cString: group.pointee.gr_name)
    }

    /// What `setpriv` needs in order to become this user.
    var dropping: [String] { isOther ? ["--reuid", name, "--regid", group, "--clear-groups"] : [] }

    /// Gives a whole tree to the user.
    func own(_ path: String) throws {
        guard isOther else { return }
        let inside =
            FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        for item in [path] + inside.map({ path + "/" + $0 }) {
            guard lchown(item, uid, gid) == 0 else {
                throw DemoError("\(item) cannot be given to \(name).")
            }
        }
    }

    /// Whether the user can reach what is in `folder`.
    func canPass(_ folder: String) -> Bool {
        guard isOther else { return true }
        let files = FileManager.default
        var path = URL(filePath: folder)
        while path.path.count > 1 {
            let found = try? files.attributesOfItem(atPath: path.path)  // best effort: none, no way
            guard let mode = found?[.posixPermissions] as? Int, mode & 0o001 != 0 else {
                return false
            }
            path.deleteLastPathComponent()
        }
        return true
    }
}
