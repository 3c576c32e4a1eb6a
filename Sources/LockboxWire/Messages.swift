/// A question or an answer about an access request.
public struct NewMessage: Codable, Hashable, Sendable, KnownMembers {
    public var text: String

    public init(text: String) { self.text = text }

    public static let members: Set<String> = ["text"]
}

/// One message of the thread on an access request.
public struct MessageBody: Codable, Hashable, Sendable {
    /// 1, 2, 3, … for each request.
    public var number: Int
    public var by: PersonRef
    /// `provider` or `customer`.
    public var side: String
    public var text: String
    public var at: String

    public init(number: Int, by: PersonRef, side: String, text: String, at: String) {
        self.number = number
        self.by = by
        self.side = side
        self.text = text
        self.at = at
    }
}

/// Which letters the caller does not want: `reminders`, `accessBegan`, `accessReports`,
/// `supportMessages`.
public struct LetterSettings: Codable, Hashable, Sendable, KnownMembers {
    public var muted: [String]

    public init(muted: [String]) { self.muted = muted }

    public static let members: Set<String> = ["muted"]
}
