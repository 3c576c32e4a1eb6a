import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What the engineer presents to a service.
struct CredentialTests {
    @Test func credentialNeverOutlivesItsGrantAndIsKeptAsAHashOnly() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            world.clock.advance(by: .minutes(90))
            let issued = try await world.credential(for: request)
            #expect(issued.credential.expiresAt == request.state.grant?.end)
            #expect(issued.secret.hasPrefix("lbc_"))
            #expect(issued.secret.count == 68)
            #expect(issued.credential.actions == .read)
            let found = try await world.store.read { tx in
                try tx.credential(secretHash: Lockbox.hash(issued.secret))
            }
            #expect(found == issued.credential)
            for entry in try await world.entries() {
                let bytes =
                    String(decoding: entry.bytes, as: UTF8.self)
                    + entry.texts.compactMap(\.text).joined()
                #expect(!bytes.contains(issued.secret) && !bytes.contains("lbc_"))
            }
        }
    }

    @Test func credentialIsForTheEngineerOfAnActiveGrantAlone() async throws {
        try await TestWorld.with { world async throws in
            func refused(_ request: AccessRequest, _ person: Person) async throws -> Refusal {
                try await world.refusal {
                    _ = try await world.lockbox.issueCredential(
                        for: request.id.text,
                        service: nil,
                        resource: nil,
                        by: person,
                        key: nil
                    )
                }
            }
            let asked = try await world.reviewed()
            #expect(try await refused(asked, Fixture.eve) == .accessNotActive(.awaitingCustomer))
            let planned = try await world.approved { $0.notBefore = Fixture.now + .hours(1) }
            #expect(try await refused(planned, Fixture.eve) == .accessNotActive(.scheduled))
            let open = try await world.approved()
            for person in [Fixture.max, Fixture.mark, Fixture.olga, Fixture.adam, Fixture.sue] {
                #expect(try await refused(open, person) == .notPermitted(.obtainCredential))
            }
            world.clock.advance(by: TimeSpan(milliseconds: TimeSpan.hours(2).milliseconds))
            // Nothing has swept; at the end it is over all the same.
            #expect(try await refused(open, Fixture.eve) == .accessNotActive(.ended))
        }
    }

    @Test func oneOfSeveralResourcesMustBeNamed() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved {
                $0.resources.append(
                    .init(service: "mail", id: "adam@contoso.test", actions: ["write"])
                )
            }
            func issue(_ service: String?, _ name: String?) async throws -> IssuedCredential {
                try await world.lockbox.issueCredential(
                    for: request.id.text,
                    service: service,
                    resource: name,
                    by: Fixture.eve,
                    key: nil
                )
            }
            #expect(try await world.refusal { _ = try await issue(nil, nil) }.field == "resource")
            #expect(
                try await world.refusal { _ = try await issue("mail", "frida@fabrikam.test") }
                    == .unknownReference(field: "resource", noun: .resource)
            )
            #expect(
                try await world.refusal { _ = try await issue("files", nil) }
                    == .unknownReference(field: "service", noun: .service)
            )
            let one = try await issue(nil, "ADAM@contoso.test")
            #expect(one.credential.resource == Fixture.otherMailbox)
            #expect(one.credential.actions == [.read, .write])
            let two = try await issue("mail", "mailbox:sue@contoso.test")
            #expect(two.credential.actions == .read)
            #expect(one.credential.username != two.credential.username)
        }
    }

    @Test func limitOfCredentialsHoldsUnderConcurrency() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let outcomes = await withTaskGroup(of: Refusal?.self) { group in
                for _ in 0..<Limits.credentialsPerGrant + 10 {
                    group.addTask {
                        do {
                            _ = try await world.credential(for: request)
                            return nil
                        } catch {
                            return error as? Refusal
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == nil } == Limits.credentialsPerGrant)
            #expect(outcomes.count { $0 == .limitReached(.credentials) } == 10)
            try await world.expectConsistentLogs()
        }
    }

    @Test func firstUseIsARecordAndTheOthersAreCounted() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            for _ in 0..<3 {
                world.clock.advance(by: .seconds(1))
                #expect(try await world.lockbox.recordUse(of: issued.credential))
            }
            #expect(
                try await world.activities(about: request.id).filter { $0 == "access.used" }.count
                    == 1
            )
            try await world.lockbox.writeUses()
            let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.uses.map(\.count) == [3])
            let used = try await world.entries().first { $0.activity == "access.used" }
            #expect(used?.actor == "service:mail")
        }
    }

    @Test func useThatComesAfterTheEndIsNeitherRecordedNorAccepted() async throws {
        try await TestWorld.with { world async throws in
            let (revoked, over) = (try await world.approved(), try await world.approved())
            let issued = try await world.credential(for: revoked)
            let other = try await world.credential(for: over)
            // The service's question was answered from memory a moment before the customer revoked.
            _ = try await world.lockbox.revoke(
                revoked.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            #expect(try await world.lockbox.recordUse(of: issued.credential) == false)
            world.clock.advance(by: .hours(2))
            #expect(try await world.lockbox.recordUse(of: other.credential) == false)
            #expect(try await world.activities(about: revoked.id).contains("access.used") == false)
            #expect(try await world.activities(about: over.id).contains("access.used") == false)
        }
    }

    @Test func credentialGivenBackFinishesItsAccess() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            let hash = Lockbox.hash(issued.secret)
            // Another service, and a secret nobody has: nothing happens and nothing is told.
            try await world.lockbox.revokeCredential(
                secretHash: hash,
                presentedBy: ServiceID("files")!
            )
            try await world.lockbox.revokeCredential(
                secretHash: Lockbox.hash("lbc_x"),
                presentedBy: Fixture.mail.service.id
            )
            #expect(try await world.stored(request.id).state.name == .active)
            for _ in 0..<2 {
                try await world.lockbox.revokeCredential(
                    secretHash: hash,
                    presentedBy: Fixture.mail.service.id
                )
            }
            #expect(try await world.stored(request.id).state.ending?.reason == .finished)
            #expect(
                try await world.activities(about: request.id).filter { $0 == "access.ended" }.count
                    == 1
            )
            try await world.expectConsistentLogs()
        }
    }

    @Test func endedAccessCannotBeOpenedAgain() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            _ = try await world.lockbox.finish(
                request.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            let ended = try await world.stored(request.id)
            for (draft, person) in [
                (TestWorld.yes, Fixture.adam), (TestWorld.yes, Fixture.gita),
                (TestWorld.no, Fixture.gita),
            ] {
                let refusal = try await world.refusal {
                    try await world.decide(draft, on: ended, by: person)
                }
                #expect(refusal == .alreadyDecided(.ended))
            }
            for end in [world.lockbox.finish, world.lockbox.withdraw] {
                let refusal = try await world.refusal {
                    _ = try await end(request.id.text, nil, Fixture.eve, nil)
                }
                #expect(refusal == .wrongState(.ended))
            }
            let revoked = try await world.refusal {
                _ = try await world.lockbox.revoke(
                    request.id.text,
                    comment: nil,
                    by: Fixture.adam,
                    key: nil
                )
            }
            #expect(revoked == .wrongState(.ended))
        }
    }
}
