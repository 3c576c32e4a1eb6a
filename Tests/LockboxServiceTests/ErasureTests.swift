import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxStoreSQLite
import LockboxTestWorld
import Testing

/// Texts that go, from the log, from every row that repeats them, and from the files.
struct ErasureTests {
    private static let reason = "Asked for by the person concerned."

    /// A world on files that a test can read. `gone` says whether a text is in none of them.
    private static func onFiles(
        _ body: (TestWorld, _ isGone: (String) async throws -> Bool) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-erasure-\(ProcessInfo.processInfo.globallyUniqueString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let store = try await SQLiteStore.open(path: folder.path + "/lockbox.sqlite")
        let world = TestWorld(store: store)
        do {
            try await world.furnish()
            try await body(world) { text in
                try await store.clear()
                let files = try FileManager.default.contentsOfDirectory(
                    at: folder,
                    includingPropertiesForKeys: nil
                )
                return try files.allSatisfy { file in
                    try Data(contentsOf: file).range(of: Data(text.utf8)) == nil
                }
            }
        } catch {
            try await store.close()
            try FileManager.default.removeItem(at: folder)
            throw error
        }
        try await store.close()
        try FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    private static func erase(
        _ selection: TextSelection,
        _ world: TestWorld,
        by person: Person = Fixture.gita,
        of tenant: String = "contoso"
    ) async throws -> ErasedTexts {
        try await world.lockbox.eraseTexts(of: tenant, selection, because: reason, by: person)
    }

    /// Access that was given, talked about, used and stopped, and all of whose ends are confirmed.
    private static func ended(_ world: TestWorld) async throws -> AccessRequest {
        let request = try await world.approved { draft in
            draft.reason = "Zebra-reason: look why mail does not arrive."
        }
        for (text, person) in [("Zebra-question?", Fixture.adam), ("Zebra-answer.", Fixture.eve)] {
            _ = try await world.lockbox.postMessage(
                text,
                on: request.id.text,
                by: person,
                key: nil
            )
        }
        _ = try await world.credential(for: request)
        _ = try await world.lockbox.revoke(
            request.id.text,
            comment: "Zebra-comment.",
            by: Fixture.adam,
            key: nil
        )
        try await world.audited.write(by: .system, for: .ending) { change in
            for var removal in try change.tx.removals(of: request.id) {
                removal.progress = .confirmed
                try change.tx.save(removal)
                change.emit(.access(.removalConfirmed(removal)))
            }
        }
        return request
    }

    private static func hits(_ text: String, _ world: TestWorld) async throws -> Int {
        try await world.store.read { tx in
            try tx.search(
                LogSearch(text: text),
                in: .tenant(Fixture.contoso.id),
                page: ListPage(limit: 99)
            ).items.count
        }
    }

    @Test func textsOfARequestGoFromTheLogTheTablesAndTheFiles() async throws {
        try await Self.onFiles { world, isGone in
            let request = try await Self.ended(world)
            #expect(try await !isGone("Zebra-"))
            #expect(try await Self.hits("Zebra-", world) > 0)
            let erased = try await Self.erase(.request(request.id), world)
            #expect(erased.texts > 10 && erased.records > 5)
            #expect(try await isGone("Zebra-"))
            #expect(try await Self.hits("Zebra-", world) == 0)
            let stored = try await world.stored(request.id)
            #expect(stored.terms.reason == ErasedText.mark)
            let names = stored.terms.scope.accesses.map(\.resource.name)
            #expect(names == ["mailbox:erased-00"])
            #expect(stored.state.grant?.scope == stored.terms.scope)
            let messages = try await world.store.read { try $0.messages(on: request.id) }
            #expect(messages.map(\.text) == [ErasedText.mark, ErasedText.mark])
            let record = try #require(try await world.entries().last)
            #expect(record.activity == "texts.erased" && record.actor == Fixture.gita.id.text)
            #expect(record.texts.contains { $0.field == "reason" && $0.text == Self.reason })
            try await world.expectConsistentLogs()
            // Again: there is nothing left, and nothing is written.
            #expect(try await Self.erase(.request(request.id), world) == ErasedTexts())
            #expect(try await world.entries().last == record)
        }
    }

    @Test func whatWaitsOrIsOpenIsRefusedByName() async throws {
        try await TestWorld.with { world async throws in
            for request in [try await world.submitted(), try await world.approved()] {
                for selection in [
                    TextSelection.request(request.id), .person(Fixture.eve.id),
                ] {
                    let refusal = try await world.refusal {
                        try await Self.erase(selection, world)
                    }
                    #expect(refusal.sentence.contains(request.id.text))
                }
            }
        }
    }

    @Test func accessWhoseEndIsNotConfirmedIsRefused() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            _ = try await world.credential(for: request)
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            let refusal = try await world.refusal {
                try await Self.erase(.request(request.id), world)
            }
            #expect(refusal.sentence.contains(request.id.text))
        }
    }

