/// What may be done to a resource. Writing includes reading.
public struct Actions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let read = Actions(rawValue: 1)
    public static let write = Actions(rawValue: 2)

    /// The wire's names of the actions in it.
    public var names: [String] {
        (contains(.read) ? ["read"] : []) + (contains(.write) ? ["write"] : [])
    }

    /// Nil if `names` is empty or holds an unknown or repeated name.
    public init?(names: [String]) {
        var actions: Actions = []
        for name in names {
            let action: Actions
            switch name {
            case "read": action = .read
            case "write": action = .write
            case _: return nil
            }
            guard actions.insert(action).inserted else { return nil }
        }
        if actions.isEmpty { return nil }
        self = actions.contains(.write) ? [.read, .write] : actions
    }
}
