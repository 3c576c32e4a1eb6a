import LockboxPorts
import Testing

struct ThisMachineTests {
    @Test(arguments: [
        ("localhost", true), ("LocalHost", true), ("127.0.0.1", true), ("127.255.0.9", true),
        ("::1", true), ("[::1]", true), ("", false), ("127.", false), ("127.evil.example", false),
        ("127.0.0.1.evil.example", false), ("127.0.0", false), ("127.0.0.1.", false),
        ("127.0.0.256", false), ("127..0.1", false), ("127.0.+1.1", false), ("0127.0.0.1", false),
        ("127.0.0.\u{0661}", false), ("localhost.evil.example", false), ("[localhost", false),
        ("localhost.", false), ("128.0.0.1", false), ("::11", false), ("0.0.0.0", false),
    ])
    func onlyThisMachineIsTakenForIt(_ host: String, _ isIt: Bool) {
        #expect(isThisMachine(host) == isIt)
    }
}
