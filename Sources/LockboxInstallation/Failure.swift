import Foundation
import LockboxDomain
package import LockboxServer
import NIOCore

/// An error as a person at a terminal reads it.
package struct Failure: Error, CustomStringConvertible {
    package let description: String

    package init(_ error: any Error) {
        self.init((error as? Refusal)?.sentence ?? "\(error)")
    }

    private init(_ description: String) { self.description = description }

    /// What stands in the way of accepting connections where `configuration` says.
    package init(_ error: any Error, serving configuration: Configuration) {
        let place = "listen: \(configuration.host):\(configuration.port)"
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            self.init(
                "\(place) is in use by another program, perhaps by a Lockbox that runs already; stop "
                    + "that or choose another port"
            )
        case EADDRNOTAVAIL: self.init("\(place): this machine does not have that address")
        case EACCES: self.init("\(place): ports below 1024 are for root; choose a higher one")
        case _: self.init(error)
        }
    }
}
