package import HTTPTypes
package import Hummingbird

extension HTTPFields {
    /// The media type of `Content-Type` in lower case, without its parameters.
    package var mediaType: String? {
        self[.contentType].map { $0.prefix { $0 != ";" }.withoutOuterSpace.lowercased() }
    }
}

extension HTTPField.Name {
    package static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
}

/// The entity tag of a thing that has versions: a strong validator (RFC 9110 §8.8), so that two
/// answers with one tag speak of the same version.
package enum VersionTag {
    package static func text(_ version: Int) -> String { "\"v\(version)\"" }

    /// The version that `text` is the tag of; nil for anything that `text(_:)` does not write.
    package static func version(_ text: String) -> Int? {
        guard text.hasPrefix("\"v"), text.hasSuffix("\""),
            let version = Int(text.dropFirst(2).dropLast()), version > 0,
            Self.text(version) == text
        else { return nil }
        return version
    }
}

extension Request {
    /// Whether `If-None-Match` does not name `tag` (RFC 9110 §13.1.2).
    package func matchesNone(of tag: String) -> Bool {
        let given = headers[.ifNoneMatch]?.split(separator: ",") ?? []
        return !given.contains { $0.withoutOuterSpace == tag }
    }
}

extension Substring {
    /// Optional white space of HTTP fields (RFC 9110 §5.6.3) is no part of a value.
    package var withoutOuterSpace: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
