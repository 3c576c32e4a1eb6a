import LockboxWire

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
        let escaped = PercentEncoding.encode(part)
        return part == "." || part == ".." ? escaped.replacing(".", with: "%2E") : escaped
    }
}
