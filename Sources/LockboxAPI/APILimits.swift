import LockboxDomain

/// The bounds of the HTTP boundary by name.
package enum APILimits {
    package static let bodyBytes = 64 * 1024
    package static let pageSizes = 1...200
    package static let defaultPageSize = 50
    package static let idempotencyKeyLength = 1...255
    /// Requests of one signed-in person: as a burst, and lasting.
    package static let personBurst = 400
    package static let personPerSecond = 200.0
    /// Failed sign-ins and unknown tokens from one address.
    package static let failureBurst = 60
    package static let failuresPerSecond = 1.0
    /// Questions in one request of AuthZEN's.
    package static let evaluations = 100
    package static let searchTextLength = 1...200
    /// For so long a denial says how access can be asked for, and what it says can be sent.
    static let denialKept = TimeSpan.minutes(10)
    /// A token that was signed here and is sent back.
    static let signedTokenBytes = 4096
    /// For so long a task can be looked at after it is over, and after access that came of it.
    static let tasksKept = TimeSpan.days(7)
    /// Between two looks at a task that waits for people.
    static let secondsBetweenLooks: Int64 = 5
}
