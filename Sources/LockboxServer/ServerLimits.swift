import Foundation
import LockboxHTTP
import LockboxPorts
import NIOCore

/// The bounds of the process by name.
package enum ServerLimits {
    /// Connections served at once. Well below the files that the process may open, so that
    /// strangers who only connect cannot keep it from its database, from mail servers, and so from
    /// ending access.
    package static let connections = 512
    /// Those of them that are kept for introspection and for *Stop*, and what one address may have
    /// (`ConnectionBook`).
    static let places = ConnectionBook.Limits(
        places: connections,
        reserved: 32,
        perAddress: connections / 2
    )
    /// The places of listeners of their own, for services that ask and for operators.
    static let servicePlaces = ConnectionBook.Limits(places: 256, reserved: 0, perAddress: 256)
    static let operatorPlaces = ConnectionBook.Limits(places: 32, reserved: 0, perAddress: 32)
    /// Connections that the system hands over besides, which are about to be closed for want of a
    /// place.
    static let acceptedBesides = 128
    /// How long a client may keep a connection waiting.
    static let deadlines = ConnectionDeadlines(
        idle: .seconds(30),
        head: .seconds(10),
        body: .seconds(20),
        answer: .seconds(20)
    )
    private static let files: rlim_t = 4096

    /// A file that may not grow further fails a write, as a full disk does, and ends nothing.
    package static func ignoreFileSizeSignal() { signal(SIGXFSZ, SIG_IGN) }

    /// Lets the process open as many files as it needs, as far as the system allows.
    package static func raiseOpenFiles() throws {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur < files {
            limit.rlim_cur = min(files, limit.rlim_max)
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard limit.rlim_cur >= rlim_t(connections * 2) else {
            throw ConfigurationError(
                "the process may open only \(limit.rlim_cur) files; \(connections * 2) are needed"
            )
        }
    }
}
