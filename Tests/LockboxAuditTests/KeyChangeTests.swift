import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import MerkleLog
import Testing

/// Verifiers who know the key before follow to the next one.
struct KeyChangeTests {
    private static let log = AuditWorld.contoso

    private static func signer(_ byte: UInt8) throws -> Ed25519CheckpointSigner {
        try Ed25519CheckpointSigner(seed: [UInt8](repeating: byte, count: 32))
    }

    private static func change(
        _ reader: LogReader,
        to next: Ed25519CheckpointSigner,
        in world: AuditWorld
    ) async throws {
        let audited = world.audited
        try await reader.change(to: next) { changes in
            try await audited.write(by: .console) { change in
                for (log, (index, keyChange)) in changes {
                    let size = try change.tx.head(of: log).size
                    #expect(size == index)
                    change.emit(.log(.keyChanged(log, keyChange)))
                }
            }
        }
    }

    @Test func everyLogNamesTheNextKeyAndTheOneBeforeSignsThat() async throws {
        try await AuditWorld.with(told: true) { world in
            let (reader, next) = (try world.reader(), try Self.signer(9))
            _ = try await reader.checkpoint(of: Self.log)
            try await Self.change(reader, to: next, in: world)
            let after = try world.reader(signer: next)
            for log in [Self.log, AuditWorld.fabrikam, .provider] {
                let changes = try await after.keyChanges(of: log)
                let recorded = try #require(changes.first)
                #expect(changes.count == 1)
                let (key, before) = (
                    try after.verifierKey(of: log), try reader.verifierKey(of: log)
                )
                #expect(recorded.change.key == key.text)
                let previous = try VerifierKey(parsing: recorded.change.previous)
                #expect(previous == before)
                let statement = """
                    lockbox-key-change/v1
                    \(reader.origin(of: log))
                    \(recorded.change.previous)
                    \(recorded.change.key)
                    \(recorded.index)

                    """
                let signature = try #require(
                    Base64.decode(Array(recorded.change.signature.utf8))
                )
                #expect(previous.isValid(signature, for: statement.utf8))
                let note = try SignedNote(
                    parsing: Array(try await after.checkpoint(of: log).utf8)
                )
                for key in [previous, key] {
                    let head = try Checkpoint(opening: note, origin: key.name, logKey: key).head
                    #expect(head.size == recorded.index + 1)
                }
            }
            #expect(try await after.isKeyKnown())
            #expect(try await world.differences().isEmpty)
        }
    }

    @Test func theSameChangeAgainRecordsNothing() async throws {
        try await AuditWorld.with(told: true) { world in
            let (reader, next) = (try world.reader(), try Self.signer(9))
            try await Self.change(reader, to: next, in: world)
            let size = try await world.size(of: Self.log)
            try await Self.change(reader, to: next, in: world)
            #expect(try await world.size(of: Self.log) == size)
            try await Self.change(try world.reader(signer: next), to: try Self.signer(8), in: world)
            #expect(try await reader.keyChanges(of: Self.log).count == 2)
        }
    }

    @Test func keyThatSignedNothingIsNotKnownWhereSomethingIsSigned() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 1)
            let stranger = try world.reader(signer: Self.signer(9))
            #expect(try await stranger.isKeyKnown(), "nothing is signed")
            _ = try await world.reader().checkpoint(of: Self.log)
            #expect(try await !stranger.isKeyKnown())
            #expect(try await world.reader().isKeyKnown())
        }
    }

    /// Signs with another key than it says.
    private struct Lying: CheckpointSigner {
        let publicKey: [UInt8]
        let other: Ed25519CheckpointSigner

        func signature(of text: String) throws -> [UInt8] { try other.signature(of: text) }
    }

    @Test func signatureThatIsNotOfTheKeyIsNeitherStoredNorShown() async throws {
        try await AuditWorld.with { world in
            try await world.grow(by: 2)
            let lying = Lying(publicKey: try Self.signer(1).publicKey, other: try Self.signer(2))
            let reader = try world.reader(signer: lying)
            await #expect(throws: NoteError.self) { _ = try await reader.checkpoint(of: Self.log) }
            #expect(try await world.store.read { try $0.checkpoints(of: Self.log).isEmpty })
        }
    }
}
