/// A position in a list; nil is the beginning. Opaque to everyone but the store.
public struct ListPage: Hashable, Sendable {
    public var limit: Int
    public var cursor: String?
    /// Whether what comes before the cursor is wanted, and not what comes after it. Only lists that
    /// say so go back.
    public var isBefore: Bool

    public init(limit: Int, cursor: String? = nil, isBefore: Bool = false) {
        self.limit = limit
        self.cursor = cursor
        self.isBefore = isBefore
    }
}

/// One page of a list, and where the next one begins; nil where this is the last.
public struct Paged<Item: Sendable>: Sendable {
    public var items: [Item]
    public var next: String?
    /// What the page before this one is asked for with, by `ListPage.isBefore`; nil where this is the
    /// first, and in lists that do not go back.
    public var previous: String?

    public init(items: [Item], next: String?, previous: String? = nil) {
        self.items = items
        self.next = next
        self.previous = previous
    }
}
