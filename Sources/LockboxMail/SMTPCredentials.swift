import FoundationEssentials

/// How we sign in to the relay. No description, dump or mirror shows a secret.
package struct SMTPCredentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    enum Secret: Sendable {
        case password(String)
        /// A file with an OAuth 2.0 access token, which something else renews: read for each letter.
        case tokenFile(String)
    }

    let user: String
    let secret: Secret

    package var description: String { "\(user):***" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["user": user]) }

    /// The secret itself; nil where its file cannot be read, or is not one line of ASCII. Blocks.
    func read() -> String? {
        switch secret {
        case .password(let password): return password
        case .tokenFile(let path):
            guard let data = FileManager.default.contents(atPath: path), data.count <= 16_384,
                let text = String(validating: data, as: UTF8.self)
            else { return nil }
            // RFC 6750 §2.1: b64token, which has no white space and no control characters.
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count == 1, words[0].utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                return nil
            }
            return String(words[0])
        }
    }

    /// Every form of `secret` that a relay has seen or may say again.
    func forms(of secret: String) -> [String] {
        let exchanges =
            switch self.secret {
            case .password: ["\0\(user)\0\(secret)", secret]
            case .tokenFile: ["user=\(user)\u{1}auth=Bearer \(secret)\u{1}\u{1}", secret]
            }
        return exchanges.map { Data($0.utf8).base64EncodedString() } + [secret]
    }
}
