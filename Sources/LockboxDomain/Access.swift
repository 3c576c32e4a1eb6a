/// One resource and what may be done to it.
public struct Access: Hashable, Comparable, Sendable {
    public let resource: Resource
    public let actions: Actions

    public init(_ resource: Resource, _ actions: Actions) {
        self.resource = resource
        self.actions = actions.contains(.write) ? actions.union(.read) : actions
    }

    public static func < (left: Access, right: Access) -> Bool { left.resource < right.resource }
}
