/// A position in a list; nil is the beginning. Opaque to everyone but the store.
public struct ListPage: Hashable, Sendable {
    public var limit: Int
    public var cursor: String?

    public init(limit: Int, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }
}

/// One page of a list, and where the next one begins; nil where this is the last.
public struct Paged<Item: Sendable>: Sendable {
    public var items: [Item]
    public var next: String?

    public init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}
