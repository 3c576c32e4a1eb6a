import NIOCore
import NIOHTTP1
import Testing

@testable import LockboxGateway

/// What is a message, and what is nobody's.
struct MessageHeadTests {
    private static func read(_ text: String, inPieces: Bool = false) throws -> MessageHead? {
        var reader = HeadReader()
        var buffer = ByteBuffer()
        for byte in text.utf8 {
            buffer.writeInteger(byte)
            if inPieces, let head = try reader.next(&buffer) { return head }
        }
        return try reader.next(&buffer)
    }

    @Test(arguments: [true, false])
    func headIsReadHoweverItArrives(_ inPieces: Bool) throws {
        let text = "GET /a HTTP/1.1\r\nHost: a\r\nX-A:\t b c \r\nX-B:\r\n\r\n"
        let head = try #require(try Self.read(text, inPieces: inPieces))
        #expect(head.line == "GET /a HTTP/1.1")
        #expect(head.fields["x-a"] == ["b c"] && head.fields["x-b"] == [""])
        #expect(try Self.read(String(text.dropLast(1)), inPieces: inPieces) == nil)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "\r\nGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: a\r\n\r\n", "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 40_000),
        "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 101) + "\r\n",
    ])
    func whatBreaksARuleIsRefused(_ text: String) {
        for inPieces in [true, false] {
            #expect(throws: WireError.self) { try Self.read(text, inPieces: inPieces) }
        }
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.0", ["Host: a"], 505), ("GET  / HTTP/1.1", ["Host: a"], 400),
            ("GET / HTTP/1.1", [], 400),
            ("get / HTTP/1.1", ["Host: a"], 501), ("GET / HTTP/1.1", ["Host: a/b"], 400),
            ("GET / HTTP/1.1", ["Host: a", "Expect: more"], 417),
            ("GET / HTTP/1.1", ["Host: a", "Upgrade: tls"], 400),
            ("PUT / HTTP/1.1", ["Host: a", "Content-Length: 9999999999999"], 413),
            ("PUT / HTTP/1.1", ["Host: a", "Transfer-Encoding: gzip, chunked"], 501),
        ] as [(String, [String], Int)]
    )
    func whatIsNoRequestIsAnsweredAsThat(_ line: String, _ fields: [String], _ status: Int) throws {
        let text = ([line] + fields + ["", ""]).joined(separator: "\r\n")
        let head = try #require(try Self.read(text))
        let error = #expect(throws: WireError.self) { try RequestHead(head) }
        #expect(error.map { Int($0.status.code) } == status)
    }

    @Test func answersEndWhereTheySay() throws {
        for (line, fields, method, framing) in [
            ("HTTP/1.1 200 OK", ["Content-Length: 5"], "GET", .length(5)),
            ("HTTP/1.1 200", ["Content-Length: 5"], "HEAD", .none),
            ("HTTP/1.1 304 No", ["Content-Length: 5"], "GET", .none),
            ("HTTP/1.1 200 OK", ["Transfer-Encoding: Chunked"], "GET", .chunked),
            ("HTTP/1.0 200 OK", [], "GET", .untilClose),
        ] as [(String, [String], String, BodyFraming)] {
            let text = ([line] + fields + ["", ""]).joined(separator: "\r\n")
            let head = try #require(try Self.read(text))
            #expect(try ResponseHead(head, to: method).framing == framing, "\(line)")
        }
    }
}

/// Where a body ends.
struct BodyReaderTests {
    private static func read(_ text: String, _ framing: BodyFraming, dropsTrailers: Bool = false)
        throws
        -> (body: String, rest: String)?
    {
        var reader = BodyReader(framing, dropsTrailers: dropsTrailers)
        var (buffer, body) = (ByteBuffer(), "")
        // Byte by byte, so that every place to be cut is tried.
        for byte in text.utf8 {
            buffer.writeInteger(byte)
            while let part = try reader.next(&buffer) { body += String(buffer: part) }
        }
        return reader.isDone ? (body, String(buffer: buffer)) : nil
    }

    @Test func bodyIsTakenAndWhatFollowsIsLeft() throws {
        for (text, framing) in [
            ("plansnext", .length(5)), ("5\r\nplans\r\n0\r\n\r\nnext", .chunked),
            ("2\r\npl\r\n03\r\nans\r\n000\r\n\r\nnext", .chunked),
        ] as [(String, BodyFraming)] {
            let read = try #require(try Self.read(text, framing))
            #expect(read.body == "plans" && read.rest == "next")
        }
        #expect(try Self.read("plan", .length(5)) == nil)
        #expect(try Self.read("5\r\nplans\r\n0\r\n", .chunked) == nil)
        let trailed = try Self.read("1\r\na\r\n0\r\nX: b\r\n\r\n", .chunked, dropsTrailers: true)
        #expect(trailed?.body == "a" && trailed?.rest == "")
    }

    @Test(arguments: [
        "5;a\r\nplans\r\n0\r\n\r\n", "5\nplans\r\n", "5\r\nplans0\r\n", "\r\nplans", "0x5\r\nplans",
        "123456789\r\n", "5 \r\nplans\r\n", "0\r\nX: b\r\n\r\n", "0\r\n\n",
    ])
    func chunksThatAreNotPlainAreRefused(_ text: String) {
        #expect(throws: WireError.self) { try Self.read(text, .chunked) }
    }
}

/// Between which bytes of a WebSocket one of our frames can stand.
struct FrameBoundaryTests {
    @Test func boundariesAreFoundHoweverFramesArrive() {
        let frames: [[UInt8]] = [
            [0x81, 2, 1, 2], [0x81, 0], [0x81, 126, 0, 200] + [UInt8](repeating: 7, count: 200),
            [0x81, 0x82, 9, 9, 9, 9, 1, 2],
            [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0, count: 65_536),
        ]
        var boundary = FrameBoundary()
        for frame in frames {
            for byte in frame.dropLast() {
                boundary.pass([byte])
                #expect(!boundary.isBetween)
            }
            boundary.pass(frame.suffix(1))
            #expect(boundary.isBetween)
        }
        boundary.pass(frames.joined().map { $0 })
        #expect(boundary.isBetween)
        boundary.pass(frames.joined().dropLast().map { $0 })
        #expect(!boundary.isBetween)
    }
}
