import Glibc
package import LockboxPorts

/// Writes each letter as a file, `MESSAGE-ID.eml`, instead of sending it: for development. The
/// files hold the very bytes a relay would get. A letter sent again replaces its file.
package struct FileMailer: Mailer {
    private let folder: String
    private let lane = BlockingPool(width: 1, label: "lockbox.mail")

    /// `folder` is made when the first letter comes; its parent must exist.
    package init(folder: String) { self.folder = folder }

    package func send(
        _ letter: Letter,
        while mayGo: @escaping @Sendable () -> Bool
    ) async throws(MailError) -> MailReceipt {
        let message = try MailMessage(letter)
        return try await lane.send { [folder] in
            mayGo() ? Self.write(message, into: folder) : .failure(.heldBack)
        }
    }

    private static func write(_ message: MailMessage, into folder: String) -> Result<
        MailReceipt, MailError
    > {
        func failed(_ what: String) -> Result<MailReceipt, MailError> {
            .failure(
                .unreachable(
                    ReplyText.cleaned(
                        "cannot \(what): \(String(cString: strerror(errno)))",
                        hiding: []
                    )
                )
            )
        }
        if mkdir(folder, 0o700) != 0, errno != EEXIST { return failed("make the mail folder") }
        let path = "\(folder)/\(fileName(message.messageID))"
        // Written aside and renamed, so that whoever watches the folder only ever sees whole
        // letters.
        var template = Array("\(folder)/.letter-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { return failed("write into the mail folder") }
        var written = 0
        while written < message.bytes.count {
            let count = message.bytes[written...].withUnsafeBytes {
                Glibc.write(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno != EINTR { break }
            written += max(0, count)
        }
        let isWhole = written == message.bytes.count
        guard close(file) == 0, isWhole, rename(template, path) == 0 else {
            let failure = failed("write the letter's file")
            unlink(template)
            return failure
        }
        return .success(MailReceipt(reply: ReplyText.cleaned("written to a file", hiding: [])))
    }

    /// The message id with everything but letters, digits, `.`, `-`, `_`, `+`, `@` percent-encoded,
    /// so that different ids are different files and none leaves the folder.
    private static func fileName(_ messageID: String) -> String {
        let hexadecimal = Array("0123456789ABCDEF")
        let name = messageID.unicodeScalars.map { scalar in
            switch scalar {
            case "0"..."9", "A"..."Z", "a"..."z", ".", "-", "_", "+", "@": String(scalar)
            default:
                "%\(hexadecimal[Int(scalar.value >> 4) & 15])\(hexadecimal[Int(scalar.value & 15)])"
            }
        }
        return name.joined() + ".eml"
    }
}
