/// A tile of hashes: up to 256 neighbours of one level of the tree, served under one address (C2SP
/// tlog-tiles, "Merkle Tree"). Tile level `L` holds the complete subtrees of level `8 × L`.
public struct Tile: Hashable, Sendable {
    /// The width of a full tile.
    public static let fullWidth = 256

    /// The tile level `L`; a hash of it stands for 256^L leaves.
    public let level: Int

    /// The tile's index `N` within its level.
    public let index: UInt64

    /// How many hashes it holds: 256 when full, fewer at the right end of the tree.
    public let width: Int

    /// The tile, or nil if no tree of `LogLimits.treeSize` leaves or fewer has it.
    public init?(level: Int, index: UInt64, width: Int = Tile.fullWidth) {
        guard (0...7).contains(level), (1...Tile.fullWidth).contains(width) else { return nil }
        let largestCount = LogLimits.treeSize >> Tile.shift(level)
        guard index <= largestCount / 256, index * 256 + UInt64(width) <= largestCount else {
            return nil
        }
        self.level = level
        self.index = index
        self.width = width
    }

    private static func shift(_ level: Int) -> UInt64 { UInt64(8 * level) }

    /// The complete subtrees whose hashes the tile holds, from left to right.
    public var subtrees: [Subtree] {
        (0..<width).map { Subtree(level: 8 * level, index: index * 256 + UInt64($0)) }
    }

    /// The smallest tree that has this tile at this width. A log of that size or more can serve it
    /// for ever.
    public var end: UInt64 { (index * 256 + UInt64(width)) << Tile.shift(level) }
}

// MARK: - Address

extension Tile {
    /// `tile/<L>/<N>[.p/<W>]`, to be appended to the log's prefix and a slash.
    public var path: String { "tile/\(level)/" + IndexPath(index: index, width: width).text }

    /// Reads the form that `path` writes, and no other.
    public init?(path: some StringProtocol) {
        let elements = pathElements(path)
        guard elements.count >= 3, elements[0].elementsEqual("tile".utf8),
            let level = Decimal.parse(elements[1], atMost: 63),
            let place = IndexPath(elements[2...])
        else { return nil }
        self.init(level: Int(level), index: place.index, width: place.width)
    }
}

// MARK: - Content

extension Tile {
    /// The bytes of a tile: its hashes one after another.
    public static func encode(_ hashes: [Hash]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * Hash.byteCount)
        for hash in hashes { hash.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// The hashes in the bytes of this tile; nil unless there are exactly as many as it is wide.
    public func decode(_ bytes: [UInt8]) -> [Hash]? {
        guard bytes.count == width * Hash.byteCount else { return nil }
        let starts = stride(from: 0, to: bytes.count, by: Hash.byteCount)
        return starts.compactMap { Hash(bytes: bytes[$0..<$0 + Hash.byteCount]) }
    }
}

// MARK: - Which tiles a tree has

extension Tile {
    /// All tiles of a tree of `size` leaves, lowest level first, each level from left to right.
    /// Made while walked: a size from outside costs no memory.
    public static func all(ofSize size: UInt64) -> some Sequence<Tile> {
        (0...7).lazy.flatMap { level in
            widths(count: size >> shift(level), from: 0).compactMap {
                Tile(level: level, index: $0, width: $1)
            }
        }
    }

    /// The tile, as wide as it is in a tree of `size`, that holds this subtree's hash or those of
    /// its descendants from which to compute it; nil if the subtree is not complete in that tree.
    public static func holding(_ subtree: Subtree, size: UInt64) -> Tile? {
        guard subtree.end <= size else { return nil }
        let level = subtree.level / 8
        let index = subtree.index << UInt64(subtree.level % 8) / 256
        let held = (size >> shift(level)) - index * 256
        return Tile(level: level, index: index, width: Int(min(held, 256)))
    }

    /// The hash of a subtree that this tile is `holding`, from the tile's hashes; nil if it is not
    /// within them.
    public func node(_ subtree: Subtree, in hashes: [Hash]) -> Hash? {
        let height = UInt64(subtree.level % 8)
        let first = subtree.index << height
        guard hashes.count == width, subtree.level / 8 == level, first / 256 == index else {
            return nil
        }
        let start = Int(first % 256)
        guard start + 1 << Int(height) <= width else { return nil }
        var range = CompactRange()
        for hash in hashes[start..<start + 1 << Int(height)] { range.append(hash) }
        return range.root
    }

    /// The index and width of each group of 256 into which `count` things are cut, from the group
    /// that holds the thing number `first`.
    static func widths(count: UInt64, from first: UInt64) -> LazyMapSequence<
        Range<UInt64>, (UInt64, Int)
    > {
        let groups = count / 256 + (count % 256 == 0 ? 0 : 1)
        return (min(first / 256, groups)..<groups).lazy.map {
            ($0, Int(min(count - $0 * 256, 256)))
        }
    }
}

/// The elements of a slash-separated path, empty ones included.
func pathElements(_ path: some StringProtocol) -> [ArraySlice<UInt8>] {
    Array(path.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
}

/// The end of a tile's address, `<N>[.p/<W>]` (C2SP tlog-tiles, "Merkle Tree").
struct IndexPath {
    let index: UInt64
    let width: Int

    init(index: UInt64, width: Int) {
        self.index = index
        self.width = width
    }

    /// The index in groups of three digits, all but the last marked with `x`, and the width unless
    /// full.
    var text: String {
        var groups = [digits(index % 1000)]
        var rest = index / 1000
        while rest > 0 {
            groups.append("x" + digits(rest % 1000))
            rest /= 1000
        }
        return groups.reversed().joined(separator: "/")
            + (width == Tile.fullWidth ? "" : ".p/\(width)")
    }

    private func digits(_ group: UInt64) -> String {
        let text = String(group)
        return String(repeating: "0", count: 3 - text.utf8.count) + text
    }

    /// Reads what `text` writes, and no other; `elements` are what stands between the slashes.
    init?(_ elements: ArraySlice<ArraySlice<UInt8>>) {
        var groups = elements
        var width = Tile.fullWidth
        let marker = Array(".p".utf8)
        if groups.count >= 2, let last = groups.last, let stem = groups.dropLast().last,
            stem.suffix(2) == marker[...]
        {
            guard let partial = Decimal.parse(last, atMost: 255), partial > 0 else { return nil }
            width = Int(partial)
            groups = groups.dropLast(2) + [stem.dropLast(2)]
        }
        guard let last = groups.last, let first = groups.first else { return nil }
        // Only an index below 1000 may begin with the group 000.
        guard groups.count == 1 || !first.elementsEqual("x000".utf8) else { return nil }
        var digits: [UInt8] = []
        for group in groups.dropLast() {
            guard group.count == 4, group.first == UInt8(ascii: "x") else { return nil }
            digits += group.dropFirst()
        }
        guard last.count == 3,
            let index = Decimal.parseDigits(digits + last, atMost: LogLimits.treeSize)
        else {
            return nil
        }
        self.init(index: index, width: width)
    }
}
