import Testing

@testable import LockboxPortal

/// Texts that come in with an address.
struct PlaceTests {
    @Test(arguments: ["/lockbox/LBX-1?a=b", "/", "/audit?text=a%20b"])
    func pathOfOurOwnIsKept(_ path: String) { #expect(path.asLocalPath == path) }

    @Test(arguments: [
        "//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "/a\r\nSet-Cookie: x", "/a b",
    ])
    func whatABrowserCouldTakeForAnotherSiteIsDropped(_ path: String) { #expect(path.asLocalPath == nil) }

    @Test func everythingThatCouldEndAValueIsEncoded() {
        #expect("/lockbox/LBX-1?a=b&c#d".asQueryValue == "/lockbox/LBX-1%3Fa%3Db%26c%23d")
    }
}
