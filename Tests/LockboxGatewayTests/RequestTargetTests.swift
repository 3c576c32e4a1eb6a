import Testing

@testable import LockboxGateway

/// Which paths go through, and as what.
struct RequestTargetTests {
    @Test(arguments: [
        ("/", "/"), ("/a", "/a"), ("/a/", "/a/"), ("/a?b=/../c%2f;d", "/a?b=/../c%2f;d"),
        ("/%61%2D%7e", "/a-~"), ("/a/./b/../c", "/a/c"), ("/a/..", "/"), ("/a/b/.", "/a/b/"),
        ("/%c3%a9/100%25", "/%C3%A9/100%25"), ("/a?", "/a?"),
    ])
    func pathIsDecodedOnce(_ raw: String, _ text: String) throws {
        let target = try RequestTarget(raw)
        #expect(target.text == text)
        #expect(try RequestTarget(target.text) == target)
    }

    @Test(arguments: [
        "", "a", "*", "http://app/a", "//a", "/a//b", "/..", "/a/../..", "/%2e%2e/a", "/%2E/a",
        "/a%2fb", "/a%5cb", "/a\\b", "/a;b", "/a%3Bb", "/%00", "/%0d%0a", "/%7f", "/%zz", "/%2",
        "/%252e", "/%25%32%65", "/%c0%ae", "/%ff", "/a b", "/é", "/a#b", "/a[b]", "/a?b c",
        "/?token=lbc_0123456789abcdef", "/?t=%6cbc_0123456789abcdef", "/lbc_0123456789abcdef",
    ])
    func whatCouldBeReadInTwoWaysIsRefused(_ raw: String) {
        #expect(throws: WireError.self) { try RequestTarget(raw) }
    }
}
