/// What somebody who changes a thing says of the version she read.
public enum VersionCondition: Hashable, Sendable {
    /// Whatever it is now.
    case any
    case oneOf(Set<Int>)

    /// One version and no other.
    public static func exactly(_ version: Int) -> VersionCondition { .oneOf([version]) }

    /// Whether the present version is as was said.
    public func holds(for present: Int) -> Bool {
        switch self {
        case .any: true
        case .oneOf(let versions): versions.contains(present)
        }
    }

    /// The version that was read, where `present` is the present one; one that nothing has where the
    /// condition does not hold.
    public func version(for present: Int) -> Int { holds(for: present) ? present : 0 }

    /// Both this and `other`, which were said of one thing.
    public func and(_ other: VersionCondition) -> VersionCondition {
        switch (self, other) {
        case (.any, let one), (let one, .any): one
        case (.oneOf(let mine), .oneOf(let others)): .oneOf(mine.intersection(others))
        }
    }
}
