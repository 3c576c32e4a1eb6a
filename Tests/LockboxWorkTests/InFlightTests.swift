import Testing

@testable import LockboxWork

/// What is being carried out, and what may begin beside it.
struct InFlightTests {
    private static let lane = Lane(name: "test", parallel: 10, seen: 100)
    private static let items = ["a", "b"].map { WorkKey(item: $0) }

    @Test func whatEndedWhileALookWasReadIsNotBegunFromThatLook() {
        let running = InFlight(Self.lane)
        #expect(running.begin(Self.items, notIn: [], key: { $0 }).count == 2)
        let busy = running.keys
        // The look reads both as due; then one of them ends.
        running.end([Self.items[0]])
        #expect(running.begin(Self.items, notIn: busy, key: { $0 }).isEmpty)
        // The next look does not know it, or finds it due again.
        #expect(running.begin(Self.items, notIn: running.keys, key: { $0 }) == [[Self.items[0]]])
    }
}
