/// Why a proof was not made or not believed.
public enum ProofError: Error, Hashable, Sendable {
    /// The leaf's index is not below the size of the tree.
    case indexBeyondTree
    /// The earlier tree is larger than the later.
    case sizesOutOfOrder
    /// A size above `LogLimits.treeSize`.
    case treeTooLarge
    /// Too few or too many hashes for these sizes.
    case wrongLength
    /// The proof leads to another root than the one of the (later) tree.
    case rootMismatch
    /// The proof leads to another root than the one of the earlier tree.
    case earlierRootMismatch
}

extension ProofError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .indexBeyondTree: "the entry's index is not within the log's size"
        case .sizesOutOfOrder: "the earlier log size is larger than the later one"
        case .treeTooLarge: "the log size is larger than any log can be"
        case .wrongLength: "the proof has too few or too many hashes for these log sizes"
        case .rootMismatch: "the proof does not lead to the log's root"
        case .earlierRootMismatch: "the proof does not lead to the root of the earlier log"
        }
    }
}

/// Checks of proofs against roots that the caller already trusts.
public enum MerkleProof {
    /// Returns if `proof` shows that `leaf` is the leaf `index` of the tree of `size` with `root`
    /// (RFC 9162 §2.1.3.2).
    public static func verifyInclusion(
        leaf: Hash,
        index: UInt64,
        size: UInt64,
        proof: [Hash],
        root: Hash
    ) throws(ProofError) {
        guard size <= LogLimits.treeSize else { throw .treeTooLarge }
        guard index < size else { throw .indexBeyondTree }
        var path = Path(node: index, last: size - 1)
        var hash = leaf
        for sibling in proof {
            switch try path.climb() {
            case .left: hash = .node(sibling, hash)
            case .right: hash = .node(hash, sibling)
            }
        }
        guard path.isAtRoot else { throw .wrongLength }
        guard hash == root else { throw .rootMismatch }
    }

    /// Returns if `proof` shows that the tree of size `to` begins with all leaves of the tree of
    /// size `from` (RFC 9162 §2.1.4.2).
    ///
    /// From the empty tree, and between equal sizes, only the empty proof is right, and the roots
    /// must be what they must be: the root of nothing, or equal (C2SP tlog-witness).
    public static func verifyConsistency(
        from: UInt64,
        fromRoot: Hash,
        to: UInt64,
        toRoot: Hash,
        proof: [Hash]
    ) throws(ProofError) {
        guard to <= LogLimits.treeSize else { throw .treeTooLarge }
        guard from <= to else { throw .sizesOutOfOrder }
        guard from > 0, from < to else {
            guard proof.isEmpty else { throw .wrongLength }
            guard from > 0 || fromRoot == .emptyRoot else { throw .earlierRootMismatch }
            guard from < to || fromRoot == toRoot else { throw .rootMismatch }
            return
        }
        var path = Path(node: from - 1, last: to - 1)
        path.skipCompleteSubtrees()
        var rest = proof[...]
        let isOneSubtree = from.nonzeroBitCount == 1
        guard let seed = isOneSubtree ? fromRoot : rest.popFirst() else { throw .wrongLength }
        var (earlier, later) = (seed, seed)
        for sibling in rest {
            switch try path.climb() {
            case .left:
                earlier = .node(sibling, earlier)
                later = .node(sibling, later)
            case .right:
                later = .node(later, sibling)
            }
        }
        guard path.isAtRoot else { throw .wrongLength }
        guard earlier == fromRoot else { throw .earlierRootMismatch }
        guard later == toRoot else { throw .rootMismatch }
    }
}

/// The way from a node up to the root: `fn` and `sn` of RFC 9162 §2.1.3.2.
private struct Path {
    enum Side { case left, right }

    /// The index, on the present level, of the node whose hash is being computed.
    var node: UInt64
    /// The index of the rightmost node of that level.
    var last: UInt64

    /// A level has one node only at the root.
    var isAtRoot: Bool { last == 0 }

    /// Goes up to the parent and tells on which side the sibling lay; throws if the root was
    /// reached before.
    mutating func climb() throws(ProofError) -> Side {
        guard !isAtRoot else { throw .wrongLength }
        let isRightmost = node == last
        let side: Side = node & 1 == 1 || isRightmost ? .left : .right
        // A rightmost node that is a left child has no sibling: it stands for its parent too.
        while isRightmost, node & 1 == 0, node != 0 { up() }
        up()
        return side
    }

    /// Goes up while the node is a right child: what lies below is one complete subtree.
    mutating func skipCompleteSubtrees() {
        while node & 1 == 1 { up() }
    }

    private mutating func up() {
        node >>= 1
        last >>= 1
    }
}
