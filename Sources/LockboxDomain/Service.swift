/// Something that holds customers' data and obeys grants.
public struct Service: Named, Hashable, Sendable {
    /// How it is made to obey grants.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case imap, http, sql
    }

    public let id: ServiceID
    public var kind: Kind
    /// The type of its resources, the part of a resource's name before the colon: `mailbox`.
    public var resourceType: String

    public init(id: ServiceID, kind: Kind, resourceType: String) {
        self.id = id
        self.kind = kind
        self.resourceType = resourceType
    }
}
