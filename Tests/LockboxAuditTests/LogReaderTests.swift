import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import MerkleLog
import Testing

/// What the reader hands out verifies with nothing but the verifier's own arithmetic.
struct LogReaderTests {
    private static let spots: [UInt64] = [1, 2, 3, 4, 7, 8, 100, 255, 256, 257, 511, 512, 513, 600]

    /// The roots of a log's first 0, 1, 2, … records, computed from their bytes alone.
    private static func roots(_ entries: [LogEntry]) -> [Hash] {
        var range = CompactRange()
        return [range.root]
            + entries.map { entry in
                range.append(.leaf(entry.bytes))
                return range.root
            }
    }

    @Test func checkpointsOfAGrowingLogVerifyAndContinueOneAnother() async throws {
        try await AuditWorld.with { world in
            let reader = try world.reader()
            let log = AuditWorld.contoso
            #expect(reader.origin(of: log) == "lockbox.test/v1/tenants/contoso/log")
            #expect(reader.origin(of: .provider) == "lockbox.test/v1/provider/log")
            let key = try reader.verifierKey(of: log)
            #expect(key.name == reader.origin(of: log))
            var heads: [TreeHead] = []
            for size in [0] + Self.spots {
                let missing = try await size - world.size(of: log)
                if missing > 0 { try await world.grow(by: Int(missing)) }
                let note = try SignedNote(parsing: Array(try await reader.checkpoint(of: log).utf8))
                let checkpoint = try Checkpoint(
                    opening: note,
                    origin: reader.origin(of: log),
                    logKey: key
                )
                #expect(checkpoint.head.size == size)
                heads.append(checkpoint.head)
            }
            let roots = Self.roots(try await world.entries())
            for later in heads {
                #expect(later.root == roots[Int(later.size)])
                for earlier in heads where earlier.size <= later.size {
                    let proof = try await reader.consistency(
                        from: earlier.size,
                        to: later.size,
                        in: log
                    )
                    try MerkleProof.verifyConsistency(
                        from: earlier.size,
                        fromRoot: earlier.root,
                        to: later.size,
                        toRoot: later.root,
                        proof: try #require(proof)
                    )
                }
            }
            #expect(try await world.differences().filter { !$0.contains("in the tables") }.isEmpty)
        }
    }

    @Test func headThatIsShownTellsWhenItWasTheNewest() async throws {
        try await AuditWorld.with { world in
            let (reader, log) = (try world.reader(), AuditWorld.contoso)
            let key = try reader.verifierKey(of: log)
            let now = try #require(Timestamp("2026-11-23T20:15:00.999Z"))
            let note = try SignedNote(
                parsing: Array(try await reader.checkpoint(of: log, at: now).utf8)
            )
            #expect(note.signatures.count == 2)
            #expect(try note.verify(with: [key]) == [key])
            #expect(try key.cosigning.cosignature(under: note)?.time == 1_795_464_900)
            let soon = try SignedNote(
                parsing: Array(try await reader.checkpoint(of: log, at: now + .seconds(14)).utf8)
            )
            #expect(soon == note)
            let later = try SignedNote(
                parsing: Array(try await reader.checkpoint(of: log, at: now + .seconds(15)).utf8)
            )
            #expect(try key.cosigning.cosignature(under: later)?.time == 1_795_464_915)
            let plain = try SignedNote(parsing: Array(try await reader.checkpoint(of: log).utf8))
            #expect(plain.text == note.text)
            #expect(try key.cosigning.cosignature(under: plain) == nil)
        }
    }

