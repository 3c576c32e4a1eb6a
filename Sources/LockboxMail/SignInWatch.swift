/// Sees to it that where a sign-in is configured nothing goes without one: libcurl goes on unsigned
/// where the relay offers none.
struct SignInWatch {
    private enum Command { case hello, signIn, other }

    private let isNeeded: Bool
    /// With STARTTLS what is offered before it does not count.
    private var isEncrypted: Bool
    private var command = Command.other
    private var isOffered = false
    private var hasSignedIn = false
    /// Why the transfer was called off.
    private(set) var problem: String?

    init(_ configuration: SMTPConfiguration) {
        isNeeded = configuration.credentials != nil
        isEncrypted = configuration.encryption != .starttls
    }

    /// Whether a letter may go.
    var isDone: Bool { !isNeeded || hasSignedIn }

    mutating func commandSent(_ bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: "EHLO ".utf8) || bytes.starts(with: "HELO ".utf8) {
            command = .hello
            isOffered = false
        } else if bytes.starts(with: "STARTTLS".utf8) {
            isEncrypted = true
            command = .other
        } else if bytes.starts(with: "AUTH ".utf8) {
            command = .signIn
        } else if bytes.starts(with: "MAIL FROM:".utf8) {
            command = .other
        }
    }

    /// False where the relay's answer leaves no way to sign in.
    mutating func replyReceived(_ line: UnsafeRawBufferPointer) -> Bool {
        guard isNeeded else { return true }
        switch command {
        case .hello:
            // As libcurl looks for it.
            if line.dropFirst(4).starts(with: "AUTH ".utf8) { isOffered = true }
            let isLast = line.count > 3 && line[3] == UInt8(ascii: " ")
            let isYes = line.first == UInt8(ascii: "2")
            if isLast, isYes, isEncrypted, !isOffered {
                problem =
                    "the relay offers no sign-in (AUTH), and one is configured: nothing was sent"
                return false
            }
        case .signIn: if line.starts(with: "235".utf8) { hasSignedIn = true }
        case .other: break
        }
        return true
    }
}
