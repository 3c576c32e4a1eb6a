extension Credential {
    /// What every secret begins with, so that scanners find a leaked one.
    public static let secretPrefix = "lbc_"
}

extension String {
    /// Whether what looks like a credential's secret stands in the text, plain or percent-encoded.
    public var holdsCredential: Bool {
        mayHoldCredential && firstMatch(of: Self.secret) != nil
    }

    /// The text with what looks like a credential's secret taken out.
    public var withoutCredentials: String {
        guard mayHoldCredential else { return self }
        return replacing(Self.secret) { _ in Credential.secretPrefix + "…" }
    }

    /// Most texts have neither `_` nor its code, and are not looked at any closer.
    private var mayHoldCredential: Bool { utf8.contains(UInt8(ascii: "_")) || contains("%5") }

    private static var secret: Regex<Substring> {
        /(?i)(?:l|%[46]c)(?:b|%[46]2)(?:c|%[46]3)(?:_|%5f)(?:[0-9a-f]|%3[0-9]|%[46][1-6]){8,}/
    }
}
