package import HTTPTypes

extension HTTPFields {
    /// The media type of `Content-Type` in lower case, without its parameters.
    package var mediaType: String? {
        self[.contentType].map { $0.prefix { $0 != ";" }.withoutOuterSpace.lowercased() }
    }

    /// What `charset` of `Content-Type` says, where that is something else than UTF-8, the only
    /// encoding that bodies are read in (RFC 8259 §8.1, WHATWG URL §5.1).
    package var foreignCharset: String? {
        let parameters = self[.contentType]?.split(separator: ";").dropFirst() ?? []
        return parameters.lazy.compactMap { parameter -> String? in
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].withoutOuterSpace.lowercased() == "charset" else {
                return nil
            }
            let charset = pair[1].withoutOuterSpace.filter { $0 != "\"" }.lowercased()
            return ["utf-8", "utf8", "us-ascii"].contains(charset) ? nil : charset
        }
        .first
    }
}

extension HTTPField.Name {
    package static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
    package static let forwarded = HTTPField.Name("Forwarded")!
}

extension String {
    /// The credentials of an `Authorization` field with the scheme `Bearer`, in whatever letter
    /// case (RFC 9110 §11.1).
    package var bearerToken: String? {
        let parts = split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

extension String {
    /// This name of a field as applications compare it that get fields as variables (CGI, WSGI): in
    /// one letter case, and with `-` for whatever is no letter or digit. Most of them take `_` for
    /// `-`; some servers (lighttpd) every other character too.
    package var asFieldVariable: String {
        String(
            decoding: utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    byte
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
                case _: UInt8(ascii: "-")
                }
            },
            as: UTF8.self
        )
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

extension StringProtocol {
    /// The number that these digits are; nil for anything else, a sign and other scripts' digits
    /// included.
    package var wholeNumber: UInt64? {
        utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ? UInt64(self) : nil
    }
}
