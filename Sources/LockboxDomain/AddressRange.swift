/// Addresses of the Internet Protocol that begin with the same bits, as `192.0.2.0/24` and
/// `2001:db8::/32` write them (RFC 4632 §3.1, RFC 4291 §2.3); one address has all of its bits.
public struct AddressRange: Hashable, Sendable {
    /// 4 or 16, zero after `bits`.
    public let bytes: [UInt8]
    public let bits: Int

    /// One address, by its bytes in network order; an IPv4 address that stands in an IPv6 address
    /// (RFC 4291 §2.5.5.2) is the IPv4 address. Nil unless there are 4 or 16 bytes.
    public init?(address bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Self.isMapped(bytes) ? Array(bytes.suffix(4)) : bytes
        bits = self.bytes.count * 8
    }

    /// All that begins with the first `bits` of an address. Nil unless there are 4 or 16 bytes, with
    /// so many bits.
    public init?(network bytes: [UInt8], bits: Int) {
        guard bytes.count == 4 || bytes.count == 16, (0...bytes.count * 8).contains(bits) else {
            return nil
        }
        self.bytes = Self.masked(bytes, bits)
        self.bits = bits
    }

    /// Nil unless `text` is an address or a network, written strictly: no zero in front of a number,
    /// no zone, nothing after the bits that count, and an IPv4 address not as an IPv6 one.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let bytes = Self.address(parts[0]), !Self.isMapped(bytes) else {
            return nil
        }
        var bits = bytes.count * 8
        if parts.count == 2 {
            guard let given = Self.decimal(parts[1]), given <= bits else { return nil }
            bits = given
        }
        guard bytes == Self.masked(bytes, bits) else { return nil }
        self.bytes = bytes
        self.bits = bits
    }

    /// Whether every address of `other` is one of these.
    public func contains(_ other: AddressRange) -> Bool {
        other.bytes.count == bytes.count && other.bits >= bits
            && Self.masked(other.bytes, bits) == bytes
    }

    // MARK: - Reading

    private static func address(_ text: Substring) -> [UInt8]? {
        text.contains(":") ? version6(text) : version4(text)
    }

    private static func version4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { decimal($0).flatMap { UInt8(exactly: $0) } }
        return bytes.count == 4 ? bytes : nil
    }

    private static func version6(_ text: Substring) -> [UInt8]? {
        guard let gap = gap(in: text) else {
            return groups(text).flatMap { $0.count == 16 ? $0 : nil }
        }
        let rest = text[text.index(gap, offsetBy: 2)...]
        guard let before = groups(text[..<gap]), let after = groups(rest),
            before.count + after.count <= 14
        else { return nil }
        return before + [UInt8](repeating: 0, count: 16 - before.count - after.count) + after
    }

    /// Where the first `::` stands.
    private static func gap(in text: Substring) -> Substring.Index? {
        zip(text.indices, text.indices.dropFirst()).first { text[$0] == ":" && text[$1] == ":" }?.0
    }

    /// Groups of up to four hexadecimal digits, which may be none.
    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        for group in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard (1...4).contains(group.utf8.count),
                group.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                let value = UInt16(group, radix: 16)
            else { return nil }
            bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
        return bytes
    }

    /// A number of at most three digits, as people write it.
    private static func decimal(_ text: Substring) -> Int? {
        guard (1...3).contains(text.utf8.count), text.allSatisfy({ $0.isASCII && $0.isNumber }),
            text.count == 1 || text.first != "0"
        else { return nil }
        return Int(text)
    }

    private static func isMapped(_ bytes: [UInt8]) -> Bool {
        bytes.count == 16
            && bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
    }

    private static func masked(_ bytes: [UInt8], _ bits: Int) -> [UInt8] {
        bytes.enumerated().map { place, byte in
            let left = min(max(bits - place * 8, 0), 8)
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> left)
        }
    }
}

extension AddressRange: CustomStringConvertible {
    /// In the one form that is written (RFC 5952 for IPv6).
    public var description: String {
        let address = bytes.count == 4 ? bytes.map { String($0) }.joined(separator: ".") : version6
        return bits == bytes.count * 8 ? address : "\(address)/\(bits)"
    }

    private var version6: String {
        let groups = stride(from: 0, to: 16, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
        let words = groups.map { String($0, radix: 16) }
        guard let gap = longestZeros(groups) else { return words.joined(separator: ":") }
        return words[..<gap.lowerBound].joined(separator: ":") + "::"
            + words[gap.upperBound...].joined(separator: ":")
    }

    /// The longest run of two or more zeros, and the first of several.
    private func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        for place in 0...groups.count where place == groups.count || groups[place] != 0 {
            if place - start > max(1, longest?.count ?? 0) { longest = start..<place }
            start = place + 1
        }
        return longest
    }
}
