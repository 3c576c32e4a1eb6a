import AsyncHTTPClient
import LockboxClient
import NIOCore
import NIOHTTP1
import Testing

/// What a command line takes from whoever comes to the port where it waits for the browser.
struct BrowserAnswerTests {
    private static func status(_ address: String, method: String = "GET") async throws -> UInt {
        var request = HTTPClientRequest(url: address)
        request.method = .init(rawValue: method)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        _ = try await response.body.collect(upTo: 4096)
        return response.status.code
    }

    @Test func onlyTheAnswerWithItsStateCounts() async throws {
        let answer = try await BrowserAnswer.expected(state: "s 0")
        let place = answer.address.dropLast("/callback".count)
        async let fields = answer.fields(within: .seconds(60))
        for (path, method) in [
            ("/callback", "GET"), ("/", "GET"), ("/favicon.ico", "GET"),
            ("/callback?code=x", "GET"), ("/callback?state=other&code=x", "GET"),
            ("/callback?state=s+0&state=s+0&code=x", "GET"), ("/callback?state=s+0&code=x", "POST"),
            ("/other?state=s+0&code=x", "GET"), ("/callback?state=%FF", "GET"),
        ] {
            #expect(try await Self.status(place + path, method: method) == 404, "\(method) \(path)")
        }
        #expect(try await Self.status(answer.address + "?code=a%2Bb&state=s+0&iss=i") == 200)
        #expect(await fields == ["code": "a+b", "state": "s 0", "iss": "i"])
    }

    @Test func whoeverWaitsInVainIsToldSo() async throws {
        let answer = try await BrowserAnswer.expected(state: "s0")
        #expect(await answer.fields(within: .milliseconds(1)) == nil)
    }
}
