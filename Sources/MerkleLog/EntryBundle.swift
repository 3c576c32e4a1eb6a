/// A bundle of up to 256 neighbouring entries, served under one address (C2SP tlog-tiles, "Log
/// entries").
public struct EntryBundle: Hashable, Sendable {
    /// The bundle's index `N`: it starts with entry `256 × N`.
    public let index: UInt64

    /// How many entries it holds: 256 when full, fewer at the end of the log.
    public let width: Int

    /// The bundle, or nil if no log of `LogLimits.treeSize` entries or fewer has it.
    public init?(index: UInt64, width: Int = Tile.fullWidth) {
        guard let tile = Tile(level: 0, index: index, width: width) else { return nil }
        self.index = tile.index
        self.width = tile.width
    }

    /// The indices of its entries in the log. The upper bound is the smallest log that has this
    /// bundle at this width.
    public var entries: Range<UInt64> { index * 256..<index * 256 + UInt64(width) }

    /// The bundles of a log of `size` entries, from the one that holds entry `first`. Made while
    /// walked: a size from outside costs no memory.
    public static func all(ofSize size: UInt64, from first: UInt64 = 0) -> some Sequence<
        EntryBundle
    > {
        Tile.widths(count: size, from: first).compactMap { EntryBundle(index: $0, width: $1) }
    }
}

// MARK: - Address

extension EntryBundle {
    /// `tile/entries/<N>[.p/<W>]`, to be appended to the log's prefix and a slash.
    public var path: String { "tile/entries/" + IndexPath(index: index, width: width).text }

    /// Reads the form that `path` writes, and no other.
    public init?(path: some StringProtocol) {
        let elements = pathElements(path)
        guard elements.count >= 3, elements[0].elementsEqual("tile".utf8),
            elements[1].elementsEqual("entries".utf8),
            let place = IndexPath(elements[2...])
        else { return nil }
        self.init(index: place.index, width: place.width)
    }
}

// MARK: - Content

/// Why entries do not make a bundle, or bytes are not one.
public enum EntryBundleError: Error, Hashable, Sendable {
    /// An entry is longer than two bytes can say.
    case entryTooLong
    /// The bytes end within an entry, or go on after the last.
    case wrongLength
}

extension EntryBundle {
    /// The bytes of a bundle: each entry after its length as two bytes, the high one first.
    public static func encode(_ entries: some Sequence<[UInt8]>) throws(EntryBundleError) -> [UInt8]
    {
        var bytes: [UInt8] = []
        for entry in entries {
            guard entry.count <= LogLimits.entryBytes else { throw .entryTooLong }
            bytes.append(UInt8(entry.count >> 8))
            bytes.append(UInt8(entry.count & 255))
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// The entries in the bytes of this bundle: exactly as many as it is wide, and nothing after
    /// them.
    public func decode(_ bytes: [UInt8]) throws(EntryBundleError) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        entries.reserveCapacity(width)
        var rest = bytes[...]
        for _ in 0..<width {
            guard let high = rest.popFirst(), let low = rest.popFirst() else { throw .wrongLength }
            let length = Int(high) << 8 | Int(low)
            guard rest.count >= length else { throw .wrongLength }
            entries.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        guard rest.isEmpty else { throw .wrongLength }
        return entries
    }
}
