import Foundation
import LockboxHTTP
import NIOCore

/// The bounds of the process by name.
package enum ServerLimits {
    /// Connections served at once. How many files that takes, `OpenFiles` says.
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

    /// A file that may not grow further fails a write, as a full disk does, and ends nothing.
    package static func ignoreFileSizeSignal() { signal(SIGXFSZ, SIG_IGN) }
}
