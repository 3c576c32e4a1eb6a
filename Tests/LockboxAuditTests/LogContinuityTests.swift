import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import MerkleLog
import Testing

/// Whether a database is the one of which heads were kept.
struct LogContinuityTests {
    private static let log = AuditWorld.contoso

    private static func continuity(_ world: AuditWorld) -> LogContinuity {
        LogContinuity(store: world.store, heads: world.heads)
    }

    @Test func growingLogGoesOnFromEachHead() async throws {
        try await AuditWorld.with { world in
            let continuity = Self.continuity(world)
            for size in [1, 255, 256, 257, 300] as [UInt64] {
                try await world.grow(by: Int(size - world.size(of: Self.log)))
                #expect(try await continuity.breaks().isEmpty)
                #expect(try await continuity.keepHeads(of: [Self.log])[Self.log]?.size == size)
            }
            #expect(world.heads.all()?[Self.log]?.size == 300)
        }
    }

    @Test func shorterLogIsABreakAndNothingOfItIsSignedOrKept() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            let lost = TreeHead(size: 5, root: .leaf([1]))
            world.heads.replaceAll(with: [Self.log: lost])
            let breaks = try await Self.continuity(world).breaks()
            #expect(breaks.map(\.log) == [Self.log])
            #expect(breaks.first?.expected == lost)
            #expect(breaks.first?.size == 3)
            await #expect(throws: LogsNotContinued.self) {
                _ = try await world.reader().checkpoint(of: Self.log)
            }
            #expect(world.heads.all() == [Self.log: lost])
            #expect(try await world.store.read { try $0.checkpoints(of: Self.log).isEmpty })
        }
    }

    @Test(arguments: [3, 4, 300] as [UInt64])
    func otherHistoryIsABreakHoweverLongItIs(_ size: UInt64) async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: Int(size))
            world.heads.replaceAll(with: [Self.log: TreeHead(size: 3, root: .leaf([1]))])
            #expect(try await Self.continuity(world).breaks().map(\.size) == [size])
            await #expect(throws: LogsNotContinued.self) {
                _ = try await world.reader().checkpoint(of: Self.log)
            }
        }
    }

    @Test func emptyDatabaseIsABreak() async throws {
        try await AuditWorld.with { world in
            let gone = LogID.tenant(try #require(TenantID("gone")))
            world.heads.replaceAll(with: [gone: TreeHead(size: 1, root: .leaf([1]))])
            #expect(try await Self.continuity(world).breaks().map(\.log) == [gone])
        }
    }

    @Test func lostHeadsOfSignedLogsAreABreakOfEachLog() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            _ = try await world.reader().checkpoint(of: Self.log)
            world.heads.forget()
            let breaks = try await Self.continuity(world).breaks()
            #expect(breaks.map(\.log).contains(Self.log))
            #expect(breaks.allSatisfy { $0.expected.size == 0 })
            await #expect(throws: LogsNotContinued.self) {
                try await Self.continuity(world).keepHeads()
            }
            #expect(world.heads.all() == nil)
        }
    }

    @Test func signedLogWithoutItsHeadIsABreakAndIsNotTakenFromTheDatabase() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            let continuity = Self.continuity(world)
            _ = try await world.reader().checkpoint(of: Self.log)
            try await continuity.keepHeads()
            let kept = try #require(world.heads.all()).filter { $0.key != Self.log }
            world.heads.replaceAll(with: kept)
            let breaks = try await continuity.breaks()
            #expect(breaks.map(\.log) == [Self.log] && breaks.first?.expected.size == 0)
            for logs in [nil, [Self.log]] as [[LogID]?] {
                let refused = await #expect(throws: LogsNotContinued.self) {
                    try await continuity.keepHeads(of: logs)
                }
                let words = "\(try #require(refused))"
                #expect(words.contains(Self.log.logName) && words.contains("lockboxd recover"))
            }
            #expect(world.heads.all() == kept)
            try await continuity.keepOnlyPresentHeads()
            #expect(try await continuity.breaks().isEmpty)
        }
    }

    @Test func logThatNobodyHadSignedNeedsNoHead() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 3)
            world.heads.replaceAll(with: [:])
            #expect(try await Self.continuity(world).breaks().isEmpty)
            #expect(try await Self.continuity(world).keepHeads(of: [Self.log])[Self.log]?.size == 3)
        }
    }

    @Test func whatWasSignedBeforeHeadsWereKeptIsTakenOnOnce() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 4)
            let signer = try NoteSigner(
                name: "old.test/v1/tenants/contoso/log",
                seed: AuditWorld.seed
            )
            let head = try #require(try await Self.continuity(world).keepHeads()[Self.log])
            world.heads.forget()
            let checkpoint = try Checkpoint(origin: signer.verifierKey.name, head: head)
            let note = try SignedNote(text: checkpoint.text, signers: [signer]).encoded
            try await world.store.write { tx in
                try tx.saveCheckpoint(size: 4, root: head.root, note: note, of: Self.log)
            }
            let origin = try await world.store.read { tx in
                try LogContinuity.signedOrigin(preferring: "new.test", in: tx)
            }
            #expect(origin == "old.test")
            try await Self.continuity(world).adopt(origin: "old.test")
            #expect(world.heads.all() == [Self.log: head])
            #expect(try await Self.continuity(world).breaks().isEmpty)
            world.heads.forget()
            try await Self.continuity(world).adopt(origin: "old.test")
            #expect(world.heads.all() == nil, "a lost file is not made anew from the database")
        }
    }

    @Test func takenDatabaseGoesOnAndSaysWhatWasLost() async throws {
        try await AuditWorld.with(told: true) { world in
            let lost = TreeHead(size: 500, root: .leaf([1]))
            world.heads.replaceAll(with: [Self.log: lost])
            let continuity = Self.continuity(world)
            let size = try await world.size(of: Self.log)
            let recoveries = try await continuity.recoveries(
                from: continuity.breaks(),
                reason: "The disk is lost."
            )
            #expect(
                recoveries[Self.log]
                    == LogRecovery(
                        expectedSize: 500,
                        expectedRoot: lost.root.base64,
                        size: size,
                        reason: "The disk is lost."
                    )
            )
            #expect(recoveries[.provider]?.expectedSize == recoveries[.provider]?.size)
            try await continuity.keepOnlyPresentHeads()
            #expect(try await continuity.breaks().isEmpty)
            _ = try await world.reader().checkpoint(of: Self.log)
        }
    }
}
