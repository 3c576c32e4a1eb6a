import Foundation

extension Shell {
    /// Whether pages can be shown on this machine.
    var hasBrowser: Bool {
        ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"].contains { environment[$0]?.isEmpty == false }
    }

    /// Whether whoever sits here sits at another machine, where no page of this one is seen.
    var isRemote: Bool {
        ["SSH_CONNECTION", "SSH_TTY"].contains { environment[$0]?.isEmpty == false }
    }

    /// Starts another program at this terminal; nil if there is no such program. `more` is added to
    /// its environment. Until `end(of:)` returns, Ctrl-C is for it alone.
    func start(_ program: String, _ arguments: [String], _ more: [String: String]) throws -> pid_t?
    {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // psql gives up a statement, and goes on.
        var signals = sigset_t()
        sigemptyset(&signals)
        for name in [SIGINT, SIGQUIT] { sigaddset(&signals, name) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // Threads of Swift's pool block nearly all signals, and a child inherits that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )
        for name in [SIGINT, SIGQUIT] { signal(name, SIG_IGN) }
        var process = pid_t()
        let values = environment.merging(more) { $1 }.map { "\($0)=\($1)" }
        let code = Self.withStrings([program] + arguments) { arguments in
            Self.withStrings(values) { values in
                posix_spawnp(&process, program, nil, &attributes, arguments, values)
            }
        }
        guard code == 0 else {
            for name in [SIGINT, SIGQUIT] { signal(name, SIG_DFL) }
            if code == ENOENT { return nil }
            throw Failure.failed("\(program) cannot be started.")
        }
        return process
    }

    /// Shows a page in whatever browser this machine has, if it has one, and waits for nothing: some
    /// go on until their window is closed.
    func show(_ address: String) throws {
        guard try start("xdg-open", [address], [:]) != nil else { return }
        for name in [SIGINT, SIGQUIT] { signal(name, SIG_DFL) }
    }

    /// Waits for a program that was started: its exit status, or 128 and the signal that ended it.
    func end(of process: pid_t) async -> Int32 {
        let status = await withCheckedContinuation { ended in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                ended.resume(returning: status)
            }
        }
        for name in [SIGINT, SIGQUIT] { signal(name, SIG_DFL) }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    private static func withStrings<Result>(
        _ texts: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(&pointers)
    }
}
