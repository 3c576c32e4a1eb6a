import LockboxDomain
import LockboxFixtures
import Logging
import ServiceLifecycle
import Testing

@testable import LockboxServer

/// The machine's clock, which does not go back.
struct SteadyTimeTests {
    private let start = ContinuousClock.now
    private var time: SteadyTime

    init() { time = SteadyTime(wall: Fixture.now, monotonic: start) }

    /// Reads with the wall clock `wall` and the monotonic clock `passed` milliseconds after the
    /// start; gives milliseconds after the start.
    private mutating func read(wall: Int64, passed: Int64) -> Int64 {
        let wall = Fixture.now + TimeSpan(milliseconds: wall)
        return
            (time.read(wall: wall, monotonic: start.advanced(by: .milliseconds(passed)))
            - Fixture.now).milliseconds
    }

    @Test mutating func ordinaryTimeIsTheWallClocks() {
        for instant in [0, 1, 999, 1000, 86_400_000] as [Int64] {
            #expect(read(wall: instant, passed: instant) == instant)
        }
    }

    @Test mutating func stepForwardIsFollowedAtOnce() {
        #expect(read(wall: 600_000, passed: 5) == 600_000)
        #expect(read(wall: 600_010, passed: 15) == 600_010)
    }

    @Test mutating func smallStepBackStandsStillUntilTheClockHasCaughtUp() {
        #expect(read(wall: 5000, passed: 5000) == 5000)
        #expect(read(wall: 4000, passed: 5001) == 5000)
        #expect(read(wall: 4999, passed: 6000) == 5000)
        #expect(read(wall: 5001, passed: 6002) == 5001)
    }

    @Test mutating func largeStepBackIsNotFollowedAndTimeGoesOn() {
        #expect(read(wall: 10_000, passed: 10_000) == 10_000)
        // Ten minutes back; the monotonic clock says what has really passed.
        #expect(read(wall: -590_000, passed: 10_000) == 10_000)
        #expect(read(wall: -589_000, passed: 11_000) == 11_000)
        #expect(read(wall: -540_000, passed: 60_000) == 60_000)
        // Set right again: the wall clock is followed again.
        #expect(read(wall: 60_500, passed: 60_500) == 60_500)
        #expect(read(wall: 61_000, passed: 61_000) == 61_000)
    }

    @Test mutating func manyReadingsWithinOneMillisecondLoseNoTime() {
        for micro in 1...5000 {
            _ = time.read(
                wall: Fixture.now + .hours(-1),
                monotonic: start.advanced(by: .microseconds(micro))
            )
        }
        #expect(read(wall: -3_600_000, passed: 5) == 5)
    }

    @Test mutating func timeNeverGoesBackWhateverTheClocksSay() {
        let entropy = SeededEntropy(seed: 3)
        var (last, passed): (Int64, Int64) = (.min, 0)
        for _ in 0..<5000 {
            let bytes = entropy.bytes(4).map(Int64.init)
            passed += bytes[0]
            let now = read(
                wall: passed + (bytes[1] << 8 | bytes[2]) * (bytes[3] & 1 == 0 ? 1 : -1) * 100,
                passed: passed
            )
            #expect(now >= last)
            last = now
        }
    }

    @Test mutating func whatWasRecordedBeforeARestartHasHappened() {
        time.advance(to: Fixture.now + .minutes(10), monotonic: start)
        #expect(read(wall: 0, passed: 0) == 600_000)
        #expect(read(wall: 1000, passed: 1000) == 601_000)
        time.advance(to: Fixture.now, monotonic: start)
        #expect(read(wall: 2000, passed: 2000) == 602_000)
    }

    @Test func systemClockTellsTheTimeAndDoesNotGoBack() {
        let clock = SystemClock()
        var last = clock.now()
        #expect(last > Timestamp("2024-01-01T00:00:00Z")!)
        for _ in 0..<1000 {
            let now = clock.now()
            #expect(now >= last)
            last = now
        }
        clock.advance(to: last + .hours(1))
        #expect(clock.now() >= last + .hours(1))
    }
}

/// Waits that can be cut short.
struct SystemPauseTests {
    /// Longer than any test takes: who waits for it to end was not woken.
    private static let long: Int64 = 3_600_000

    @Test func pauseEndsByItself() async {
        let pause = SystemPause()
        #expect(await pause(milliseconds: 0))
        #expect(await pause(milliseconds: 1))
        #expect(await pause(milliseconds: 20))
    }

    @Test func wakeEndsThePresentWait() async {
        let pause = SystemPause()
        await withTaskGroup { group in
            group.addTask { #expect(await pause(milliseconds: Self.long)) }
            group.addTask {
                await Task.yield()
                pause.wake()
            }
        }
    }

    @Test func wakeBeforeTheWaitEndsTheNextAndOnlyTheNext() async {
        let pause = SystemPause()
        pause.wake()
        pause.wake()
        #expect(await pause(milliseconds: Self.long))
        let began = ContinuousClock.now
        #expect(await pause(milliseconds: 30))
        #expect(ContinuousClock.now - began >= .milliseconds(25))
    }

    @Test func cancelledPauseSaysThatItIsOver() async {
        let pause = SystemPause()
        await withTaskGroup { group in
            group.addTask { #expect(await pause(milliseconds: Self.long) == false) }
            await Task.yield()
            group.cancelAll()
        }
    }

    @Test func gracefulShutdownEndsTheWaitForGood() async throws {
        struct Loop: ServiceLifecycle.Service {
            let pause = SystemPause()
            func run() async throws { while await pause(milliseconds: SystemPauseTests.long) {} }
        }
        struct Ender: ServiceLifecycle.Service {
            func run() async throws { await Task.yield() }
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Loop()),
                    .init(service: Ender(), successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                logger: .init(label: "test")
            )
        )
        try await group.run()
    }

    @Test func manyWakesFromManySidesAreNeverLost() async {
        let pause = SystemPause()
        for _ in 0..<200 {
            await withTaskGroup { group in
                group.addTask { #expect(await pause(milliseconds: Self.long)) }
                for _ in 0..<3 { group.addTask { pause.wake() } }
            }
            // One that came late may be left over.
            pause.wake()
            #expect(await pause(milliseconds: Self.long))
        }
    }
}
