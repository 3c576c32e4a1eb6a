import LockboxDomain
import LockboxIdentity
import Testing

/// Whom a limit is for: the other end of the connection, or whom our own proxy speaks for.
struct ClientAddressTests {
    private static func proxies(_ entries: String...) throws -> TrustedProxies {
        try TrustedProxies(entries)
    }

    @Test func withoutTrustedProxiesTheOtherEndIsTheClientWhateverItSays() {
        for fields in [[], ["203.0.113.9"], ["127.0.0.1", "203.0.113.9"]] {
            let client = TrustedProxies.none.client(peer: "192.0.2.1", forwardedFor: fields)
            #expect(client == ClientKey(address: "192.0.2.1"))
        }
    }

    @Test func whatAnUntrustedPeerSaysIsNotTaken() throws {
        let proxies = try Self.proxies("10.0.0.0/8", "2001:db8:1::/48")
        for peer in ["192.0.2.1", "11.0.0.1", "9.255.255.255"] {
            #expect(proxies.client(peer: peer, forwardedFor: ["203.0.113.9"]).address == peer)
        }
        let other = proxies.client(peer: "2001:db8:2::1", forwardedFor: ["203.0.113.9"])
        #expect(other.address == "20010db800020000/64")
    }

    @Test(arguments: [
        (["203.0.113.9"], "203.0.113.9"),
        // The client wrote the first itself; only the last was written by our proxy.
        (["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        (["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
        (["127.0.0.1,203.0.113.9"], "203.0.113.9"), (["10.9.9.9, 203.0.113.9"], "203.0.113.9"),
        // Two of our proxies in a row.
        (["203.0.113.9, 10.2.2.2"], "203.0.113.9"),
        (["198.51.100.7, 203.0.113.9 , 10.2.2.2"], "203.0.113.9"),
        // Some proxies write a port.
        (["203.0.113.9:4711"], "203.0.113.9"), (["[2001:db8:2:3::9]:443"], "20010db800020003/64"),
        (["[2001:db8:2:3::9]"], "20010db800020003/64"), (["::ffff:203.0.113.9"], "203.0.113.9"),
        // Nothing, or nothing that is an address: then it is the proxy, never somebody of the
        // client's choice.
        ([], "10.1.1.1"), ([""], "10.1.1.1"), (["unknown"], "10.1.1.1"),
        (["203.0.113.9, unknown"], "10.1.1.1"),
        (["203.0.113.9,"], "10.1.1.1"), (["203.0.113.9, 10.2.2.2, _hidden"], "10.1.1.1"),
        (["198.51.100.7, nonsense, 10.2.2.2"], "10.2.2.2"), (["203.0.113.256"], "10.1.1.1"),
        (["[2001:db8::1"], "10.1.1.1"), (["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
    ])
    func clientIsTheLastThatIsNoProxyOfOurs(_ fields: [String], _ expected: String) throws {
        let proxies = try Self.proxies("10.0.0.0/8")
        #expect(proxies.client(peer: "10.1.1.1", forwardedFor: fields).address == expected)
    }

    @Test func networkOfAnIPv6ClientIsOneClient() throws {
        let keys = ["2001:db8:2:3::1", "2001:DB8:2:3:ffff:ffff:ffff:ffff", "2001:db8:2:3::1%eth0"]
            .map {
                TrustedProxies.none.client(peer: $0, forwardedFor: []).address
            }
        #expect(Set(keys) == ["20010db800020003/64"])
        let next = TrustedProxies.none.client(peer: "2001:db8:2:4::1", forwardedFor: [])
        #expect(next.address == "20010db800020004/64")
        // One machine under two spellings is one client.
        #expect(
            TrustedProxies.none.client(peer: "::ffff:192.0.2.1", forwardedFor: []).address
                == "192.0.2.1"
        )
        #expect(
            TrustedProxies.none.client(peer: "unknown", forwardedFor: ["192.0.2.1"]).address
                == "unknown"
        )
    }

    @Test func networksAreReadByTheirBits() throws {
        let proxies = try Self.proxies("192.0.2.128/25", "198.51.100.7", "2001:db8::/33", "::1")
        for (peer, isTrusted) in [
            ("192.0.2.128", true), ("192.0.2.255", true), ("192.0.2.127", false),
            ("198.51.100.7", true),
            ("198.51.100.6", false), ("2001:db8:7fff::1", true), ("2001:db8:8000::1", false),
            ("::1", true),
            ("::ffff:198.51.100.7", true),
        ] {
            let client = proxies.client(peer: peer, forwardedFor: ["203.0.113.9"])
            #expect((client.address == "203.0.113.9") == isTrusted, "\(peer)")
        }
    }

    @Test(arguments: [
        "", "proxy", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0", "::/129",
        "10.0.0.0/+8", " ",
    ])
    func whatIsNoNetworkIsNamed(_ entry: String) {
        #expect(throws: TrustedProxies.BadEntry(entry: entry)) {
            _ = try TrustedProxies(["::1", entry])
        }
    }

    @Test func loopbackIsThisMachineOnly() {
        for peer in ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"] {
            #expect(isLoopback(peer), "\(peer)")
        }
        for peer in ["128.0.0.1", "10.0.0.1", "::2", "::", "unknown", "", "localhost"] {
            #expect(!isLoopback(peer), "\(peer)")
        }
    }

