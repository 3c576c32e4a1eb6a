extension Sequence<UInt8> {
    /// RFC 4648 §5, without padding.
    package var base64URL: String {
        let encoded = Base64.encode(Array(self)).utf8.prefix { $0 != UInt8(ascii: "=") }
        return String(decoding: encoded.map(Base64URL.own), as: UTF8.self)
    }
}

extension RangeReplaceableCollection<UInt8> {
    /// Nil for what is not written as `base64URL` writes it.
    package init?(base64URL text: some StringProtocol) {
        let sent = Array(text.utf8)
        let padding = Array(repeating: UInt8(ascii: "="), count: (4 - sent.count % 4) % 4)
        guard sent.allSatisfy(Base64URL.isPlain),
            let bytes = Base64.decode(sent.map(Base64URL.usual) + padding)
        else { return nil }
        self.init(bytes)
    }
}

/// How the alphabet differs from that of base64.
private enum Base64URL {
    static func own(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        case _: byte
        }
    }

    static func usual(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "-"): UInt8(ascii: "+")
        case UInt8(ascii: "_"): UInt8(ascii: "/")
        case _: byte
        }
    }

    /// Whether it is no character that only base64 has.
    static func isPlain(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: "+") && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "=")
    }
}
