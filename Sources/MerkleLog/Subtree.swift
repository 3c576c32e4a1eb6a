/// The place of a complete subtree: the one over the leaves `index << level ..< (index + 1) <<
/// level`.
///
/// Level 0 is the leaves themselves. The hash of a complete subtree never changes once its last
/// leaf is there, so it is what a store keeps and what proofs are made of.
public struct Subtree: Hashable, Sendable {
    public let level: Int
    public let index: UInt64

    public init(level: Int, index: UInt64) {
        precondition((0..<63).contains(level) && index <= LogLimits.treeSize >> UInt64(level))
        self.level = level
        self.index = index
    }

    /// The first leaf after the subtree: the smallest tree in which it is complete.
    public var end: UInt64 { (index + 1) << UInt64(level) }

    /// The complete subtrees, from left to right, of which the tree over `leaves` is built (RFC
    /// 6962 §2.1): as many as the length has one bits, the largest first.
    ///
    /// `leaves` must start where a subtree of its size can start; all ranges that RFC 6962 splits
    /// off do.
    static func covering(_ leaves: Range<UInt64>) -> [Subtree] {
        var subtrees: [Subtree] = []
        var start = leaves.lowerBound
        while start < leaves.upperBound {
            let level = 63 - (leaves.upperBound - start).leadingZeroBitCount
            subtrees.append(Subtree(level: level, index: start >> UInt64(level)))
            start += 1 << UInt64(level)
        }
        return subtrees
    }
}

extension Collection where Self: BidirectionalCollection, Element == Hash {
    /// The hash of the tree over subtrees with these hashes, largest first: folded from the right
    /// (RFC 6962 §2.1).
    var foldedFromTheRight: Hash {
        guard var hash = last else { return .emptyRoot }
        for left in dropLast().reversed() { hash = .node(left, hash) }
        return hash
    }
}
