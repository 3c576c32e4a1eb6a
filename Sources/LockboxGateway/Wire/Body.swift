import NIOCore
import NIOHTTP1

/// How a message says where its body ends (RFC 9112 §6).
enum BodyFraming: Equatable {
    case none
    case length(Int)
    case chunked
    /// With the connection: answers only.
    case untilClose
}

extension BodyFraming {
    /// What the fields of a message say; nil if they say nothing. Said twice, or in both ways, is
    /// refused, whatever the values are.
    init?(_ fields: HTTPHeaders) throws(WireError) {
        let lengths = fields["content-length"]
        let codings = fields["transfer-encoding"]
        if !codings.isEmpty {
            guard lengths.isEmpty else { throw WireError("the body's length is said in two ways") }
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw WireError("the transfer coding is not chunked", .notImplemented)
            }
            self = .chunked
        } else if let text = lengths.first {
            guard lengths.count == 1, (1...15).contains(text.utf8.count),
                text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let length = Int(text)
            else { throw WireError("Content-Length is not one number") }
            self = .length(length)
        } else {
            return nil
        }
    }
}

extension ByteBuffer {
    /// What ends a body in chunks.
    static let lastChunk = ByteBuffer(string: "0\r\n\r\n")

    /// The parts of a chunk with these bytes, which are not none.
    var asChunk: [ByteBuffer] {
        let size = String(readableBytes, radix: 16)
        return [ByteBuffer(string: "\(size)\r\n"), self, ByteBuffer(string: "\r\n")]
    }

    /// Puts `bytes` behind what was not taken yet.
    mutating func append(_ bytes: ByteBuffer) {
        guard readableBytes > 0 else { return self = bytes }
        discardReadBytes()
        writeImmutableBuffer(bytes)
    }
}

/// Takes a body out of what arrives. Of chunks it takes the plainest form only: a size of up to
/// eight digits, no extensions, lines that end with CR LF.
struct BodyReader {
    private enum State: Equatable {
        /// This many bytes of the body, or of its chunk, are to come.
        case data(Int)
        case chunkSize
        case chunkEnd
        case trailer
        case untilClose
        case done
    }

    private var state: State
    private let isChunked: Bool
    /// Whether fields after the last chunk are dropped, and not refused.
    private let dropsTrailers: Bool
    private var trailerBytes = 0

    init(_ framing: BodyFraming, dropsTrailers: Bool) {
        isChunked = framing == .chunked
        self.dropsTrailers = dropsTrailers
        switch framing {
        case .none, .length(0): state = .done
        case .length(let length): state = .data(length)
        case .chunked: state = .chunkSize
        case .untilClose: state = .untilClose
        }
    }

    var isDone: Bool { state == .done }
    /// Whether the end of the connection ends the body.
    var endsWithConnection: Bool { state == .untilClose }

    /// Takes the next bytes of the body out of `buffer`; nil if there are none (any more), which
    /// `isDone` tells apart.
    mutating func next(_ buffer: inout ByteBuffer) throws(WireError) -> ByteBuffer? {
        while true {
            switch state {
            case .done: return nil
            case .untilClose:
                return buffer.readableBytes > 0
                    ? buffer.readSlice(length: buffer.readableBytes) : nil
            case .data(let left):
                let length = min(left, buffer.readableBytes)
                guard length > 0, let slice = buffer.readSlice(length: length) else { return nil }
                state = left > length ? .data(left - length) : isChunked ? .chunkEnd : .done
                return slice
            case .chunkEnd:
                guard let line = try line(&buffer, limit: 2) else { return nil }
                guard line.isEmpty else { throw WireError("a chunk is longer than it says") }
                state = .chunkSize
            case .chunkSize:
                guard let line = try line(&buffer, limit: 10) else { return nil }
                let size = try Self.size(line)
                state = size > 0 ? .data(size) : .trailer
            case .trailer:
                let limit = dropsTrailers ? GatewayLimits.headBytes - trailerBytes : 2
                guard let line = try line(&buffer, limit: limit) else { return nil }
                trailerBytes += line.count + 2
                if line.isEmpty { state = .done }
            }
        }
    }

    private static func size(_ digits: [UInt8]) throws(WireError) -> Int {
        guard !digits.isEmpty else { throw WireError("a chunk has no size") }
        var size = 0
        for digit in digits {
            guard let value = digit.hexValue else { throw WireError("a chunk's size is not plain") }
            size = size * 16 + Int(value)
        }
        return size
    }

    /// A line without its end; `limit` counts both.
    private func line(_ buffer: inout ByteBuffer, limit: Int) throws(WireError) -> [UInt8]? {
        let view = buffer.readableBytesView.prefix(limit)
        guard let end = view.firstIndex(of: .lineFeed) else {
            guard view.count < limit else { throw WireError("a chunk's line is too long") }
            return nil
        }
        let length = end - view.startIndex + 1
        guard length >= 2, view[end - 1] == .carriageReturn,
            let bytes = buffer.readBytes(length: length)
        else { throw WireError("a chunk's line does not end with CR LF") }
        return bytes.dropLast(2)
    }
}
