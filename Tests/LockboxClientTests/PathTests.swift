import LockboxClient
import Testing

@Suite struct PathTests {
    @Test func partsCannotLeaveTheirPlace() {
        #expect(Path("v1", "requests", "../x?y#z").text == "/v1/requests/..%2Fx%3Fy%23z")
        #expect(Path("v1", "..").text == "/v1/%2E%2E")
        #expect(Path("v1", "é \r\n").text == "/v1/%C3%A9%20%0D%0A")
    }

    @Test func queryLeavesOutWhatIsNotGiven() {
        let path = Path("v1", "requests", query: ["state": "active", "tenant": nil]).adding([
            "text": "a&b=c"
        ])
        #expect(path.text == "/v1/requests?state=active&text=a%26b%3Dc")
    }

    @Test func tilesAreAppendedPartByPart() {
        #expect(
            Path("v1").appending("log/tile/entries/x001/067.p/8").text
                == "/v1/log/tile/entries/x001/067.p/8"
        )
    }
}
