import MerkleLog
import Testing

@Suite struct LogReplayTests {
    private let tree = ReferenceTree(count: 50)

    private func replay(_ entries: Range<Int>, into replay: inout LogReplay) {
        for index in entries { replay.append(leaf: entry(index)) }
    }

    @Test func unchangedLogHasNoFault() throws {
        var replay = LogReplay(heads: [0, 1, 7, 7, 32, 50].map(tree.head))
        self.replay(0..<50, into: &replay)
        try replay.finish()
        #expect(replay.size == 50)
        #expect(replay.root == tree.root(50))
    }

    @Test func changedEntryIsToldAtTheFirstKnownHeadAfterIt() {
        for changed in 0..<50 {
            var replay = LogReplay(heads: [10, 20, 50].map(tree.head))
            for index in 0..<50 { replay.append(leaf: index == changed ? [0xff] : entry(index)) }
            let size = changed < 10 ? 10 : changed < 20 ? 20 : 50
            #expect(throws: LogReplay.Fault.self) { try replay.finish() }
            guard case .rootMismatch(let known, let computed)? = replay.fault else {
                Issue.record("not the fault of a changed entry")
                continue
            }
            #expect(known == tree.head(size))
            #expect(computed != known.root)
        }
    }

    @Test func faultIsKnownAsSoonAsItIsReached() {
        var replay = LogReplay(heads: [tree.head(10), tree.head(20)])
        replay.append(leaf: [0xff])
        self.replay(1..<9, into: &replay)
        #expect(replay.fault == nil)
        self.replay(9..<10, into: &replay)
        #expect(replay.fault != nil)
    }

    @Test func missingEntriesAtTheEndAreTold() {
        var replay = LogReplay(heads: [tree.head(10), tree.head(20), tree.head(50)])
        self.replay(0..<19, into: &replay)
        #expect(replay.fault == nil)
        #expect(throws: LogReplay.Fault.logTooShort(size: 19, known: tree.head(20))) {
            try replay.finish()
        }
    }

    @Test func twoRootsAtOneSizeAreAForkedLog() {
        let forked = TreeHead(size: 10, root: tree.root(10).flipped)
        var replay = LogReplay(heads: [tree.head(20), tree.head(10), forked])
        self.replay(0..<20, into: &replay)
        #expect(throws: LogReplay.Fault.conflictingHeads(size: 10)) { try replay.finish() }
    }

    @Test func wrongHeadOfTheEmptyLogIsToldAtOnce() {
        let wrong = TreeHead(size: 0, root: tree.root(1))
        let replay = LogReplay(heads: [wrong])
        #expect(throws: LogReplay.Fault.rootMismatch(known: wrong, computed: .emptyRoot)) {
            try replay.finish()
        }
    }

    @Test func replayGoesOnFromWhereItStopped() throws {
        var first = LogReplay(heads: [tree.head(20)])
        replay(0..<33, into: &first)
        try first.finish()
        var second = LogReplay(from: first.compactRange, heads: [tree.head(33), tree.head(50)])
        replay(33..<50, into: &second)
        try second.finish()
        let tooLate = LogReplay(from: first.compactRange, heads: [tree.head(20), tree.head(33)])
        #expect(throws: LogReplay.Fault.headBeforeStart(tree.head(20))) { try tooLate.finish() }
    }
}