    @Test func onlyAnAdministratorOfTheTenantErases() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            for person in [Fixture.adam, Fixture.uma, Fixture.sue] {
                let refusal = try await world.refusal {
                    try await Self.erase(.request(request.id), world, by: person)
                }
                #expect(refusal == .notPermitted(.eraseTexts), "\(person.name)")
            }
            for person in [Fixture.eve, Fixture.olga] {
                let refusal = try await world.refusal {
                    try await Self.erase(.request(request.id), world, by: person)
                }
                #expect(refusal == .notPermitted(.eraseTexts), "\(person.name)")
            }
            let elsewhere = try await world.refusal {
                try await Self.erase(.request(request.id), world, by: Fixture.finn)
            }
            #expect(elsewhere == .notFound(.tenant))
            let other = try await world.refusal {
                try await Self.erase(.request(request.id), world, by: Fixture.finn, of: "fabrikam")
            }
            #expect(other == .notFound(.accessRequest))
        }
    }

    @Test func oneTextOfARecordGoesWithWhatRepeatsIt() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            let entry = try #require(
                try await world.entries().first { entry in
                    entry.texts.contains { $0.text == "Zebra-question?" }
                }
            )
            try await Self.erase(.records([entry.index], fields: ["message"]), world)
            let messages = try await world.store.read { try $0.messages(on: request.id) }
            #expect(messages.map(\.text) == [ErasedText.mark, "Zebra-answer."])
            let after = try await world.entries()[Int(entry.index)]
            #expect(after.texts.filter { $0.text == nil }.map(\.field) == ["message"])
            try await world.expectConsistentLogs()
            for (records, fields) in [
                ([UInt64](), nil), ([4711], nil), ([entry.index], ["nothing"]),
                ([UInt64(after.index) + 1_000], ["message"]),
            ] as [([UInt64], [String]?)] {
                _ = try await world.refusal {
                    try await Self.erase(.records(records, fields: fields), world)
                }
            }
            let record = try #require(try await world.entries().last)
            _ = try await world.refusal {
                try await Self.erase(.records([record.index], fields: nil), world)
            }
        }
    }

    @Test func everythingOfSomebodyWhoIsGoneGoes() async throws {
        let zoe = Fixture.person(77, "Zebedee Quux", "zebedee@contoso.test")
        try await Self.onFiles { world, isGone in
            try await world.audited.write(by: .console) { change in
                try change.tx.save(zoe)
                change.emit(.directory(.personAdded(zoe)))
            }
            let support = try await world.lockbox.openSupportRequest(
                SupportDraft(
                    tenant: "contoso",
                    subject: "Mail of zebedee@contoso.test",
                    description: "It is slow.",
                    service: nil,
                    number: nil,
                    url: nil
                ),
                by: zoe,
                key: nil
            ).support
            let early = try await world.refusal { try await Self.erase(.person(zoe.id), world) }
            #expect(early.sentence.contains("not switched off"))
            try await world.audited.write(by: .person(Fixture.gita)) { change in
                var gone = zoe
                gone.isDisabled = true
                try change.tx.save(gone)
                change.emit(.directory(.personChanged(before: zoe, after: gone)))
            }
            let open = try await world.refusal { try await Self.erase(.person(zoe.id), world) }
            #expect(open.sentence.contains(support.number.text))
            _ = try await world.lockbox.closeSupportRequest(
                support.number.text,
                tenant: "contoso",
                comment: nil,
                by: Fixture.gita,
                key: nil
            )
            try await Self.erase(.person(zoe.id), world)
            #expect(try await isGone("Zebedee Quux"))
            #expect(try await isGone("zebedee@contoso.test"))
            let row = try #require(try await world.store.read { try $0.person(zoe.id) })
            #expect(row.name == ErasedText.mark && row.email == ErasedText.address(of: zoe.id))
            try await world.expectConsistentLogs()
        }
    }

    @Test func textsWithALongerAddressThanHersStay() async throws {
        try await TestWorld.with { world async throws in
            let am = Fixture.person(78, "Am Xu", "am@contoso.test")
            var gone = am
            gone.isDisabled = true
            try await world.audited.write(by: .console) { [gone] change in
                try change.tx.save(gone)
                change.emit(.directory(.personAdded(gone)))
            }
            let others = [
                "Mail of sam@contoso.test", "(adam@contoso.test)", "x.am@contoso.test",
                "a-am@contoso.test", "b_am@contoso.test", "c+am@contoso.test",
                "o'am@contoso.test", "am@contoso.test.example", "am@contoso.testing",
                "am@contoso.test-lab.example", "am@contoso", "Bob: sam@contoso.test.",
            ]
            let hers = [
                "am@contoso.test", "Mail of AM@Contoso.Test.", "mailbox:am@contoso.test",
                "<am@contoso.test>, sam@contoso.test", "sam@contoso.test;am@contoso.test",
                "Is it 'am@contoso.test'?", "Write to am@contoso.test- or call",
                "mailto:am@contoso.test?subject=x", "für\u{a0}am@contoso.test…",
            ]
            for text in others + hers {
                let support = try await world.lockbox.openSupportRequest(
                    SupportDraft(
                        tenant: "contoso",
                        subject: "Something is slow",
                        description: text,
                        service: nil,
                        number: nil,
                        url: nil
                    ),
                    by: Fixture.sue,
                    key: nil
                ).support
                _ = try await world.lockbox.closeSupportRequest(
                    support.number.text,
                    tenant: "contoso",
                    comment: nil,
                    by: Fixture.gita,
                    key: nil
                )
            }
            let preview = try await world.lockbox.erasurePreview(
                of: "contoso",
                .person(am.id),
                by: Fixture.gita
            )
            let erased = try await Self.erase(.person(am.id), world)
            let entries = try await world.entries()
            let left = Set(entries.flatMap(\.texts).compactMap(\.text))
            #expect(others.filter { !left.contains($0) } == [])
            #expect(hers.filter { left.contains($0) } == [])
            #expect(preview.texts == erased.texts && preview.records.count == erased.records)
            #expect(preview.person == am.id && !preview.isCut)
            let without = entries.filter { $0.texts.contains { $0.text == nil } }
            #expect(without.map(\.index) == preview.records)
            try await world.expectConsistentLogs()
        }
    }

    @Test func whatIsTakenAwayWithATextIsToldBefore() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            let entry = try #require(
                try await world.entries().last { entry in
                    entry.request == request.id && entry.texts.contains { $0.field == "resource0" }
                }
            )
            let selection = TextSelection.records([entry.index], fields: ["resource0"])
            let preview = try await world.lockbox.erasurePreview(
                of: "contoso",
                selection,
                by: Fixture.gita
            )
            #expect(preview.records.count > 1 && preview.person == nil)
            for person in [Fixture.adam, Fixture.uma] {
                let refusal = try await world.refusal {
                    _ = try await world.lockbox.erasurePreview(of: "contoso", selection, by: person)
                }
                #expect(refusal == .notPermitted(.eraseTexts))
            }
            let before = try await world.entries()
            #expect(before.allSatisfy { $0.texts.allSatisfy { $0.text != nil } })
            let erased = try await Self.erase(selection, world)
            #expect(preview.texts == erased.texts && preview.records.count == erased.records)
        }
    }

    @Test func oldTextsGoByThemselvesOnceTheRulesSaySo() async throws {
        try await TestWorld.with { world async throws in
            let old = try await Self.ended(world)
            let contoso = Fixture.contoso.id
            func run() async throws -> ErasedTexts {
                try await world.lockbox.eraseOldTexts(of: contoso) { _ in true }
            }
            world.clock.advance(by: .days(100))
            #expect(try await run() == ErasedTexts())
            try await world.audited.write(by: .person(Fixture.gita)) { change in
                let before = try #require(try change.tx.tenant(contoso))
                var after = before
                after.policy.retention = .days(90)
                after.version += 1
                try change.tx.save(after)
                change.emit(.directory(.policyChanged(before: before, after: after)))
            }
            let waiting = try await world.submitted()
            #expect(try await run().texts > 10)
            #expect(try await run() == ErasedTexts())
            #expect(try await world.stored(old.id).terms.reason == ErasedText.mark)
            #expect(try await world.stored(waiting.id).terms.reason != ErasedText.mark)
            let record = try #require(try await world.entries().last)
            #expect(record.activity == "texts.erased" && record.actor == "system")
            #expect(String(decoding: record.bytes, as: UTF8.self).contains(#""retention":"P90D""#))
            try await world.expectConsistentLogs()
        }
    }
}
