import Foundation
import LockboxDomain
import LockboxServer
import NIOCore

/// An error as a person at a terminal reads it.
package struct Failure: Error, CustomStringConvertible {
    package let description: String

    /// All of them, a line each.
    package init(_ errors: [any Error]) {
        description = errors.map { Failure($0).description }.joined(separator: "\n")
    }

    package init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self.init(refusal.sentence)
        case let failure as ListenFailure: self.init(failure)
        case _: self.init("\(error)")
        }
    }

    private init(_ description: String) { self.description = description }

    private init(_ failure: ListenFailure) {
        let place = "\(failure.key): \(failure.address)"
        switch (failure.cause as? IOError)?.errnoCode {
        case EADDRINUSE:
            self.init(
                "\(place) is in use by another program, perhaps by a Lockbox that runs already; stop "
                    + "that or choose another port"
            )
        case EADDRNOTAVAIL: self.init("\(place): this machine does not have that address")
        case EACCES: self.init("\(place): ports below 1024 are for root; choose a higher one")
        case _: self.init(failure.cause)
        }
    }
}
