import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Synchronization
import Testing

@testable import LockboxAudit

struct LongReadsTests {
    @Test func onePersonDoesNotTakeEveryPlaceAndNobodyTakesMoreThanThereAre() throws {
        let reads = LongReads((all: 3, each: 2))
        let held = [
            try reads.place(for: Fixture.sue.id), try reads.place(for: Fixture.sue.id),
        ]
        #expect(throws: StoreError.self) { _ = try reads.place(for: Fixture.sue.id) }
        let others = try reads.place(for: Fixture.adam.id)
        #expect(throws: StoreError.self) { _ = try reads.place(for: Fixture.gita.id) }
        withExtendedLifetime((held, others)) {}
    }

    @Test func placeThatIsLetGoIsFree() throws {
        let reads = LongReads((all: 1, each: 1))
        for _ in 0..<3 {
            let place = try reads.place(for: Fixture.sue.id)
            #expect(throws: StoreError.self) { _ = try reads.place(for: Fixture.adam.id) }
            withExtendedLifetime(place) {}
        }
    }

    @Test func searchOverManySlicesFindsWhatOneViewFinds() async throws {
        try await AuditWorld.with(told: true) { world in
            try await world.grow(by: 40)
            let log = AuditWorld.contoso
            for search in [LogSearch(person: "adam"), LogSearch(activity: "support")] {
                let whole = try await world.store.read { tx in
                    try tx.search(search, in: log, page: ListPage(limit: 50)).items
                }
                #expect(!whole.isEmpty)
                let reader = try world.reader(slice: 3)
                var found: [LogEntry] = []
                var page = ListPage(limit: 50)
                repeat {
                    let some = try await reader.search(
                        search,
                        in: log,
                        page: page,
                        for: Fixture.sue.id
                    )
                    found += some.items
                    page.cursor = some.next
                } while page.cursor != nil
                #expect(found == whole)
            }
        }
    }

    private struct NotWanted: Error {}

    @Test func exportEndsInTheMiddleWhenItIsNotWantedAnyMore() async throws {
        try await AuditWorld.with(told: true) { world in
            let reader = try world.reader(slice: 3)
            try await world.grow(by: 20)
            let place = try reader.place(for: Fixture.sue.id)
            let asked = Atomic(0)
            await #expect(throws: NotWanted.self) {
                try await reader.export(
                    LogSearch(text: "zz"),
                    size: nil,
                    of: AuditWorld.contoso,
                    as: .jsonLines,
                    holding: place,
                    isWanted: {
                        let times = asked.wrappingAdd(1, ordering: .relaxed).newValue
                        guard times <= 2 else { throw NotWanted() }
                    },
                    to: { _ in }
                )
            }
            #expect(asked.load(ordering: .relaxed) == 3, "nobody is asked after a no")
        }
    }

    @Test func exportHoldsItsPlaceUntilItEnds() async throws {
        try await AuditWorld.with(told: true) { world in
            let reader = try world.reader(slice: 3)
            try await world.grow(by: 20)
            let text = Mutex("")
            let place = try reader.place(for: Fixture.sue.id)
            try await reader.export(
                LogSearch(activity: "tenant"),
                size: nil,
                of: AuditWorld.contoso,
                as: .jsonLines,
                holding: place,
                isWanted: {},
                to: { more in text.withLock { $0 += String(decoding: more, as: UTF8.self) } }
            )
            #expect(text.withLock { $0.split(separator: "\n").count } == 1)
        }
    }
}
