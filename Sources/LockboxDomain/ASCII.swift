// Classes of ASCII bytes that the grammars of names, addresses and resources are made of.

extension UInt8 {
    /// `a` to `z`.
    package var isLowercaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    /// `a` to `z` and `A` to `Z`.
    package var isLetter: Bool {
        isLowercaseLetter || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }
    /// `0` to `9`.
    package var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    /// Everything with a glyph: `!` to `~`.
    package var isGlyph: Bool { (UInt8(ascii: "!")...UInt8(ascii: "~")).contains(self) }
    /// One byte that is a whole character.
    package var isASCII: Bool { self < 0x80 }
}
