import LockboxDomain
import Testing

/// Addresses and networks as people write them, and which of them contain which.
struct AddressRangeTests {
    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("192.0.2.7/32", "192.0.2.7"), ("192.0.2.0/24", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.0/8", "10.0.0.0/8"), ("128.0.0.0/1", "128.0.0.0/1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("2001:db8::/32", "2001:db8::/32"),
        ("::", "::"), ("::1", "::1"), ("::/0", "::/0"), ("1::", "1::"),
        ("2001:0db8:0001:0000:0000:0001:0000:0000", "2001:db8:1::1:0:0"),
        ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"),
        ("2001:db8::8000:0:0:0/65", "2001:db8:0:0:8000::/65"),
        ("fe80::/10", "fe80::/10"),
    ])
    func isReadAndWrittenInOneForm(_ text: String, _ written: String) throws {
        let range = try #require(AddressRange(text))
        #expect(range.description == written)
        #expect(AddressRange(range.description) == range)
    }

    @Test(arguments: [
        "", " ", "192.0.2", "192.0.2.0.1", "192.0.2.256", "192.0.2.01", "192.0.2.-1", "192.0.2.",
        ".192.0.2", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/024", "192.0.2.0/+4", "192.0.2.0/24/8",
        "/24", "192.0.2.1/24", " 192.0.2.1", "192.0.2.1 ", "192.0.2.1:80", "1e1.0.0.0", "٣.0.0.0",
        "0x10.0.0.1", "192.0.2.0-192.0.2.9", "localhost",
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8",
        "12345::", "g::", "::1%eth0", "[::1]", "::1/129", "2001:db8::1/32", "::ffff:192.0.2.1",
        "::ffff:c000:201", "::ffff:0:0/96", "::192.0.2.1", ":1::", "1:::2",
    ])
    func whatIsNotWrittenStrictlyIsNone(_ text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test func networkContainsItsAddressesAndSmallerNetworksAndNoOthers() throws {
        func range(_ text: String) throws -> AddressRange { try #require(AddressRange(text)) }
        let net = try range("192.0.2.128/25")
        for inside in ["192.0.2.128", "192.0.2.255", "192.0.2.128/25", "192.0.2.192/26"] {
            #expect(net.contains(try range(inside)), "\(inside)")
        }
        for outside in ["192.0.2.127", "192.0.3.128", "192.0.2.0/24", "::c000:280", "0.0.0.0/0"] {
            #expect(!net.contains(try range(outside)), "\(outside)")
        }
        let six = try range("2001:db8:4000::/34")
        #expect(six.contains(try range("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff")))
        #expect(!six.contains(try range("2001:db8:8000::")))
        #expect(try range("::/0").contains(try range("::1")))
        #expect(!(try range("::/0").contains(try range("192.0.2.1"))))
    }

    @Test func addressInAnIPv6AddressIsTheIPv4Address() throws {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]
        #expect(AddressRange(address: mapped) == AddressRange("192.0.2.1"))
        #expect(AddressRange(address: [192, 0, 2]) == nil)
    }
}
