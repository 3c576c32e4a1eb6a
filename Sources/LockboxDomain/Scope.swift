/// A set of accesses: at least one, each resource once, in a fixed order.
public struct Scope: Hashable, Sendable {
    public let accesses: [Access]

    public init(_ accesses: [Access], field: String = "resources") throws(Refusal) {
        guard !accesses.isEmpty else { throw .invalid(field: field, problem: .missing) }
        guard Limits.resourcesPerRequest.contains(accesses.count) else {
            throw .invalid(
                field: field,
                problem: .outOfRange("1 to \(Limits.resourcesPerRequest.upperBound) resources")
            )
        }
        for (index, access) in accesses.enumerated()
        where accesses[..<index].contains(where: { $0.resource == access.resource }) {
            throw .invalid(field: "\(field)[\(index)]", problem: .duplicate)
        }
        self.accesses = accesses.sorted()
    }

    /// Whether everything in it is in `other` too.
    public func isWithin(_ other: Scope) -> Bool {
        accesses.allSatisfy { access in
            other.accesses.contains {
                $0.resource == access.resource && $0.actions.isSuperset(of: access.actions)
            }
        }
    }

    /// What may be done to `resource`; nil if it is not in the scope.
    public func actions(on resource: Resource) -> Actions? {
        accesses.first { $0.resource == resource }?.actions
    }

    /// The services it touches, each once, in order.
    public var services: [ServiceID] {
        accesses.reduce(into: []) { list, access in
            if list.last != access.resource.service { list.append(access.resource.service) }
        }
    }
}
