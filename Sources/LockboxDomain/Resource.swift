/// One thing that can be opened: `mailbox:sue@contoso.example` of the service `mail`.
public struct Resource: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let service: ServiceID
    /// Type and name with a colon between, lower case.
    public let name: String

    /// Nil unless `name` is `type:rest` with a type of `a–z` and a rest of printable ASCII that
    /// cannot climb out of a path or split a configuration line: no white space, quotes, slashes,
    /// backslashes, percent signs or `..`.
    public init?(service: ServiceID, name raw: String) {
        // ASCII before the case is changed: the Kelvin sign has the letter k for its lower case.
        guard Limits.resourceNameLength.contains(raw.utf8.count), raw.utf8.allSatisfy(\.isASCII)
        else { return nil }
        let name = raw.lowercased()
        let parts = name.utf8.split(
            separator: UInt8(ascii: ":"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
            parts[0].allSatisfy(\.isLowercaseLetter),
            parts[1].allSatisfy({
                $0.isGlyph && !Array("\"'`/\\%$<>|&;*?:,{}()[]!#~".utf8).contains($0)
            }),
            parts[1].first != UInt8(ascii: "."), parts[1].first != UInt8(ascii: "-"),
            !Self.hasTwoDots(parts[1])
        else { return nil }
        self.service = service
        self.name = name
    }

    /// The part before the colon: `mailbox`.
    public var type: String { String(name.prefix { $0 != ":" }) }
    /// The part after the colon: `sue@contoso.example`.
    public var localName: String { String(name.drop { $0 != ":" }.dropFirst()) }
    public var description: String { name }

    public static func < (left: Resource, right: Resource) -> Bool {
        (left.service, left.name) < (right.service, right.name)
    }

    private static func hasTwoDots(_ bytes: Substring.UTF8View.SubSequence) -> Bool {
        zip(bytes, bytes.dropFirst()).contains {
            $0 == UInt8(ascii: ".") && $1 == UInt8(ascii: ".")
        }
    }
}
