import NIOHPACK
import NIOHTTP1
import Testing

@testable import LockboxGateway

/// What a stream's fields become.
struct HTTP2MessagesTests {
    private static let plain: [(String, String)] = [
        (":method", "GET"), (":scheme", "https"), (":authority", "app.example"), (":path", "/a"),
    ]

    private static func head(
        _ changes: [String: String?] = [:],
        _ more: [(String, String)] = [],
        isWhole: Bool = true
    ) throws -> RequestHead {
        let kept = plain.compactMap { name, value in
            changes[name, default: value].map { (name, $0) }
        }
        return try RequestHead(HPACKHeaders(kept + more), isWhole: isWhole)
    }

    @Test func requestIsTheSameAsOfHTTP1() throws {
        let request = try Self.head(
            [:],
            [("cookie", "a=1"), ("te", "trailers"), ("cookie", "b=2")]
        )
        #expect(request.method == "GET" && request.target.text == "/a")
        #expect(request.host == "app.example" && !request.isWebSocket && request.keepsAlive)
        #expect(request.fields["cookie"] == ["a=1; b=2"])
        #expect(request.framing == .none)
        let named = try Self.head([":authority": nil], [("host", "other")])
        #expect(named.host == "other")
        #expect(try Self.head([:], [("host", "app.example")]).host == "app.example")
    }

    @Test(
        arguments: [
            ("POST", true, nil, BodyFraming.length(0)), ("POST", false, nil, .chunked),
            ("POST", false, "5", .length(5)), ("GET", true, nil, .none),
            ("GET", true, "0", .length(0)),
            ("DELETE", true, nil, .length(0)),
        ] as [(String, Bool, String?, BodyFraming)]
    )
    func bodyIsAsLongAsItIsSaidToBe(
        _ method: String,
        _ isWhole: Bool,
        _ length: String?,
        _ framing: BodyFraming
    ) throws {
        let more = length.map { [("content-length", $0)] } ?? []
        #expect(try Self.head([":method": method], more, isWhole: isWhole).framing == framing)
    }

    @Test(
        arguments: [
            ([":authority": nil], []), ([:], [("host", "other")]),
            ([:], [("host", "app.example"), ("host", "app.example")]), ([":scheme": "http"], []),
            ([":path": "*"], []), ([":path": "https://app.example/a"], []),
            ([":path": "/a//b"], []),
            ([":path": "/a b"], []), ([":path": nil], []), ([":authority": "eve@app.example"], []),
            ([":method": "get"], []), ([":method": "CONNECT", ":path": nil, ":scheme": nil], []),
            ([":method": "TRACE"], []), ([:], [("x-a", " b")]), ([:], [("x-a", "b\t")]),
            ([:], [("x-a", "b\u{7f}")]), ([:], [("x-a", "\u{FFFD}")]),
            ([:], [("x-a", "b\r\nc: d")]),
            ([:], [("content-length", "+5")]), ([:], [("expect", "200-ok")]),
            ([:], [("content-length", "1"), ("content-length", "1")]),
            ([:], (0..<100).map { ("x-\($0)", "") }),
        ] as [([String: String?], [(String, String)])]
    )
    func whatIsRefusedInHTTP1IsRefused(_ changes: [String: String?], _ more: [(String, String)]) {
        #expect(throws: WireError.self) { try Self.head(changes, more) }
    }

    @Test func bodyOfAMethodThatReadsIsRefused() {
        #expect(throws: WireError.self) { try Self.head(isWhole: false) }
    }
}
