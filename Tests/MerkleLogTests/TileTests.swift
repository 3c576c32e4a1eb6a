import MerkleLog
import Testing

@Suite struct TileTests {
    @Test(
        arguments: [
            (0, 0, 256, "tile/0/000"), (0, 0, 1, "tile/0/000.p/1"), (0, 999, 256, "tile/0/999"),
            (0, 1000, 256, "tile/0/x001/000"), (0, 1_234_067, 256, "tile/0/x001/x234/067"),
            (1, 1_234_067, 255, "tile/1/x001/x234/067.p/255"), (3, 273, 112, "tile/3/273.p/112"),
            (0, 36_028_797_018_963_967, 255, "tile/0/x036/x028/x797/x018/x963/967.p/255"),
            (7, 0, 127, "tile/7/000.p/127"),
        ] as [(Int, UInt64, Int, String)]
    )
    func pathsAreThoseOfTheSpecification(level: Int, index: UInt64, width: Int, path: String) throws
    {
        let tile = try #require(Tile(level: level, index: index, width: width))
        #expect(tile.path == path)
        #expect(Tile(path: path) == tile)
    }

    @Test func entryPathsAreThoseOfTheSpecification() throws {
        let full = try #require(EntryBundle(index: 1_234_067))
        #expect(full.path == "tile/entries/x001/x234/067")
        #expect(EntryBundle(path: full.path) == full)
        let partial = try #require(EntryBundle(index: 273, width: 112))
        #expect(partial.path == "tile/entries/273.p/112")
        #expect(EntryBundle(path: partial.path) == partial)
        #expect(partial.entries == 69_888..<70_000)
        #expect(EntryBundle(path: "tile/0/273") == nil)
        #expect(Tile(path: full.path) == nil)
    }

    @Test(arguments: [
        "", "/", "tile", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//000",
        "tile/00/000", "tile/+1/000",
        "tile/8/000", "tile/63/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/00",
        "tile/0/0000",
        "tile/0/x000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001/x002", "tile/0/x01/002",
        "tile/0/x0001/002",
        "tile/0/X001/002", "tile/0/00a", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.q/1",
        "tile/0/000/1", "tile/0/.p/1",
        "tile/0/p/1", "tile/0/x001.p/1", "tile/0/../000", "tile/0/٠٠٠", "tile/0/000\n",
        "Tile/0/000", "tile/0/x/001",
        "tile/0/x036/x028/x797/x018/x963/968", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/7/000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ])
    func otherPathsAreRefused(path: String) {
        #expect(Tile(path: path) == nil)
        let entryPath = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
            .joined(separator: "/")
        if path.utf8.starts(with: "tile/0/".utf8) {
            #expect(EntryBundle(path: "tile/entries/" + entryPath) == nil)
        }
    }

    @Test func tilesThatNoTreeHasCannotBeMade() {
        #expect(Tile(level: -1, index: 0) == nil)
        #expect(Tile(level: 8, index: 0) == nil)
        #expect(Tile(level: 0, index: 0, width: 0) == nil)
        #expect(Tile(level: 0, index: 0, width: 257) == nil)
        #expect(Tile(level: 0, index: .max) == nil)
        #expect(EntryBundle(index: .max) == nil)
    }

    @Test func treeOf70000HasTheTilesOfTheSpecification() {
        let tiles = Array(Tile.all(ofSize: 70_000))
        let full = tiles.filter { $0.width == 256 }
        #expect(full.count { $0.level == 0 } == 273)
        #expect(full.count { $0.level == 1 } == 1)
        #expect(
            tiles.filter { $0.width < 256 }.map(\.path) == [
                "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
            ]
        )
        #expect(tiles.allSatisfy { $0.end <= 70_000 })
        #expect(Array(EntryBundle.all(ofSize: 70_000)).map(\.width).reduce(0, +) == 70_000)
        #expect(
            Array(EntryBundle.all(ofSize: 70_000, from: 69_900)).map(\.path) == [
                "tile/entries/273.p/112"
            ]
        )
    }

    @Test func smallTreesHaveTheTilesOfTheSpecification() {
        #expect(Array(Tile.all(ofSize: 0)).isEmpty)
        #expect(Tile.all(ofSize: 1).map(\.path) == ["tile/0/000.p/1"])
        #expect(Tile.all(ofSize: 256).map(\.path) == ["tile/0/000", "tile/1/000.p/1"])
        #expect(Array(EntryBundle.all(ofSize: 256, from: 256)).isEmpty)
        #expect(Array(EntryBundle.all(ofSize: 256, from: .max)).isEmpty)
    }

    @Test func tilesOfAHugeTreeAreMadeOnlyWhenAskedFor() {
        var tiles = Tile.all(ofSize: LogLimits.treeSize).makeIterator()
        #expect(tiles.next()?.path == "tile/0/000")
        #expect(tiles.next()?.path == "tile/0/001")
    }

    @Test func hashesComeBackFromTheBytesOfATile() throws {
        let tree = ReferenceTree(count: 3)
        let tile = try #require(Tile(level: 0, index: 0, width: 3))
        let bytes = Tile.encode(tree.leaves)
        #expect(bytes.count == 96)
        #expect(tile.decode(bytes) == tree.leaves)
        #expect(tile.decode(Array(bytes.dropLast())) == nil)
        #expect(tile.decode(bytes + Hash.emptyRoot.bytes) == nil)
    }
}

