/// Which hashes a proof is made of, before anything is read.
///
/// Making a plan is arithmetic only; a database then reads all `subtrees` in one query, a client
/// fetches all `tiles` at once, and `hashes(from:)` folds what came into the proof.
public struct ProofPlan: Hashable, Sendable {
    /// The tree that the proof leads to.
    public let size: UInt64

    /// For each hash of the proof, in order, the complete subtrees (left to right) that it is
    /// folded from.
    private let elements: [[Subtree]]

    /// How RFC 6962 splits the tree, from the root down; a proof lists the same from the leaves up.
    private init(size: UInt64, fromTheRoot ranges: [Range<UInt64>]) {
        self.size = size
        elements = ranges.reversed().map(Subtree.covering)
    }

    /// The proof that leaf `index` is in the tree of `size`: `PATH` of RFC 6962 §2.1.1, RFC 9162
    /// §2.1.3.1.
    public static func inclusion(index: UInt64, size: UInt64) throws(ProofError) -> ProofPlan {
        guard size <= LogLimits.treeSize else { throw .treeTooLarge }
        guard index < size else { throw .indexBeyondTree }
        var ranges: [Range<UInt64>] = []
        var (start, end) = (UInt64(0), size)
        while end - start > 1 {
            let middle = start + splitPoint(end - start)
            if index < middle {
                ranges.append(middle..<end)
                end = middle
            } else {
                ranges.append(start..<middle)
                start = middle
            }
        }
        return ProofPlan(size: size, fromTheRoot: ranges)
    }

    /// The proof that the tree of size `to` begins with the one of size `from`: `PROOF` of RFC 6962
    /// §2.1.2, RFC 9162 §2.1.4.1. Empty from the empty tree (C2SP tlog-witness) and between equal
    /// sizes.
    public static func consistency(from: UInt64, to: UInt64) throws(ProofError) -> ProofPlan {
        guard to <= LogLimits.treeSize else { throw .treeTooLarge }
        guard from <= to else { throw .sizesOutOfOrder }
        guard from > 0 else { return ProofPlan(size: to, fromTheRoot: []) }
        var ranges: [Range<UInt64>] = []
        var (start, end) = (UInt64(0), to)
        while from < end {
            let middle = start + splitPoint(end - start)
            if from <= middle {
                ranges.append(middle..<end)
                end = middle
            } else {
                ranges.append(start..<middle)
                start = middle
            }
        }
        // The old tree itself is not told when it is one subtree of the new one: the verifier knows
        // its root.
        if start > 0 { ranges.append(start..<end) }
        return ProofPlan(size: to, fromTheRoot: ranges)
    }

    /// The largest power of two smaller than `count` (RFC 6962 §2.1), for `count` of at least 2.
    private static func splitPoint(_ count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }

    /// Every complete subtree whose hash the proof needs.
    public var subtrees: [Subtree] { elements.flatMap { $0 } }

    /// Every tile that holds one of them, in a tree served as C2SP tlog-tiles.
    public var tiles: Set<Tile> { Set(subtrees.compactMap { Tile.holding($0, size: size) }) }

    /// The proof, from the hashes of its `subtrees`.
    public func hashes(from node: (Subtree) throws -> Hash) rethrows -> [Hash] {
        try elements.map { try $0.map(node).foldedFromTheRight }
    }
}
