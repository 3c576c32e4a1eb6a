import Foundation
import LockboxPorts

/// Which processes on one database have gateways: either one process of its own, `lockboxd gateway`,
/// or servers, each with its own. The two together would not know of each other's connections, and
/// one would confirm as gone what the other still has.
///
/// The system holds it for the process and lets go of it however the process ends.
final class GatewayClaim {
    private let file: Int32

    /// Claims the gateways of the database at `path`: alone, or together with other servers.
    init(of path: String, alone: Bool) throws(ConfigurationError) {
        let name = path + ".gateway"
        file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let cause = String(cString: strerror(errno))
            throw ConfigurationError("\(name) cannot be opened: \(cause)")
        }
        guard flock(file, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let cause = String(cString: strerror(errno))
            close(file)
            guard isTaken else { throw ConfigurationError("\(name) cannot be locked: \(cause)") }
            throw ConfigurationError(
                alone
                    ? "another process has the gateways of this database: a `lockboxd gateway`, or a "
                        + "`lockboxd serve` that was started without `gateway: apart`; stop it first"
                    : "a `lockboxd gateway` has the gateways of this database; stop it first, or say "
                        + "`gateway: apart` for this server too"
            )
        }
    }

    deinit { close(file) }
}
