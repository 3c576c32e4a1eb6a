import LockboxDomain
import NIOHTTP1

/// Which thing of the service a request is about. The path was decoded once and its dots were
/// removed once (RFC 3986 §5.2.4); what a second reader could take for another path is refused.
struct RequestTarget: Equatable {
    /// Path and query as they go to the service.
    let text: String
    /// The decoded parts of the path.
    let parts: [String]

    /// Reads the target of a request line, in origin form.
    init(_ raw: String) throws(WireError) {
        guard raw.utf8.first == UInt8(ascii: "/") else {
            throw WireError("the target is not a path")
        }
        let pieces = raw.utf8.split(
            separator: UInt8(ascii: "?"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard raw.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw WireError("the target has a character that does not belong there")
        }
        var parts: [[UInt8]] = []
        var isFolder = false
        let segments = pieces[0].split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        ).dropFirst()
        for (offset, segment) in segments.enumerated() {
            let isLast = offset == segments.count - 1
            isFolder = false
            if segment.elementsEqual("..".utf8) {
                guard parts.popLast() != nil else {
                    throw WireError("the path leads above its root")
                }
                isFolder = isLast
            } else if segment.elementsEqual(".".utf8) || (segment.isEmpty && isLast) {
                isFolder = isLast
            } else {
                parts.append(try Self.decode(segment))
            }
        }
        let decoded = parts.compactMap { String(validating: $0, as: UTF8.self) }
        guard decoded.count == parts.count else { throw WireError("the path is not UTF-8") }
        self.parts = decoded
        let path =
            parts.map { "/" + Self.encode($0) }.joined() + (isFolder || parts.isEmpty ? "/" : "")
        text = pieces.count > 1 ? "\(path)?\(Substring(pieces[1]))" : path
        // It would come into the service's log.
        guard !raw.holdsCredential else {
            throw WireError("a credential does not belong into an address")
        }
    }

    private static func decode(_ segment: Substring.UTF8View) throws(WireError) -> [UInt8] {
        guard !segment.isEmpty else { throw WireError("the path has an empty part") }
        var bytes: [UInt8] = []
        var rest = segment[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue
                else {
                    throw WireError("a percent sign in the path has no two digits")
                }
                let decoded = high << 4 | low
                guard decoded >= 0x20, decoded != 0x7f, !"/\\.;".utf8.contains(decoded) else {
                    throw WireError("the path has a character that could be read in two ways")
                }
                bytes.append(decoded)
            } else {
                guard byte.isPathCharacter else {
                    throw WireError("the path has a character that could be read in two ways")
                }
                bytes.append(byte)
            }
        }
        for position in bytes.indices.dropLast(2) where bytes[position] == UInt8(ascii: "%") {
            guard bytes[position + 1].hexValue == nil || bytes[position + 2].hexValue == nil else {
                throw WireError("the path is encoded twice")
            }
        }
        return bytes
    }

    private static func encode(_ part: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in part {
            if byte.isPathCharacter {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension UInt8 {
    /// What stands plain in a path and means itself (RFC 3986 §3.3): all of `pchar` but the
    /// semicolon, at which some readers end a part.
    fileprivate var isPathCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case _: "-._~!$&'()*+,=:@".utf8.contains(self)
        }
    }
}
