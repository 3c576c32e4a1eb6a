import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// A database that is an older copy has nothing open once it is taken on.
struct LogRecoveryTests {
    private static let log = LogID.tenant(Fixture.contoso.id)
    private static let token = APIToken(
        id: Fixture.id(1),
        person: Fixture.gita.id,
        label: "",
        scopes: .every,
        createdAt: Fixture.now,
        expiresAt: nil
    )

    @Test func accessTokensAndTokensForProvisioningAreOverAndWhatWaitsStillWaits() async throws {
        try await TestWorld.with { world async throws in
            let (open, waiting) = (try await world.approved(), try await world.reviewed())
            _ = try await world.credential(for: open)
            try await world.audited.write(by: .console) { change in
                try change.tx.insert(Self.token, secretHash: Fixture.secretHash(7))
                change.emit(.signIn(.tokenIssued(Self.token, Fixture.gita)))
                let token = Fixture.provisioningToken()
                try change.tx.insert(token, secretHash: Fixture.secretHash(8))
                change.emit(.provisioning(.tokenIssued(token)))
            }
            try await world.lockbox.recoverLogs([
                Self.log: Fixture.recovery, .provider: Fixture.recovery,
            ])
            let ended = try await world.stored(open.id)
            #expect(ended.state.name == .ended)
            #expect(try await world.stored(waiting.id).state.name == .awaitingCustomer)
            let (live, tokens, provisioning) = try await world.store.read { tx in
                (
                    try tx.openGrants(), try tx.tokens(of: Fixture.gita.id),
                    try tx.provisioningTokens(of: Self.log)
                )
            }
            #expect(live.isEmpty)
            #expect(tokens.isEmpty)
            #expect(provisioning.isEmpty)
            for log in [Self.log, .provider] {
                let last = try #require(try await world.entries(of: log).last)
                #expect(last.activity == "log.recovered")
                #expect(last.texts.contains { $0.text == Fixture.recovery.reason })
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func theSameAgainEndsNothingASecondTime() async throws {
        try await TestWorld.with { world async throws in
            let open = try await world.approved()
            for _ in 1...2 { try await world.lockbox.recoverLogs([Self.log: Fixture.recovery]) }
            let activities = try await world.activities(about: open.id)
            #expect(activities.count { $0 == "access.ended" } == 1)
            let recorded = try await world.entries().count { $0.activity == "log.recovered" }
            #expect(recorded == 2)
            try await world.expectConsistentLogs()
        }
    }

    @Test func keyChangeOfALogThatHasGrownIsNotRecorded() async throws {
        try await TestWorld.with { world async throws in
            let size = UInt64(try await world.entries().count)
            await #expect(throws: StoreError.self) {
                try await world.lockbox.recordKeyChanges([
                    Self.log: (index: size + 1, change: Fixture.keyChange)
                ])
            }
            #expect(try await world.entries().count == Int(size))
            try await world.lockbox.recordKeyChanges([
                Self.log: (index: size, change: Fixture.keyChange)
            ])
            #expect(try await world.entries().last?.activity == "key.changed")
        }
    }
}
