/// One question or answer about an access request. It never changes once written.
public struct Message: Hashable, Sendable {
    /// 1, 2, 3, … for each request.
    public let number: Int
    public let request: AccessRequestID
    public let person: PersonID
    public let text: String
    public let at: Timestamp

    public init(
        number: Int,
        request: AccessRequestID,
        person: PersonID,
        text: String,
        at: Timestamp
    ) {
        self.number = number
        self.request = request
        self.person = person
        self.text = text
        self.at = at
    }
}
