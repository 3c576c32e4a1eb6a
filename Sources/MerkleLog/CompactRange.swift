/// What must be remembered of a tree to go on appending to it and to know its root: the hashes of
/// the complete subtrees that cover its leaves, one for each one bit of its size, the largest
/// first.
public struct CompactRange: Hashable, Sendable {
    /// How many leaves the tree has.
    public private(set) var size: UInt64

    /// The hashes to store; `init(size:hashes:)` takes them back.
    public private(set) var hashes: [Hash]

    /// The tree without leaves.
    public init() {
        size = 0
        hashes = []
    }

    /// The tree of `size` leaves whose `subtrees(ofSize:)` have these hashes; nil if that is not
    /// their number.
    public init?(size: UInt64, hashes: [Hash]) {
        guard size <= LogLimits.treeSize, hashes.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.hashes = hashes
    }

    /// The places whose hashes make the compact range of a tree of this size, in the order of
    /// `hashes`.
    public static func subtrees(ofSize size: UInt64) -> [Subtree] { Subtree.covering(0..<size) }

    /// The root of the tree: `MTH` of RFC 6962 §2.1.
    public var root: Hash { hashes.foldedFromTheRight }

    /// The size and the root together.
    public var head: TreeHead { TreeHead(size: size, root: root) }

    /// Adds a leaf at the right. `completed` hears of each subtree that has its last leaf by this,
    /// from the leaf itself upwards: each complete subtree of the log is told once, and only with
    /// its final hash.
    public mutating func append(_ leaf: Hash, completed: (Subtree, Hash) -> Void = { _, _ in }) {
        precondition(size < LogLimits.treeSize, "the log is full")
        var hash = leaf
        var level = 0
        completed(Subtree(level: level, index: size), hash)
        while size >> UInt64(level) & 1 == 1 {
            hash = .node(hashes.removeLast(), hash)
            level += 1
            completed(Subtree(level: level, index: size >> UInt64(level)), hash)
        }
        hashes.append(hash)
        size += 1
    }
}

/// The size of a tree and its root at that size.
public struct TreeHead: Hashable, Sendable {
    public let size: UInt64
    public let root: Hash

    public init(size: UInt64, root: Hash) {
        self.size = size
        self.root = root
    }
}
