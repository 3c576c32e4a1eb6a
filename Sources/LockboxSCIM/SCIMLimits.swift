/// The bounds of the door for directories by name.
package enum SCIMLimits {
    package static let bodyBytes = 1024 * 1024
    package static let filterBytes = 4096
    /// How deeply parentheses and brackets of a filter may lie in each other.
    package static let filterDepth = 16
    package static let comparisonsPerFilter = 50
    package static let operationsPerPatch = 1_000
    /// Bytes of a path of an operation, or of one name in a list of attributes.
    package static let pathBytes = 512
    package static let attributesPerList = 50
    package static let standardPage = 100
    package static let largestPage = 200
    /// Requests with one token: as a burst, and lasting.
    package static let tokenBurst = 500
    package static let tokenPerSecond = 50.0
    /// Unknown tokens from one address.
    package static let failureBurst = 60
    package static let failuresPerSecond = 1.0
}
