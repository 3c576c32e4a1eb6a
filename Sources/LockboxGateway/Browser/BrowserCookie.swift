import NIOHTTP1

/// The cookie by which the gateway knows a browser (RFC 6265bis). Cookies know no ports: what is under
/// Lockbox's names, the portal's among them, is not the application's, neither to read nor to set.
enum BrowserCookie {
    /// Not the portal's `__Host-lockbox`, which a service on the portal's host would else replace.
    static let name = "__Host-lockbox-access"
    private static let attributes = "Secure; HttpOnly; SameSite=Lax; Path=/"

    /// The field that sets it for the browser's session; the gateway ends it earlier.
    static func setting(_ secret: String) -> String { "\(name)=\(secret); \(attributes)" }
    static let clearing = "\(name)=; Max-Age=0; \(attributes)"

    /// All that `fields` show under its name.
    static func values(in fields: HTTPHeaders) -> [String] {
        fields["cookie"].flatMap(pairs).filter { $0.name == name }.map(\.value)
    }

    /// What goes on of a `Cookie` field; nil if nothing does.
    static func passed(_ field: String) -> String? {
        let pairs = pairs(field)
        let kept = pairs.filter { !isOurs($0.name) }
        guard kept.count < pairs.count else { return field }
        return kept.isEmpty ? nil : kept.map(\.text).joined(separator: "; ")
    }

    /// Whether a `Set-Cookie` field of the application's may not go on.
    static func isOurs(setBy field: String) -> Bool {
        pairs(field).first.map { isOurs($0.name) } ?? false
    }

    private typealias Pair = (name: String, value: String, text: String)

    /// Bytes and not characters, because a character of Swift may swallow a separator.
    private static func pairs(_ field: String) -> [Pair] {
        field.utf8.split(separator: UInt8(ascii: ";")).map { bytes in
            let text = trimmed(bytes)
            let end = text.firstIndex(of: UInt8(ascii: "=")) ?? text.endIndex
            return (
                String(Substring(trimmed(text[..<end]))),
                String(Substring(trimmed(text[end...].dropFirst()))),
                String(Substring(text))
            )
        }
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
        var rest = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest
    }

    /// Some servers do not tell capitals from small letters.
    private static func isOurs(_ name: String) -> Bool {
        var plain = name.lowercased()[...]
        for prefix in ["__host-", "__secure-"] where plain.hasPrefix(prefix) {
            plain = plain.dropFirst(prefix.count)
        }
        return plain == "lockbox" || plain.hasPrefix("lockbox-")
    }
}