    @Test func everyRecordIsProvenInItsOwnTreeAndInTheLast() async throws {
        try await AuditWorld.with { world in
            let (reader, log) = (try world.reader(), AuditWorld.contoso)
            try await world.grow(by: 600)
            let entries = try await world.entries()
            let roots = Self.roots(entries)
            for size in Set(Self.spots + stride(from: 5, to: 600, by: 11)).sorted() {
                for (index, treeSize) in [(size - 1, size), (size / 2, size), (size - 1, 600)] {
                    let (hash, proof) = try #require(
                        try await reader.inclusion(of: index, size: treeSize, in: log)
                    )
                    #expect(hash == Hash.leaf(entries[Int(index)].bytes))
                    try MerkleProof.verifyInclusion(
                        leaf: hash,
                        index: index,
                        size: treeSize,
                        proof: proof,
                        root: roots[Int(treeSize)]
                    )
                }
                let proof = try #require(try await reader.consistency(from: size, to: 600, in: log))
                try MerkleProof.verifyConsistency(
                    from: size,
                    fromRoot: roots[Int(size)],
                    to: 600,
                    toRoot: roots[600],
                    proof: proof
                )
            }
            let several = try #require(
                try await reader.inclusions(of: [0, 300, 599], size: 300, in: log)
            )
            #expect(several.map { $0 != nil } == [true, false, false])
        }
    }

    @Test(arguments: [1, 255, 256, 257, 511, 512, 513, 600] as [UInt64])
    func tilesAndEntriesHoldTheWholeTree(_ size: UInt64) async throws {
        try await AuditWorld.with { world in
            let (reader, log) = (try world.reader(), AuditWorld.contoso)
            try await world.grow(by: Int(size))
            let entries = try await world.entries()
            let leaves = entries.map { Hash.leaf($0.bytes) }
            for tile in Tile.all(ofSize: size) {
                let bytes = try #require(try await reader.tile(tile, of: log))
                let expected = tile.subtrees.map { subtree in
                    var range = CompactRange()
                    let first = Int(subtree.index) << subtree.level
                    for leaf in leaves[first..<first + 1 << subtree.level] { range.append(leaf) }
                    return range.root
                }
                #expect(tile.decode(bytes) == expected)
            }
            for bundle in EntryBundle.all(ofSize: size) {
                let bytes = try #require(try await reader.entries(bundle, of: log))
                let expected = entries[
                    Int(bundle.entries.lowerBound)..<Int(bundle.entries.upperBound)
                ].map(\.bytes)
                #expect(try bundle.decode(bytes) == expected)
            }
        }
    }

    @Test func whatTheLogDoesNotHaveYetIsNotAnswered() async throws {
        try await AuditWorld.with { world in
            let (reader, log) = (try world.reader(), AuditWorld.contoso)
            try await world.grow(by: 10)
            #expect(
                try await reader.tile(try #require(Tile(level: 0, index: 0, width: 11)), of: log)
                    == nil
            )
            #expect(
                try await reader.tile(try #require(Tile(level: 1, index: 0, width: 1)), of: log)
                    == nil
            )
            #expect(
                try await reader.entries(try #require(EntryBundle(index: 0, width: 11)), of: log)
                    == nil
            )
            #expect(try await reader.inclusion(of: 10, size: 10, in: log) == nil)
            #expect(try await reader.inclusion(of: 0, size: 11, in: log) == nil)
            #expect(try await reader.inclusions(of: [0], size: 11, in: log) == nil)
            #expect(try await reader.consistency(from: 3, to: 11, in: log) == nil)
            #expect(try await reader.consistency(from: 4, to: 3, in: log) == nil)
        }
    }

    // MARK: - Signing

    @Test func noOtherNameIsSignedThanTheFirst() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            let note = try await world.reader().checkpoint(of: AuditWorld.contoso)
            let renamed = try world.reader(origin: "new.test")
            await #expect(throws: (any Error).self) {
                _ = try await renamed.checkpoint(of: AuditWorld.contoso)
            }
            #expect(try await world.reader().checkpoint(of: AuditWorld.contoso) == note)
            let kept = try await world.store.read { tx in
                try LogContinuity.signedOrigin(preferring: "new.test", in: tx)
            }
            #expect(kept == AuditWorld.prefix)
        }
    }

    /// Signs only what is not signed yet, and remembers whether the store had it.
    private struct Refusing: CheckpointSigner {
        struct Lost: Error {}

        let publicKey = [UInt8](repeating: 1, count: 32)
        func signature(of text: String) throws -> [UInt8] { throw Lost() }
    }

    @Test func checkpointIsStoredBeforeItIsReturnedAndIsTheSameForTheSameSize() async throws {
        try await AuditWorld.with { world in
            let (reader, log) = (try world.reader(), AuditWorld.contoso)
            try await world.grow(by: 3)
            let first = try await reader.checkpoint(of: log)
            let stored = try await world.store.read { tx in try tx.lastCheckpoint(of: log) }
            #expect(stored?.size == 3)
            #expect(stored?.note == first)
            #expect(try await reader.checkpoint(of: log) == first)
            try await world.grow(by: 1)
            let second = try await reader.checkpoint(of: log)
            #expect(second != first)
            #expect(
                try await world.store.read { tx in try tx.checkpoints(of: log).map(\.size) } == [
                    3, 4,
                ]
            )
        }
    }

    @Test func concurrentReadersGetOneCheckpoint() async throws {
        try await AuditWorld.with { world in
            let reader = try world.reader()
            try await world.grow(by: 5)
            let notes = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await reader.checkpoint(of: AuditWorld.contoso) }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(notes.count == 1)
            #expect(
                try await world.store.read { tx in try tx.checkpoints(of: AuditWorld.contoso).count
                } == 1
            )
        }
    }

    @Test func nothingIsStoredOfACheckpointThatCannotBeSigned() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            let reader = try world.reader(signer: Refusing())
            await #expect(throws: Refusing.Lost.self) {
                _ = try await reader.checkpoint(of: AuditWorld.contoso)
            }
            #expect(
                try await world.store.read { tx in try tx.checkpoints(of: AuditWorld.contoso).count
                } == 0
            )
        }
    }

    @Test func noSecondRootIsSignedForOneSize() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            try await world.store.write { tx in
                try tx.saveCheckpoint(
                    size: 3,
                    root: .leaf([]),
                    note: "forged",
                    of: AuditWorld.contoso
                )
            }
            let reader = try world.reader()
            await #expect(throws: (any Error).self) {
                _ = try await reader.checkpoint(of: AuditWorld.contoso)
            }
        }
    }

    @Test func newKeySignsTheHeadAnewThoughTheLogDidNotGrow() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            let log = AuditWorld.contoso
            let old = try await world.reader().checkpoint(of: log)
            let other = try Ed25519CheckpointSigner(seed: [UInt8](repeating: 7, count: 32))
            let reader = try world.reader(signer: other)
            let new = try await reader.checkpoint(of: log)
            #expect(new != old)
            let checkpoint = try Checkpoint(
                opening: SignedNote(parsing: Array(new.utf8)),
                origin: reader.origin(of: log),
                logKey: reader.verifierKey(of: log)
            )
            #expect(checkpoint.head.size == 3)
            #expect(try await reader.checkpoint(of: log) == new)
        }
    }
}
