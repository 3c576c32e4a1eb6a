import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Support requests that are answered, closed and reopened: the use cases.
struct SupportThreadTests {
    private static let number = "SR-1001"

    private static func write(
        _ world: TestWorld,
        _ text: String = "It works again.",
        by person: Person,
        key: CommandKey? = nil
    ) async throws -> SupportEntryView {
        try await world.lockbox.writeOnSupportRequest(
            text,
            on: number,
            tenant: "contoso",
            by: person,
            key: key
        )
    }

    private static func close(
        _ world: TestWorld,
        comment: String? = nil,
        by person: Person = Fixture.sue,
        key: CommandKey? = nil
    ) async throws -> SupportView {
        try await world.lockbox.closeSupportRequest(
            number,
            tenant: nil,
            comment: comment,
            by: person,
            key: key
        )
    }

    @Test func answersRepliesAndClosingAreOneThreadInTheLog() async throws {
        try await TestWorld.with { world async throws in
            _ = try await Self.write(world, by: Fixture.eve)
            world.clock.advance(by: .minutes(1))
            _ = try await Self.write(world, "Not for me.", by: Fixture.sue)
            let view = try await Self.close(world, comment: "Now it does.", by: Fixture.gita)
            #expect(view.support.state == .closed && view.answeredBy == Fixture.eve)
            for reader in [Fixture.sue, Fixture.adam, Fixture.uma, Fixture.max, Fixture.mark] {
                let thread = try await world.lockbox.supportThread(
                    Self.number,
                    tenant: nil,
                    by: reader
                )
                #expect(
                    thread.map(\.entry.text) == ["It works again.", "Not for me.", "Now it does."]
                )
                let authors = [Fixture.eve, Fixture.sue, Fixture.gita]
                #expect(thread.map(\.author.id) == authors.map(\.id))
                let isOfProvider = reader.side == .provider
                #expect(
                    thread.map(\.author.name) == [
                        "Eve Park", "Sue Reyes",
                        isOfProvider ? "Contoso Ltd’s approver" : "Gita Rao",
                    ]
                )
            }
            let told = try await world.entries().map(\.activity).filter {
                $0.hasPrefix("support.") && $0 != "support.opened"
            }
            #expect(told == ["support.message", "support.message", "support.closed"])
            try await world.expectConsistentLogs()
        }
    }

    @Test func nobodyAsksForAccessForAClosedOneUntilItIsReopened() async throws {
        try await TestWorld.with { world async throws in
            _ = try await Self.close(world)
            let refusal = try await world.refusal { _ = try await world.submitted() }
            #expect(refusal == .supportRequestClosed)
            #expect(refusal.sentence.contains("Reopen it first"))
            _ = try await world.lockbox.reopenSupportRequest(
                Self.number,
                tenant: "contoso",
                comment: nil,
                by: Fixture.max.roles.contains(.engineer) ? Fixture.max : Fixture.eve,
                key: nil
            )
            #expect(try await world.submitted().state.name == .awaitingManager)
            try await world.expectConsistentLogs()
        }
    }

    @Test func whatWaitsIsWithdrawnWithItAndOpenAccessStays() async throws {
        try await TestWorld.with { world async throws in
            let open = try await world.approved()
            let asked = try await world.reviewed()
            let submitted = try await world.submitted()
            let other = try await world.submitted { $0.supportRequest = "SR-1002" }
            _ = try await Self.close(world)
            for request in [asked, submitted] {
                guard
                    case .withdrawn(_, let comment) = try await world.stored(request.id).state
                else {
                    Issue.record("\(request.id) is not withdrawn")
                    continue
                }
                #expect(comment == "Support request SR-1001 was closed.")
                #expect(try await world.activities(about: request.id).last == "request.withdrawn")
            }
            #expect(try await world.stored(open.id) == open)
            #expect(try await world.stored(other.id) == other)
            try await world.expectConsistentLogs()
        }
    }

    /// Whichever comes first: no request waits for a closed one.
    @Test func closingAndAskingAtOnceLeaveNothingThatWaits() async throws {
        try await TestWorld.with { world async throws in
            for _ in 0..<20 {
                world.clock.advance(by: .hours(3))
                await withTaskGroup(of: Void.self) { group in
                    // best effort: one of the two may be refused.
                    group.addTask { _ = try? await Self.close(world) }  // best effort: see above
                    group.addTask { _ = try? await world.submitted() }  // best effort: see above
                }
                let view = try await world.lockbox.supportRequest(
                    Self.number,
                    tenant: nil,
                    by: Fixture.sue
                )
                #expect(view.support.state == .closed)
                let waiting = try await world.store.read { tx in
                    try tx.openRequests(of: Fixture.contoso.id, engineer: nil)
                }
                #expect(waiting == [])
                _ = try await world.lockbox.reopenSupportRequest(
                    Self.number,
                    tenant: nil,
                    comment: nil,
                    by: Fixture.sue,
                    key: nil
                )
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func whoSeesItNotFindsNothingAndWhoOnlySeesItMayNot() async throws {
        try await TestWorld.with { world async throws in
            let lockbox = world.lockbox
            func operations(_ number: String, by person: Person)
                -> [@Sendable () async throws -> Void]
            {
                [
                    {
                        _ = try await lockbox.writeOnSupportRequest(
                            "Hello",
                            on: number,
                            tenant: nil,
                            by: person,
                            key: nil
                        )
                    },
                    {
                        _ = try await lockbox.closeSupportRequest(
                            number,
                            tenant: "contoso",
                            comment: nil,
                            by: person,
                            key: nil
                        )
                    },
                    {
                        _ = try await lockbox.reopenSupportRequest(
                            number,
                            tenant: nil,
                            comment: nil,
                            by: person,
                            key: nil
                        )
                    },
                ]
            }
            for stranger in [Fixture.tom, Fixture.frida, Fixture.finn, Fixture.vera] {
                for number in [Self.number, "SR-0", "no number"] {
                    let reading: @Sendable () async throws -> Void = {
                        _ = try await lockbox.supportThread(number, tenant: nil, by: stranger)
                    }
                    for operation in operations(number, by: stranger) + [reading] {
                        let refusal = try await world.refusal(operation)
                        #expect(refusal == .notFound(.supportRequest), "\(stranger.name)")
                    }
                }
            }
            for reader in [Fixture.adam, Fixture.uma, Fixture.mark, Fixture.olga] {
                for operation in operations(Self.number, by: reader) {
                    let refusal = try await world.refusal(operation)
                    #expect(refusal == .notPermitted(.writeOnSupportRequest), "\(reader.name)")
                }
            }
            let view = try await lockbox.supportRequest(Self.number, tenant: nil, by: Fixture.sue)
            #expect(view.support == Fixture.supportRequest())
        }
    }

    @Test func aRetryWritesOnceAndClosesOnce() async throws {
        try await TestWorld.with { world async throws in
            let key = CommandKey(key: "k", payloadHash: [UInt8](repeating: 1, count: 32))
            let first = try await Self.write(world, by: Fixture.eve, key: key)
            _ = try await Self.write(world, "Another.", by: Fixture.eve)
            #expect(try await Self.write(world, by: Fixture.eve, key: key).entry == first.entry)
            _ = try await Self.close(world, key: key)
            #expect(try await Self.close(world, key: key).support.state == .closed)
            let thread = try await world.lockbox.supportThread(
                Self.number,
                tenant: nil,
                by: Fixture.sue
            )
            #expect(thread.map(\.entry.act) == [.wrote, .wrote, .closed])
        }
    }

    @Test func messagesOfADayAreBoundedAndClosingIsNot() async throws {
        try await TestWorld.with { world async throws in
            world.clock.advance(by: .days(1))
            try await world.store.write { [now = world.clock.now()] tx in
                for batch in 0..<Limits.messagesPerDay / Limits.messagesPerRequest {
                    var support = Fixture.supportRequest("A-\(batch)", openedAt: now)
                    try tx.insert(support)
                    for _ in 0..<Limits.messagesPerRequest {
                        let entry = try support.write("Hello", by: Fixture.sue, now: now)
                        try tx.save(support, entry)
                    }
                }
            }
            let refusal = try await world.refusal {
                _ = try await Self.write(world, by: Fixture.sue)
            }
            #expect(refusal == .dailyLimitReached(.messages, wait: .days(1)))
            #expect(try await Self.close(world).support.state == .closed)
        }
    }

    @Test func listsAreOfOneStateWhereThatIsAsked() async throws {
        try await TestWorld.with { world async throws in
            func numbers(_ state: SupportRequest.State?) async throws -> Set<String> {
                let page = try await world.lockbox.supportRequests(
                    tenant: "contoso",
                    state: state,
                    page: ListPage(limit: 50),
                    by: Fixture.eve
                )
                return Set(page.items.map(\.support.number.text))
            }
            _ = try await Self.write(world, by: Fixture.eve)
            #expect(try await numbers(.answered) == ["SR-1001"])
            #expect(try await numbers(.open) == ["SR-1002"])
            _ = try await Self.close(world)
            #expect(try await numbers(.answered) == [])
            #expect(try await numbers(.closed) == ["SR-1001"])
            #expect(try await numbers(nil) == ["SR-1001", "SR-1002"])
        }
    }
}
