import LockboxDomain

/// An error as a person at a terminal reads it.
package struct Failure: Error, CustomStringConvertible {
    package let description: String

    package init(_ error: any Error) {
        description = (error as? Refusal)?.sentence ?? "\(error)"
    }
}
