import NIOHTTP1
import Testing

@testable import LockboxGateway

/// Cookies under Lockbox's names stay here, all others go on as they are.
struct BrowserCookieTests {
    @Test(arguments: [
        ("a=1; b=\"x\"", "a=1; b=\"x\""), ("a=1;b=2 ;c", "a=1;b=2 ;c"), ("", ""),
        ("__Host-lockbox-access=s", nil), ("a=1; __Host-lockbox-access=s", "a=1"),
        ("__Host-lockbox-access=s;a=1;b=2", "a=1; b=2"), ("a=1; lockbox=s; b=2", "a=1; b=2"),
        ("__HOST-Lockbox-Access=s; LOCKBOX-device=d; __Secure-lockbox=x", nil),
        ("a=\"; __Host-lockbox-access=s; b=\"", "a=\"; b=\""), (" lockbox =s", nil),
        ("lockboxes=1; my-lockbox=2", "lockboxes=1; my-lockbox=2"),
        ("a=1;\u{301}b=2; lockbox-x=s", "a=1; \u{301}b=2"),
    ])
    func whatIsOursDoesNotGoOn(_ field: String, _ passed: String?) {
        #expect(BrowserCookie.passed(field) == passed)
    }

    @Test(arguments: [
        ("__Host-lockbox-access=x; Secure; Path=/", true), (" LOCKBOX = x", true),
        ("lockbox-device", true), ("theme=lockbox; Path=/", false), ("a=1; lockbox=x", false),
        ("", false), (";lockbox=x", true),
    ])
    func applicationSetsNoneOfOurs(_ field: String, _ isOurs: Bool) {
        #expect(BrowserCookie.isOurs(setBy: field) == isOurs)
    }

    @Test func allThatIsShownIsFound() {
        let shown = BrowserCookie.values(in: [
            "Cookie": "a=1; __Host-lockbox-access=s; __host-lockbox-access=t",
            "cookie": "__Host-lockbox-access = u=v ;lockbox-access=w",
        ])
        #expect(shown == ["s", "u=v"])
        #expect(BrowserCookie.values(in: ["X-Cookie": "__Host-lockbox-access=s"]).isEmpty)
    }
}
