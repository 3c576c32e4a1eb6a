/// A path below the server's address, with its query. Parts from outside are escaped, so that none
/// can leave its place.
package struct Path: Sendable {
    private let path: String
    private let query: [(name: String, value: String)]

    /// `parts` stand between slashes, each escaped as a whole.
    package init(_ parts: String..., query: KeyValuePairs<String, String?> = [:]) {
        path = parts.map { "/" + Self.escape($0) }.joined()
        self.query = query.compactMap { name, value in value.map { (name, $0) } }
    }

    private init(path: String, query: [(name: String, value: String)]) {
        self.path = path
        self.query = query
    }

    /// Goes on with slash-separated parts that the program itself made, such as a tile's.
    package func appending(_ rest: String) -> Path {
        Path(
            path: path + "/"
                + rest.split(separator: "/").map { Self.escape(String($0)) }.joined(separator: "/"),
            query: query
        )
    }

    /// Members that are nil are left out.
    package func adding(_ more: KeyValuePairs<String, String?>) -> Path {
        Path(path: path, query: query + more.compactMap { name, value in value.map { (name, $0) } })
    }

    package var text: String {
        let pairs = query.map { Self.escape($0.name) + "=" + Self.escape($0.value) }
        return path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    /// All but RFC 3986's unreserved characters, byte by byte; a part of dots only would climb and
    /// is escaped too.
    private static func escape(_ part: String) -> String {
        let hex = Array("0123456789ABCDEF")
        let isDots = part == "." || part == ".."
        return part.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where !isDots: text.append(".")
            case _: text += "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
            }
        }
    }
}
