import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import NIOCore
import NIOHTTP1
import Testing

@testable import LockboxGateway

/// What requests need at a service that says so line by line.
struct ActionRulesTests {
    private static func needed(
        _ request: String,
        read: [String] = [],
        write: [String] = [],
        isWebSocket: Bool = false
    ) throws -> Actions? {
        var settings = Fixture.service("web", kind: "http", resourceType: "site")
        settings.own =
            #"{"actions":{"read":\#(read),"write":\#(write)},"#
            + #""gateway":{"listen":"127.0.0.1:1","upstream":"http://127.0.0.1:1"}}"#
        let gateway = try #require(HTTPKind.gateway(of: settings))
        let service = try GatewayService(settings, gateway) { _ in "" }
        let upgrade =
            "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: x\r\n"
        var text = ByteBuffer(
            string: "\(request) HTTP/1.1\r\nHost: a\r\n\(isWebSocket ? upgrade : "")\r\n"
        )
        var reader = HeadReader()
        let head = try RequestHead(try #require(try reader.next(&text)))
        return service.actions(for: head)
    }

    private static let read = ["GET /**", "HEAD /**", "POST /search", "POST /api/*/query"]
    private static let write = ["* /items/**", "PUT /**", "GET /admin/**"]

    @Test(
        arguments: [
            ("GET /", Actions.read), ("GET /a/b?c=/admin", .read), ("HEAD /admin/x", .read),
            ("POST /search", .read), ("POST /search/", .read), ("POST /search?q=1", .read),
            ("POST /%73earch", .read), ("POST /x/../search", .read), ("POST /api/v1/query", .read),
            ("POST /Search", nil), ("POST /search/x", nil), ("POST /", nil), ("DELETE /a", nil),
            ("POST /api/query", nil), ("POST /api/a/b/query", nil), ("POST /api/v1/query/x", nil),
            ("OPTIONS /a", nil), ("WEBSOCKET /a", nil), ("WEBSOCKET /items/1", nil),
            ("POST /items", .write), ("DELETE /items/1/2", .write), ("DELETE /ITEMS/1", .write),
            ("PUT /", .write), ("GET /items/1", .write), ("GET /admin", .write),
            ("GET /admin/", .write), ("GET /admin/a", .write), ("GET /Admin/a", .write),
            ("GET /%41DM%49N/a", .write), ("GET /a/../admin/b", .write),
            ("GET /administrator", .read),
            ("GET /x/admin", .read), ("GET /a/%61dmin", .read),
        ] as [(String, Actions?)]
    )
    func linesSayWhatIsNeeded(_ request: String, _ needed: Actions?) throws {
        #expect(try Self.needed(request, read: Self.read, write: Self.write) == needed)
    }

    @Test(arguments: [
        "GET //admin/a", "GET /a//b", "GET /admin%2fa", "GET /x/..;/admin", "GET /x/..%3b/admin",
        "GET /admin;x/a", "GET /%2e%2e/admin", "GET /..", "GET /admin%00", "GET /admin%5ca",
        "GET /%2561dmin", "TRACE /", "CONNECT /",
    ])
    func whatCouldBeAnotherPathIsNotComparedAtAll(_ request: String) {
        #expect(throws: WireError.self) {
            try Self.needed(request, read: ["GET /**"], write: ["* /**"])
        }
    }

    /// Writing, unless the line for writing is the wider one.
    @Test(arguments: [
        ("GET /**", "* /**", Actions.read), ("GET /a/**", "GET /**", .read),
        ("GET /a/b", "GET /*/b", .read), ("GET /a/**", "GET /*/**", .read),
        ("GET /a/b", "GET /a/b/**", .read), ("GET /**", "GET /a/**", .write),
        ("GET /**", "* /a/**", .write), ("GET /a/**", "GET /*/b", .write),
        ("GET /*/b", "GET /a/*", .write), ("* /a/b", "GET /a/b", .write),
        ("GET /a/**", "GET /a/*", .write), ("GET /a/*", "GET /A/*", .write),
    ])
    func linesOfBothListsNameIt(_ read: String, _ write: String, _ needed: Actions) throws {
        #expect(try Self.needed("GET /a/b", read: [read], write: [write]) == needed)
    }

    @Test(
        arguments: [
            (["GET /**"], [], Actions.write), (["WEBSOCKET /a"], [], .read),
            ([], ["GET /a"], .write),
            ([], ["* /**"], .write), (["* /**"], [], .write), ([], ["WEBSOCKET /a"], .write),
            (["WEBSOCKET /a"], ["* /**"], .read), (["WEBSOCKET /b"], ["POST /**"], nil),
            (["WEBSOCKET /**"], ["WEBSOCKET /a"], .write),
        ] as [([String], [String], Actions?)]
    )
    func socketWritesUnlessALineSaysThatItReads(
        _ read: [String],
        _ write: [String],
        _ needed: Actions?
    ) throws {
        #expect(
            try Self.needed("GET /a", read: read, write: write, isWebSocket: true) == needed
        )
    }
}
