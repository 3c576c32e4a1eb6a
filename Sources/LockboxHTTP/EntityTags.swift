package import Hummingbird

/// The entity tag of a thing that has versions: a strong validator (RFC 9110 §8.8.1), so that two
/// answers with one tag are the same.
package enum VersionTag {
    /// `"v3"`, or `"v3-<detail>"` where something is shown that changes without a new version.
    package static func text(_ version: Int, detail: String? = nil) -> String {
        "\"v\(version)\(detail.map { "-\($0)" } ?? "")\""
    }

    /// The version that an opaque tag is of; nil for anything that `text` does not write.
    package static func version(_ opaque: Substring) -> Int? {
        guard opaque.utf8.first == UInt8(ascii: "v") else { return nil }
        let digits = opaque.dropFirst().prefix { $0 != "-" }
        guard let version = Int(digits), version > 0, String(version) == digits else { return nil }
        return version
    }
}

/// The value of `If-Match` or `If-None-Match` (RFC 9110 §13.1.1, §13.1.2).
package enum EntityTags: Hashable, Sendable {
    /// `*`: whatever there is now.
    case any
    case list([Tag])

    package struct Tag: Hashable, Sendable {
        package var isWeak: Bool
        /// What stands between the quotes.
        package var opaque: String

        package init(isWeak: Bool, opaque: String) {
            self.isWeak = isWeak
            self.opaque = opaque
        }
    }

    /// Reads a list as RFC 9110 §5.6.1 and §8.8.3 write it; nil for anything else. A comma may be
    /// part of a tag.
    package init?(_ field: String) {
        if Substring(field).withoutOuterSpace == "*" {
            self = .any
            return
        }
        var tags: [Tag] = []
        var rest = Substring(field).utf8
        func skip(_ also: UInt8? = nil) {
            while let byte = rest.first, [0x20, 0x09].contains(byte) || byte == also {
                rest.removeFirst()
            }
        }
        skip(UInt8(ascii: ","))
        while !rest.isEmpty {
            let isWeak = rest.starts(with: "W/".utf8)
            if isWeak { rest = rest.dropFirst(2) }
            guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
            let opaque = rest.prefix { $0 == 0x21 || (0x23...0x7E).contains($0) || $0 >= 0x80 }
            rest = rest.dropFirst(opaque.count)
            guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
            tags.append(Tag(isWeak: isWeak, opaque: String(Substring(opaque))))
            skip()
            guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
            skip(UInt8(ascii: ","))
        }
        guard !tags.isEmpty else { return nil }
        self = .list(tags)
    }
}

extension Request {
    /// Whether `If-None-Match` does not name `tag`, which is one of ours. Tags are compared weakly
    /// (RFC 9110 §13.1.2): a proxy that compresses makes a weak one of ours. What is no list of tags
    /// names nothing.
    package func matchesNone(of tag: String) -> Bool {
        guard let field = headers[.ifNoneMatch], let given = EntityTags(field) else { return true }
        switch given {
        case .any: return false
        case .list(let tags): return !tags.contains { "\"\($0.opaque)\"" == tag }
        }
    }
}
