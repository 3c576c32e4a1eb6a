import NIOCore
import NIOHTTP1

/// A message that is not taken: what two readers could understand in two ways is nobody's request.
struct WireError: Error, Equatable {
    let status: HTTPResponseStatus
    /// In words fit for whoever sent it.
    let problem: String

    init(_ problem: String, _ status: HTTPResponseStatus = .badRequest) {
        self.status = status
        self.problem = problem
    }
}

/// The head of an HTTP/1.1 message: its first line and its fields (RFC 9112 §2.1).
struct MessageHead: Equatable {
    var line: String
    var fields: HTTPHeaders
}

extension HTTPHeaders {
    /// The elements of a list of tokens in small letters.
    func tokens(_ name: String) -> [String] {
        self[canonicalForm: name].map { $0.lowercased() }
    }
}

/// Finds heads in what arrives, and takes none that breaks a rule: each line ends with CR LF and
/// there is neither of them anywhere else, no line is folded, no white space is before a colon.
struct HeadReader {
    /// Bytes that were looked at already.
    private var scanned = 0
    /// Where the line begins that is not whole yet.
    private var lineStart = 0

    /// Takes the next head out of `buffer`; nil if more is needed.
    mutating func next(_ buffer: inout ByteBuffer) throws(WireError) -> MessageHead? {
        let end = try findEnd(buffer.readableBytesView)
        let length = end ?? buffer.readableBytes
        guard length <= GatewayLimits.headBytes else {
            throw WireError("the head is too long", .requestHeaderFieldsTooLarge)
        }
        guard end != nil, let bytes = buffer.readBytes(length: length) else { return nil }
        (scanned, lineStart) = (0, 0)
        return try Self.parse(bytes)
    }

    /// How long the head is, its empty line included.
    private mutating func findEnd(_ view: ByteBufferView) throws(WireError) -> Int? {
        let start = view.startIndex
        var before = scanned > 0 ? view[start + scanned - 1] : 0
        for position in scanned..<view.count {
            let byte = view[start + position]
            if (byte == .lineFeed) != (before == .carriageReturn) {
                throw WireError("a line does not end with CR LF")
            }
            before = byte
            guard byte == .lineFeed else { continue }
            if position - lineStart == 1 {
                guard lineStart > 0 else { throw WireError("the first line is empty") }
                return position + 1
            }
            lineStart = position + 1
        }
        scanned = view.count
        return nil
    }

    private static func parse(_ bytes: [UInt8]) throws(WireError) -> MessageHead {
        let lines = bytes.dropLast(4).split(separator: .lineFeed, omittingEmptySubsequences: false)
            .map { $0.last == .carriageReturn ? $0.dropLast() : $0 }
        guard lines.count <= GatewayLimits.fields + 1 else {
            throw WireError("there are too many fields", .requestHeaderFieldsTooLarge)
        }
        guard lines[0].allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw WireError("the first line has a character that does not belong there")
        }
        var fields = HTTPHeaders()
        for line in lines.dropFirst() {
            let (name, value) = try field(line)
            fields.add(name: name, value: value)
        }
        return MessageHead(line: String(decoding: lines[0], as: UTF8.self), fields: fields)
    }

    private static func field(_ line: ArraySlice<UInt8>) throws(WireError) -> (String, String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw WireError("a field has no colon")
        }
        let name = line[..<colon]
        guard !name.isEmpty, name.allSatisfy(\.isTokenCharacter) else {
            throw WireError("the name of a field has a character that does not belong there")
        }
        var value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        guard value.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }),
            let text = String(validating: value, as: UTF8.self)
        else { throw WireError("a field has a character that does not belong there") }
        return (String(decoding: name, as: UTF8.self), text)
    }
}

extension UInt8 {
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")

    /// RFC 9110 §5.6.2.
    var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case _: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }

    /// The number that a hexadecimal digit stands for.
    var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        case _: nil
        }
    }
}