    @Test(
        arguments: [
            (["for=203.0.113.9"], [], "203.0.113.9"),
            (["for=\"203.0.113.9:4711\";proto=https;by=10.0.0.2"], [], "203.0.113.9"),
            (["For=\"[2001:db8:1:2::7]:80\""], [], "20010db800010002/64"),
            (["for=198.51.100.1, for=203.0.113.9, for=10.9.9.9"], [], "203.0.113.9"),
            (["for=198.51.100.1", "by=\"a,b\";for=203.0.113.9"], [], "203.0.113.9"),
            (["for=_hidden"], [], "10.1.1.1"), (["for=unknown"], [], "10.1.1.1"),
            (["proto=https"], [], "10.1.1.1"), ([""], [], "10.1.1.1"),
            (["for=203.0.113.9"], ["203.0.113.9"], "203.0.113.9"),
            (["for=198.51.100.1"], ["203.0.113.9"], "10.1.1.1"),
            (["for=_x"], ["203.0.113.9"], "10.1.1.1"),
            (["for=198.51.100.1"], ["unknown"], "10.1.1.1"),
            (["for=198.51.100.1"], ["10.9.9.9"], "10.1.1.1"),
            // Somebody left a quotation open before what the proxy added.
            (["for=198.51.100.1;x=\"", "for=203.0.113.9"], [], "10.1.1.1"),
            (["for=198.51.100.1;x=\", for=203.0.113.9"], [], "10.1.1.1"),
            (["for=198.51.100.1;x=\"", "for=\"[2001:db8::7]:80\""], [], "10.1.1.1"),
            (["for=198.51.100.1;x=\"a\\", "for=203.0.113.9"], [], "10.1.1.1"),
        ] as [([String], [String], String)]
    )
    func proxyMayUseTheFieldOfTheStandard(
        _ forwarded: [String],
        _ older: [String],
        _ expected: String
    ) throws {
        let proxies = try TrustedProxies(["10.0.0.0/8"])
        let client = proxies.client(peer: "10.1.1.1", forwardedFor: older, forwarded: forwarded)
        #expect(client.address == expected)
        let stranger = proxies.client(peer: "192.0.2.1", forwardedFor: [], forwarded: forwarded)
        #expect(stranger.address == "192.0.2.1")
    }

    // MARK: - The whole address

    @Test(arguments: [
        ("203.0.113.9", "203.0.113.9"), ("203.0.113.9:4711", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"), ("[2001:db8:2:3::9]:443", "2001:db8:2:3::9"),
        ("198.51.100.7, 2001:DB8:2:3:0:0:0:9", "2001:db8:2:3::9"),
    ])
    func wholeAddressIsKnownWhereAProxySaysIt(_ field: String, _ expected: String) throws {
        let proxies = try Self.proxies("10.0.0.0/8")
        let client = proxies.client(peer: "10.1.1.1", forwardedFor: [field])
        #expect(client.exact?.description == expected)
        let other = TrustedProxies.none.client(peer: "192.0.2.1", forwardedFor: [field])
        #expect(other.exact?.description == "192.0.2.1")
    }

    @Test func nobodyComesFromTheAddressOfAProxyByMakingItsWordUnclear() throws {
        let proxies = try Self.proxies("10.0.0.0/8")
        for fields in [[], [""], ["unknown"], ["203.0.113.9, unknown"], ["10.2.2.2"]] {
            #expect(proxies.client(peer: "10.1.1.1", forwardedFor: fields).exact == nil)
        }
        let both = proxies.client(
            peer: "10.1.1.1",
            forwardedFor: ["203.0.113.9"],
            forwarded: ["for=10.7.7.7"]
        )
        #expect(both.exact == nil)
        #expect(ClientKey(address: "a socket").exact == nil)
    }
}
