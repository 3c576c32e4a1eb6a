/// A tree of a known size whose hashes are read tile by tile (C2SP tlog-tiles): the node source of
/// proofs for a client, or for a server that stores whole tiles.
///
///     let plan = try ProofPlan.inclusion(index: 7, size: tree.size)   // plan.tiles tells what to fetch
///     let proof = try plan.hashes(from: tree.node)
public struct TiledTree {
    /// How many leaves the tree has; it decides how wide the tiles at its right end are.
    public let size: UInt64

    private let hashes: (Tile) throws -> [Hash]

    /// `hashes` gives the hashes of a tile, exactly as many as it is wide. It is asked once for
    /// each node read: keep what is costly to get.
    public init(size: UInt64, hashes: @escaping (Tile) throws -> [Hash]) {
        self.size = size
        self.hashes = hashes
    }

    /// The hash of a complete subtree, computed from the tile below it.
    public func node(_ subtree: Subtree) throws -> Hash {
        guard let tile = Tile.holding(subtree, size: size) else { throw TileError.beyondTree }
        guard let hash = tile.node(subtree, in: try hashes(tile)) else {
            throw TileError.wrongWidth(tile)
        }
        return hash
    }

    /// The root of the tree. Compare it with the checkpoint's before believing any tile.
    public func root() throws -> Hash {
        try CompactRange.subtrees(ofSize: size).map(node).foldedFromTheRight
    }
}

/// Why tiles did not give a hash.
public enum TileError: Error, Hashable, Sendable {
    /// The subtree asked for is not complete in a tree of this size.
    case beyondTree
    /// The source gave another number of hashes than the tile is wide.
    case wrongWidth(Tile)
}