@Suite struct EntryBundleTests {
    @Test func entriesComeBackFromTheBytesOfABundle() throws {
        let entries: [[UInt8]] = [
            [], [1], .init(repeating: 7, count: 300), .init(repeating: 9, count: 65_535),
        ]
        let bundle = try #require(EntryBundle(index: 0, width: 4))
        let bytes = try EntryBundle.encode(entries)
        #expect(Array(bytes.prefix(7)) == [0, 0, 0, 1, 1, 1, 44])
        #expect(try bundle.decode(bytes) == entries)
    }

    @Test func entryOf64KiBIsRefused() {
        #expect(throws: EntryBundleError.entryTooLong) {
            try EntryBundle.encode([Array(repeating: 0, count: LogLimits.entryBytes + 1)])
        }
    }

    @Test func bytesThatAreNotExactlyTheEntriesAreRefused() throws {
        let bundle = try #require(EntryBundle(index: 0, width: 2))
        let bytes = try EntryBundle.encode([[1, 2], [3]])
        for count in 0..<bytes.count {
            #expect(throws: EntryBundleError.wrongLength) {
                try bundle.decode(Array(bytes.prefix(count)))
            }
        }
        #expect(throws: EntryBundleError.wrongLength) { try bundle.decode(bytes + [0]) }
        #expect(throws: EntryBundleError.wrongLength) { try bundle.decode(bytes + [0, 0]) }
    }
}

@Suite struct TiledTreeTests {
    /// The hashes of every tile of a tree, as a log would serve them.
    private func tiles(of tree: ReferenceTree, size: Int) -> [Tile: [Hash]] {
        var tiles: [Tile: [Hash]] = [:]
        for tile in Tile.all(ofSize: UInt64(size)) { tiles[tile] = tile.subtrees.map(tree.node) }
        return tiles
    }

    @Test func proofsFromTilesVerify() throws {
        let tree = ReferenceTree(count: 70_000)
        let tiles = tiles(of: tree, size: 70_000)
        let tiled = TiledTree(size: 70_000) { tiles[$0] ?? [] }
        #expect(try tiled.root() == tree.root(70_000))
        var chance = SeededGenerator(state: 9162)
        for _ in 0..<300 {
            let index = UInt64.random(in: 0..<70_000, using: &chance)
            let plan = try ProofPlan.inclusion(index: index, size: 70_000)
            #expect(plan.tiles.isSubset(of: tiles.keys))
            try MerkleProof.verifyInclusion(
                leaf: tree.leaves[Int(index)],
                index: index,
                size: 70_000,
                proof: plan.hashes(from: tiled.node),
                root: tree.root(70_000)
            )
            let from = index + 1
            let proof = try ProofPlan.consistency(from: from, to: 70_000).hashes(from: tiled.node)
            try MerkleProof.verifyConsistency(
                from: from,
                fromRoot: tree.root(Int(from)),
                to: 70_000,
                toRoot: tree.root(70_000),
                proof: proof
            )
        }
    }

    @Test func subtreesInsideAndAtopOfTilesAreComputed() throws {
        let tree = ReferenceTree(count: 600)
        let tiles = tiles(of: tree, size: 600)
        let tiled = TiledTree(size: 600) { tiles[$0] ?? [] }
        for level in 0..<10 {
            for index in 0..<UInt64(600 >> level) {
                let subtree = Subtree(level: level, index: index)
                #expect(try tiled.node(subtree) == tree.node(subtree))
            }
        }
    }

    @Test func subtreeBeyondTheTreeIsRefused() {
        let tiled = TiledTree(size: 5) { Array(repeating: .emptyRoot, count: $0.width) }
        #expect(throws: TileError.beyondTree) { try tiled.node(Subtree(level: 0, index: 5)) }
        #expect(throws: TileError.beyondTree) { try tiled.node(Subtree(level: 1, index: 2)) }
        #expect(throws: TileError.beyondTree) { try tiled.node(Subtree(level: 40, index: 0)) }
    }

    @Test func tileOfTheWrongWidthIsRefused() throws {
        let tile = try #require(Tile(level: 0, index: 0, width: 5))
        for count in [0, 4, 6] {
            let tiled = TiledTree(size: 5) { _ in Array(repeating: .emptyRoot, count: count) }
            #expect(throws: TileError.wrongWidth(tile)) {
                try tiled.node(Subtree(level: 0, index: 0))
            }
        }
    }
}
