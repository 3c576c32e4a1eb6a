import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Questions and answers, and which letters a person wants: the use cases.
struct MessageTests {
    @Test func threadIsReadInOrderByBothSides() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.reviewed()
            let id = request.id.text
            let asked = try await world.lockbox.postMessage(
                " Why? ",
                on: id,
                by: Fixture.adam,
                key: nil
            )
            #expect(
                asked.message.number == 1 && asked.message.text == "Why?"
                    && asked.author.id == Fixture.adam.id
            )
            world.clock.advance(by: .minutes(1))
            _ = try await world.lockbox.postMessage("Because.", on: id, by: Fixture.eve, key: nil)
            for reader in [
                Fixture.adam, Fixture.gita, Fixture.uma, Fixture.eve, Fixture.mark, Fixture.max,
                Fixture.olga,
            ] {
                let thread = try await world.lockbox.messages(on: id, by: reader)
                #expect(thread.map(\.message.number) == [1, 2])
                #expect(thread.map(\.author.id) == [Fixture.adam.id, Fixture.eve.id])
            }
            // The request is as it was, for a decision on the version that was read before.
            #expect(try await world.stored(request.id) == request)
            #expect(
                try await world.decide(TestWorld.yes, on: request, by: Fixture.adam).state.name
                    == .active
            )
            #expect(
                try await world.activities(about: request.id).filter { $0 == "request.message" }
                    .count == 2
            )
            try await world.expectConsistentLogs()
        }
    }

    @Test func memberSeesHerRequestButNotTheThread() async throws {
        try await TestWorld.with { world async throws in
            let id = try await world.reviewed().id.text
            _ = try await world.lockbox.request(id, by: Fixture.sue)
            let reading = try await world.refusal {
                _ = try await world.lockbox.messages(on: id, by: Fixture.sue)
            }
            #expect(reading == .notFound(.accessRequest))
            for person in [Fixture.sue, Fixture.uma, Fixture.olga] {
                let refusal = try await world.refusal {
                    _ = try await world.lockbox.postMessage("Hello", on: id, by: person, key: nil)
                }
                #expect(refusal == .notPermitted(.postMessage))
            }
        }
    }

    @Test func retryWritesOnce() async throws {
        try await TestWorld.with { world async throws in
            let id = try await world.reviewed().id.text
            let key = CommandKey(key: "k", payloadHash: [UInt8](repeating: 1, count: 32))
            let first = try await world.lockbox.postMessage(
                "Why?",
                on: id,
                by: Fixture.adam,
                key: key
            )
            _ = try await world.lockbox.postMessage("Because.", on: id, by: Fixture.eve, key: nil)
            let again = try await world.lockbox.postMessage(
                "Why?",
                on: id,
                by: Fixture.adam,
                key: key
            )
            #expect(again.message == first.message)
            #expect(try await world.lockbox.messages(on: id, by: Fixture.adam).count == 2)
        }
    }

    @Test func messagesAtOnceGetNumbersOfTheirOwnAndTheThreadEndsAtItsLimit() async throws {
        try await TestWorld.with { world async throws in
            let id = try await world.reviewed().id.text
            let refused = await withTaskGroup(of: Refusal?.self) { group in
                for number in 0..<Limits.messagesPerRequest + 5 {
                    group.addTask {
                        let person = number.isMultiple(of: 2) ? Fixture.adam : Fixture.eve
                        do {
                            _ = try await world.lockbox.postMessage(
                                "\(number)",
                                on: id,
                                by: person,
                                key: nil
                            )
                            return nil
                        } catch {
                            return error as? Refusal
                        }
                    }
                }
                return await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
            }
            #expect(refused == Array(repeating: .limitReached(.messages), count: 5))
            let numbers = try await world.lockbox.messages(on: id, by: Fixture.adam).map(
                \.message.number
            )
            #expect(numbers == Array(1...Limits.messagesPerRequest))
            try await world.expectConsistentLogs()
        }
    }

    @Test func afterTheDeadlineItIsTooLateWhetherOrNotAnythingSwept() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.reviewed()
            world.clock.move(to: try #require(request.state.decideBy))
            let refusal = try await world.refusal {
                _ = try await world.lockbox.postMessage(
                    "Still?",
                    on: request.id.text,
                    by: Fixture.adam,
                    key: nil
                )
            }
            #expect(refusal == .wrongState(.expired))
        }
    }

    // MARK: - Letters

    @Test func eachPersonMutesHerOwnLettersAndTheLogSaysSo() async throws {
        try await TestWorld.with { world async throws in
            let before = try await world.entries().count
            let muted: MutedLetters = [.reminders, .accessReports]
            let changed = try await world.lockbox.changeMutedLetters(to: muted, by: Fixture.adam)
            #expect(changed.mutedLetters == muted && changed.id == Fixture.adam.id)
            #expect(try await world.store.read { try $0.person(Fixture.adam.id) } == changed)
            #expect(try await world.store.read { try $0.person(Fixture.gita.id) } == Fixture.gita)
            // The same again is no change.
            _ = try await world.lockbox.changeMutedLetters(to: muted, by: Fixture.adam)
            #expect(
                try await world.entries().dropFirst(before).map(\.activity) == ["person.changed"]
            )
            // A caller's record from before is not written back.
            let admin = try await world.lockbox.changeRoles(
                of: Fixture.adam.id.text,
                in: "contoso",
                to: ["auditor"],
                by: Fixture.gita
            )
            #expect(admin.mutedLetters == muted)
            let again = try await world.lockbox.changeMutedLetters(to: [], by: Fixture.adam)
            #expect(again.roles == .auditor && again.mutedLetters.isEmpty)
            try await world.expectConsistentLogs()
        }
    }

    @Test func eachPersonChoosesHerOwnTimeZoneAndTheLogSaysSo() async throws {
        try await TestWorld.with { world async throws in
            let before = try await world.entries().count
            let zone = TimeZoneName("Europe/Berlin")
            for _ in 1...2 {
                try await world.lockbox.changeTimeZone(to: zone, by: Fixture.adam)
            }
            #expect(try await world.store.read { try $0.person(Fixture.adam.id)?.timeZone } == zone)
            #expect(try await world.store.read { try $0.person(Fixture.gita.id) } == Fixture.gita)
            #expect(
                try await world.entries().dropFirst(before).map(\.activity) == ["person.changed"]
            )
            try await world.lockbox.changeTimeZone(to: nil, by: Fixture.adam)
            #expect(try await world.store.read { try $0.person(Fixture.adam.id) } == Fixture.adam)
            try await world.expectConsistentLogs()
        }
    }

    @Test func whoIsSwitchedOffChangesNothing() async throws {
        let off = Fixture.person(20, "Pat Doe", "pat@contoso.test", .approver, isDisabled: true)
        try await TestWorld.with(people: [off]) { world async throws in
            let refusal = try await world.refusal {
                _ = try await world.lockbox.changeMutedLetters(to: .reminders, by: off)
            }
            #expect(refusal == .notSignedIn)
        }
    }
}
