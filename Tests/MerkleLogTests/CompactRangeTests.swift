import MerkleLog
import Testing

@Suite struct CompactRangeTests {
    /// The eight leaves of the test tree of RFC 6962's reference implementation.
    static let eightLeaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        Array(0x50...0x57),
        Array(0x60...0x6f),
    ]

    @Test func rootOfTheKnownTree() {
        var range = CompactRange()
        for leaf in Self.eightLeaves { range.append(.leaf(leaf)) }
        #expect(range.root.base64 == "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=")
    }

    @Test func rootOfNothingIsTheEmptyRoot() {
        #expect(CompactRange().root == .emptyRoot)
        #expect(CompactRange().head == TreeHead(size: 0, root: .emptyRoot))
    }

    @Test func rootsAndStoredHashesAreThoseOfTheReference() throws {
        let tree = ReferenceTree(count: 300)
        var range = CompactRange()
        for size in 1...300 {
            range.append(tree.leaves[size - 1])
            #expect(range.head == tree.head(size))
            #expect(range.hashes == CompactRange.subtrees(ofSize: range.size).map(tree.node))
            let restored = try #require(CompactRange(size: range.size, hashes: range.hashes))
            #expect(restored == range)
        }
    }

    @Test func restoredRangeGrowsLikeTheOriginal() throws {
        let tree = ReferenceTree(count: 300)
        let stored = CompactRange.subtrees(ofSize: 171).map(tree.node)
        var range = try #require(CompactRange(size: 171, hashes: stored))
        for leaf in tree.leaves[171...] { range.append(leaf) }
        #expect(range.head == tree.head(300))
    }

    @Test func everyCompleteSubtreeIsToldOnceWithItsHash() {
        let tree = ReferenceTree(count: 300)
        var range = CompactRange()
        var told: [Subtree: Hash] = [:]
        for (index, leaf) in tree.leaves.enumerated() {
            range.append(leaf) { subtree, hash in
                #expect(told[subtree] == nil)
                #expect(subtree.end == UInt64(index) + 1)
                #expect(hash == tree.node(subtree))
                told[subtree] = hash
            }
        }
        let expected = (0..<9).reduce(0) { $0 + 300 >> $1 }
        #expect(told.count == expected)
    }

    @Test func wrongNumberOfHashesIsRefused() {
        #expect(CompactRange(size: 0, hashes: [.emptyRoot]) == nil)
        #expect(CompactRange(size: 3, hashes: [.emptyRoot]) == nil)
        #expect(CompactRange(size: 4, hashes: [.emptyRoot, .emptyRoot]) == nil)
        #expect(CompactRange(size: .max, hashes: Array(repeating: .emptyRoot, count: 64)) == nil)
    }
}
