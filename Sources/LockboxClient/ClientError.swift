package import LockboxWire

/// Why a command did not succeed.
package enum ClientError: Error, Hashable, Sendable {
    /// The server said no, and why.
    case refused(ProblemDocument)
    /// There is no valid token.
    case notSignedIn(String)
    /// No answer came.
    case unreachable(String)
    /// The server, or what it needs, is down for now.
    case unavailable(String)
    /// The answer was not what the API promises.
    case unexpected(String)
    /// The server's address cannot be used.
    case address(String)
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let problem):
            // The sentence usually names the first field already.
            ([problem.detail]
                + (problem.errors ?? []).filter {
                    $0.detail != problem.detail && !problem.detail.hasPrefix($0.field + ":")
                }
                .map { "\($0.field): \($0.detail)" })
                .joined(separator: "\n")
        case .notSignedIn(let why), .unreachable(let why), .unavailable(let why),
            .unexpected(let why),
            .address(let why):
            why
        }
    }
}
