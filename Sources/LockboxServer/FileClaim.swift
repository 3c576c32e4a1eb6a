import Foundation
package import LockboxPorts

/// A file that this process holds, alone or together with others.
///
/// The system holds it for the process and lets go of it however the process ends.
final class FileClaim: Sendable {
    private let file: Int32

    private init(_ file: Int32) { self.file = file }

    /// Nil where others hold it, and one of the two must be alone. Throws where it cannot be opened.
    static func take(_ name: String, alone: Bool) throws(ConfigurationError) -> FileClaim? {
        let file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let cause = String(cString: strerror(errno))
            throw ConfigurationError("\(name) cannot be opened: \(cause)")
        }
        guard flock(file, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let cause = String(cString: strerror(errno))
            close(file)
            guard isTaken else { throw ConfigurationError("\(name) cannot be locked: \(cause)") }
            return nil
        }
        return FileClaim(file)
    }

    deinit { close(file) }
}

/// Which processes use the signing key: any number that sign or go by the logs, or one alone that
/// changes the key or recovers the logs. What a server has in memory would not be so any more.
package final class SigningClaim: Sendable {
    private let claim: FileClaim

    package init(_ configuration: Configuration, alone: Bool) throws(ConfigurationError) {
        guard let claim = try FileClaim.take(configuration.signingKeyFile + ".claim", alone: alone)
        else {
            throw ConfigurationError(
                alone
                    ? "this needs the installation for itself: stop `lockboxd serve`, `lockboxd "
                        + "gateway` and other commands of lockboxd first"
                    : "`lockboxd rotate-key` or `lockboxd recover` is at work; wait until it is done"
            )
        }
        self.claim = claim
    }
}
