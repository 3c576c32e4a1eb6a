/// One entry of the thread of a support request: something that was written, or that it was closed or
/// reopened, perhaps with a text. It never changes once written.
public struct SupportEntry: Hashable, Sendable {
    /// What was done. The raw value is stored, and is the name on the wire.
    public enum Act: String, Hashable, Sendable, CaseIterable {
        case wrote, closed, reopened
    }

    /// 1, 2, 3, … for each support request.
    public let number: Int
    public let person: PersonID
    public let act: Act
    /// Nil where somebody closed or reopened without a word.
    public let text: String?
    public let at: Timestamp

    public init(number: Int, person: PersonID, act: Act, text: String?, at: Timestamp) {
        self.number = number
        self.person = person
        self.act = act
        self.text = text
        self.at = at
    }
}
