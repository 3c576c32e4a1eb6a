import Foundation
package import LockboxDomain
import MerkleLog

/// Where an attempt comes from. It lets nobody in: limits are counted by it, and it narrows what a
/// secret that is right is good for.
package struct ClientKey: Hashable, Sendable {
    /// An IPv4 address, or the first half of an IPv6 address: whoever has one address of such a
    /// network has all of it.
    package let address: String
    /// What the browser's long-lived cookie says; nil where there is none.
    package let device: String?
    /// The whole address; nil where nobody knows it: where it cannot be read, and where a proxy of
    /// ours did not say, or not clearly, whom it speaks for.
    package let exact: AddressRange?

    package init(address: String, device: String? = nil) {
        self.init(address: address, exact: AddressRange(address), device: device)
    }

    fileprivate init(address: String, exact: AddressRange?, device: String? = nil) {
        self.address = address
        self.exact = exact
        self.device = device
    }

    /// The same place with what a browser says of itself.
    package func with(device: String?) -> ClientKey {
        ClientKey(address: address, exact: exact, device: device)
    }
}

/// The proxies whose word about their clients is taken.
package struct TrustedProxies: Sendable {
    private let networks: [AddressRange]

    /// Nobody's word is taken: the other end of the connection is the client.
    package static let none = TrustedProxies(networks: [])

    /// An entry that is neither an address nor a network such as `10.0.0.0/8`.
    package struct BadEntry: Error, Hashable, Sendable {
        package let entry: String

        package init(entry: String) { self.entry = entry }
    }

    package init(_ entries: [String]) throws(BadEntry) {
        var networks: [AddressRange] = []
        for entry in entries {
            guard let network = AddressRange(network: entry) else { throw BadEntry(entry: entry) }
            networks.append(network)
        }
        self.networks = networks
    }

    private init(networks: [AddressRange]) { self.networks = networks }

    /// Whether `peer`, the other end of a connection, is one of them.
    package func contains(_ peer: String) -> Bool {
        guard let address = IPAddress(peer) else { return false }
        return networks.contains { $0.contains(address) }
    }

    /// The client behind `peer`, the other end of the connection. If that is a trusted proxy, it is
    /// the last address in the fields `X-Forwarded-For` or `Forwarded` (RFC 7239) that is not one
    /// too; what stands before that, anybody may have written.
    ///
    /// A proxy writes one of the two and lets the other through as its client sent it. Where both are
    /// there and name different clients, or one names none, nobody knows which is the proxy's, and
    /// the proxy is taken for the client: who sends the other field gains nothing by it.
    package func client(
        peer: String,
        forwardedFor fields: [String],
        forwarded: [String] = []
    ) -> ClientKey {
        guard let proxy = IPAddress(peer) else { return ClientKey(address: peer) }
        let hops = fields.joined(separator: ",").split(
            separator: ",",
            omittingEmptySubsequences: false
        )
        let named = Set(
            (fields.isEmpty ? [] : [client(behind: proxy, hops.map { IPAddress(hop: $0) })])
                + (forwarded.isEmpty ? [] : [client(behind: proxy, Forwarded.clients(forwarded))])
        )
        let agreed = named.count == 1 ? named.first : nil
        let client = agreed ?? proxy
        // Whoever makes a proxy's word unclear must not come from its address for that.
        let isKnown = !networks.contains { $0.contains(client) }
        return ClientKey(
            address: client.limitKey,
            exact: isKnown ? AddressRange(address: client.bytes) : nil
        )
    }

    /// `hops` are the addresses that proxies said they speak for, the nearest last.
    private func client(behind proxy: IPAddress, _ hops: [IPAddress?]) -> IPAddress {
        var client = proxy
        for hop in hops.reversed() {
            // A proxy that does not say whom it speaks for is the client itself.
            guard networks.contains(where: { $0.contains(client) }), let before = hop else { break }
            client = before
        }
        return client
    }
}

/// The field `Forwarded` (RFC 7239 §4).
private enum Forwarded {
    /// What `for` says in each element; nil where it is missing, hidden (§6.3) or unknown (§6.2).
    /// One nil is all that is said where a quotation does not end: whoever left it open would have
    /// swallowed what the proxy added behind it.
    static func clients(_ fields: [String]) -> [IPAddress?] {
        guard let elements = elements(fields.joined(separator: ","), separator: ",") else {
            return [nil]
        }
        return elements.map { element in
            for pair in Self.elements(element, separator: ";") ?? [] {
                let parts = pair.split(
                    separator: "=",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                guard parts.count == 2,
                    parts[0].trimmingCharacters(in: .whitespaces).lowercased() == "for"
                else { continue }
                let value = parts[1].trimmingCharacters(in: .whitespaces)
                return IPAddress(hop: Substring(value.filter { $0 != "\"" && $0 != "\\" }))
            }
            return nil
        }
    }

    /// The parts of `text` between separators that are not within quotes; nil where a quote is left
    /// open.
    private static func elements(_ text: String, separator: Unicode.Scalar) -> [String]? {
        guard !text.isEmpty else { return [] }
        var parts = [String.UnicodeScalarView()]
        var (isQuoted, isEscaped) = (false, false)
        for scalar in text.unicodeScalars {
            if scalar == separator, !isQuoted {
                parts.append(.init())
                continue
            }
            if scalar == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = scalar == "\\" && isQuoted && !isEscaped
            parts[parts.count - 1].append(scalar)
        }
        return isQuoted ? nil : parts.map { String($0) }
    }
}

/// An address of the Internet Protocol, as its bytes: 4 or 16.
struct IPAddress: Hashable {
    let bytes: [UInt8]

    init?(_ text: some StringProtocol) {
        // A zone names an interface of this machine and is no part of the address.
        let text = String(text.prefix { $0 != "%" })
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = AddressRange(address: bytes)?.bytes ?? bytes
        } else {
            return nil
        }
    }

    /// One element of `X-Forwarded-For`, which some proxies write with a port.
    init?(hop: Substring) {
        let text = hop.trimmingCharacters(in: .whitespaces)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            self.init(text[text.index(after: text.startIndex)..<end])
        } else if text.count(where: { $0 == ":" }) == 1 {
            self.init(text.prefix { $0 != ":" })
        } else {
            self.init(text)
        }
    }

    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
    }

    fileprivate var limitKey: String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        return Hex.encode(bytes.prefix(8)) + "/64"
    }
}

extension AddressRange {
    /// As an operator writes it, who may leave bits behind those that count.
    fileprivate init?(network text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        var bits = address.bytes.count * 8
        if parts.count == 2 {
            guard parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), let given = Int(parts[1])
            else { return nil }
            bits = given
        }
        self.init(network: address.bytes, bits: bits)
    }

    fileprivate func contains(_ address: IPAddress) -> Bool {
        AddressRange(address: address.bytes).map(contains) ?? false
    }
}

/// Whether `peer`, the other end of a connection, is on this machine.
package func isLoopback(_ peer: String) -> Bool { IPAddress(peer)?.isLoopback ?? false }
