/// A tree of which every leaf is known: the quickest source of many proofs.
public struct WholeTree: Sendable {
    /// The hashes of the complete subtrees of each level, the leaves first. Half as many on each
    /// level as below it, so twice the leaves in all.
    private let levels: [[Hash]]

    /// The tree of these leaf hashes.
    public init(leaves: [Hash]) {
        var levels = [leaves]
        while let below = levels.last, below.count > 1 {
            levels.append(
                stride(from: 0, to: below.count - 1, by: 2).map { .node(below[$0], below[$0 + 1]) }
            )
        }
        self.levels = levels
    }

    /// How many leaves it has.
    public var size: UInt64 { UInt64(levels[0].count) }

    /// The root (RFC 6962 §2.1).
    public var root: Hash {
        CompactRange.subtrees(ofSize: size).compactMap(node).foldedFromTheRight
    }

    /// The proof that leaf `index` is in this tree (RFC 9162 §2.1.3).
    public func inclusion(of index: UInt64) throws(ProofError) -> [Hash] {
        // The plan names complete subtrees of a tree of this size and no others.
        try ProofPlan.inclusion(index: index, size: size).hashes { node($0) ?? .emptyRoot }
    }

    private func node(_ subtree: Subtree) -> Hash? {
        guard subtree.level < levels.count, subtree.index < levels[subtree.level].count else {
            return nil
        }
        return levels[subtree.level][Int(subtree.index)]
    }
}
