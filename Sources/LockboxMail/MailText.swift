import FoundationEssentials
import LockboxDomain
import LockboxPorts

/// What may stand in a mail's header, and how it is written there (RFC 5322, RFC 2047).
enum MailText {
    static let longestAddress = 254
    static let longestLocalPart = 64
    static let longestMessageID = 200
    /// Bytes: whatever name a person can have.
    static let longestName = 4 * Limits.nameLength.upperBound
    static let longestSubject = 1000

    /// RFC 5322 §2.1.1: a line should have no more than 78 characters.
    private static let lineLength = 78
    /// RFC 2047 §2: a line that contains an encoded-word has no more than 76.
    private static let encodedLineLength = 76

    // MARK: What may stand there

    /// A line of text a person wrote: no control characters and no line or paragraph separators, so
    /// that it can end neither its header line nor the header.
    static func isOneLine(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }

    /// An ASCII `local@domain` of dot-atoms. Quoted local parts and address literals are refused:
    /// nothing we send to needs them, and parsers disagree on them.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= longestAddress,
            parts[0].utf8.count <= longestLocalPart
        else {
            return false
        }
        return isDotAtom(parts[0]) && isHostName(parts[1])
    }

    /// `left@right` of dot-atoms, without angle brackets.
    static func isMessageID(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && text.utf8.count <= longestMessageID
            && parts.allSatisfy(isDotAtom)
    }

    /// Labels of letters, digits and inner hyphens, joined by dots.
    static func isHostName(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isDotAtom(_ text: Substring) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && isAtom($0)
        }
    }

    private static func isAtom(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    // MARK: How it is written

    /// `Name: text`, folded; as encoded-words unless a reader would get plain text back unchanged.
    static func unstructured(_ name: String, _ text: String) -> String {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let isPlain =
            isPrintableASCII(text) && !text.contains("=?")
            && (text.isEmpty || words.allSatisfy { (1...60).contains($0.utf8.count) })
        return isPlain
            ? folded(name + ":", words.map(String.init))
            : name + ": " + encodedWords(text, after: name.utf8.count + 2)
    }

    /// `Name: "display name" <address>`.
    static func mailbox(_ name: String, _ mailbox: Mailbox) -> String {
        guard !mailbox.name.isEmpty else { return "\(name): \(mailbox.address)" }
        let phrase: String
        if !isPrintableASCII(mailbox.name) || mailbox.name.contains("=?") {
            phrase = encodedWords(mailbox.name, after: name.utf8.count + 2)
        } else if mailbox.name.split(separator: " ", omittingEmptySubsequences: false).allSatisfy({
            !$0.isEmpty && isAtom($0)
        }) {
            phrase = mailbox.name
        } else {
            phrase =
                "\"" + mailbox.name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                + "\""
        }
        let lastLine = phrase.utf8.split(separator: UInt8(ascii: "\n")).last?.count ?? 0
        let fits =
            name.utf8.count + 2 + lastLine + mailbox.address.utf8.count + 3 <= encodedLineLength
        return "\(name): \(phrase)\(fits ? " " : "\r\n ")<\(mailbox.address)>"
    }

    /// `start` and `words` with single spaces between, broken before a word that would make the
    /// line too long.
    static func folded(_ start: String, _ words: [String]) -> String {
        var lines = start
        var length = start.utf8.count
        for word in words {
            if length + 1 + word.utf8.count > lineLength {
                lines += "\r\n"
                length = 0
            }
            lines += " " + word
            length += 1 + word.utf8.count
        }
        return lines
    }

    /// RFC 2047 B encoding, in words that each end with a whole character.
    private static func encodedWords(_ text: String, after used: Int) -> String {
        let overhead = "=?UTF-8?B??=".utf8.count
        var words: [String] = []
        var chunk: [UInt8] = []
        var room = (encodedLineLength - used - overhead) / 4 * 3
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if chunk.count + bytes.count > room {
                words.append("=?UTF-8?B?\(Data(chunk).base64EncodedString())?=")
                chunk = []
                room = (encodedLineLength - 1 - overhead) / 4 * 3
            }
            chunk += bytes
        }
        words.append("=?UTF-8?B?\(Data(chunk).base64EncodedString())?=")
        return words.joined(separator: "\r\n ")
    }

    private static func isPrintableASCII(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }
}
