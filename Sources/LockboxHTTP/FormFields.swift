import LockboxWire

/// The one reader of `application/x-www-form-urlencoded` (WHATWG URL §5.1), in bodies and in
/// queries.
package enum FormFields {
    package static let mediaType = "application/x-www-form-urlencoded"

    /// The pairs in their order; nil where `bytes` are not so encoded: a percent sign without two
    /// digits, or what is no UTF-8. Bytes and not characters, because a character of Swift may
    /// swallow the sign that separates two pairs.
    package static func decode(_ bytes: some Sequence<UInt8>) -> [(name: String, value: String)]? {
        var fields: [(name: String, value: String)] = []
        for pair in Array(bytes).split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
                let value = PercentEncoding.decode(
                    parts.count > 1 ? parts[1] : [],
                    plusIsSpace: true
                )
            else { return nil }
            fields.append((name, value))
        }
        return fields
    }
}
