import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxPortalWorld
import Testing

@testable import LockboxPortal

/// Every route of the portal with cookies and other headers that no browser sends. Forms and
/// addresses: `FormFuzzTests`.
struct HeaderFuzzTests {
    /// Requests for each route and person.
    private static let requests = 2 * FuzzRun.rounds

    @Test func noHeaderBreaksThePortalAndNoneOfThemChangesAnything() async throws {
        let trace = try FuzzTrace("portal-headers")
        var source = FuzzSource("portal-headers")
        try await PortalWorld.with { world in
            let request = try await world.approved().id.text
            try await world.opened(try await world.approved())
            // The first sign-in of a tenant's administrator is a change.
            _ = try await world.visit("/", as: "gita")
            let before = try await world.recordedChanges()
            // What goes on for as long as somebody looks wants a connection, and is tried with one in
            // `test_portal_live.py`.
            let routes = world.site.routes.filter { !$0.path.description.hasSuffix("/live") }
            for route in routes {
                for person in ["gita", "eve", nil] {
                    for _ in 0..<Self.requests {
                        let path = route.path.description.replacing(#/\{\w+\}/#, with: request)
                        let headers = Self.headers(&source)
                        let sent = "\(person ?? "nobody"): \(route.method) \(path) \(headers)"
                        try trace.tries(sent)
                        let answer = try await world.askRaw(
                            route.method,
                            path,
                            headers: headers,
                            body: route.method == .get ? [] : Array("csrf=1&key=2".utf8),
                            as: person
                        )
                        #expect(answer.status < 500, "\(sent)")
                    }
                }
            }
            #expect(try await world.recordedChanges().count == before.count)
        }
        try trace.end()
    }

    private static func headers(_ source: inout FuzzSource) -> [(String, String)] {
        (0...source.below(3)).map { _ in
            let name = source.pick(names)
            if name == "Cookie", !source.isOneIn(4) { return (name, cookie(&source)) }
            return (name, source.isOneIn(3) ? source.pick(values) : source.pick(OddText.all))
        }
    }

    private static func cookie(_ source: inout FuzzSource) -> String {
        (0...source.below(4)).map { _ in
            let name = source.pick(cookies)
            let value =
                source.isOneIn(3) ? String(repeating: "0", count: 64) : source.pick(OddText.all)
            return name + source.pick(["=", "=", "==", "", " = "]) + value
        }.joined(separator: source.pick(["; ", ";", ",", ";;"]))
    }

    private static let cookies = [
        "__Host-lockbox", "__Host-lockbox-device", "__Host-lockbox-done", "lockbox", "", "a",
    ]

    private static let names = [
        "Cookie", "Cookie", "Cookie", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode",
        "Accept", "Accept-Language", "Accept-Encoding", "Forwarded", "X-Forwarded-For",
        "X-Forwarded-Host", "If-None-Match", "If-Match", "If-Modified-Since", "Range",
        "Content-Type", "Content-Length", "Last-Event-ID", "Authorization", "Host", "Connection",
    ]

    private static let values = [
        "*", "null", "W/\"", "\"x\", \"", "bytes=9-1", "for=\"[::1]:80\"", "[::1", "text/html;q=",
        "https://[", "http://127.1:99999", "cross-site", "gzip;q=2", "text/event-stream",
        "application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data",
    ]
}
