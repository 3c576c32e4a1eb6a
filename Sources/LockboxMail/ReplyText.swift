import FoundationEssentials

/// Text from a relay or a library, made fit for logs, tables and pages.
enum ReplyText {
    static let longest = 200

    /// Without control characters, at most 200 long, and without the password in any form a relay
    /// has seen it.
    static func cleaned(_ text: String, hiding credentials: SMTPCredentials?) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where MailText.isOneLine(String(scalar)) {
            scalars.append(scalar)
        }
        var result = String(scalars)
        if let credentials {
            let plain = Data("\0\(credentials.user)\0\(credentials.password)".utf8)
            let forms = [
                plain.base64EncodedString(), Data(credentials.password.utf8).base64EncodedString(),
            ]
            for form in forms + [credentials.password] {
                result = result.replacing(form, with: "***")
            }
        }
        return String(String.UnicodeScalarView(result.unicodeScalars.prefix(longest)))
    }
}
