import Foundation

/// An origin as browsers compare it (RFC 6454 §4, WHATWG URL §4.7): scheme, host in ASCII, and the
/// port unless it is the scheme's own. Every way to write one address gives one origin.
package struct WebOrigin: Hashable, Sendable, CustomStringConvertible {
    package let scheme: String
    /// In ASCII and lower case.
    package let host: String
    private let port: Int?

    /// The origin of a web address; nil for anything else, `null` included.
    package init?(_ address: String) {
        guard let parts = URLComponents(string: address), let scheme = parts.scheme?.lowercased(),
            let usual = ["http": 80, "https": 443][scheme],
            let written = parts.encodedHost?.removingPercentEncoding, !written.isEmpty
        else { return nil }
        self.scheme = scheme
        host = Self.address(written) ?? written.lowercased()
        port = parts.port == usual ? nil : parts.port
    }

    package var description: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    /// An address of the Internet Protocol in its one form; nil for a name.
    private static func address(_ host: String) -> String? {
        let inner = host.hasPrefix("[") ? String(host.dropFirst().prefix { $0 != "]" }) : host
        var bytes = in6_addr()
        if inner.contains(":"), inet_pton(AF_INET6, inner, &bytes) == 1 {
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(AF_INET6, &bytes, &text, socklen_t(text.count)) != nil else {
                return nil
            }
            let form = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            return "[\(String(decoding: form, as: UTF8.self))]"
        }
        // `127.1` and `0x7f000001` are addresses to a browser, and `127.0.0.1` is what it sends.
        let last = inner.split(separator: ".").last ?? ""
        guard last.utf8.first.map({ (0x30...0x39).contains($0) }) ?? false else { return nil }
        var four = in_addr()
        guard inet_aton(inner, &four) != 0 else { return nil }
        let number = UInt32(bigEndian: four.s_addr)
        return [24, 16, 8, 0].map { String(number >> $0 & 255) }.joined(separator: ".")
    }
}
