/// A password as a file or a pipe gives it.
public enum PasswordLine {
    /// Why no password can be read.
    public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
        case empty
        case notUTF8

        public var description: String {
            switch self {
            case .empty: "There is no password on standard input."
            case .notUTF8:
                "The password on standard input is not in UTF-8. Save the file as UTF-8 and give it again."
            }
        }
    }

    /// The first line of `bytes`, without a byte-order mark, which editors put there unasked, and
    /// without the end of the line. What is not UTF-8 is refused: repaired, it would be another
    /// password, and one for several at once.
    public static func read(_ bytes: some Collection<UInt8>) throws(Fault) -> String {
        var line = Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        guard let password = String(validating: line, as: UTF8.self) else { throw .notUTF8 }
        guard !password.isEmpty else { throw .empty }
        return password
    }
}
