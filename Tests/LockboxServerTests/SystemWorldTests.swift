import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Logging
import ServiceLifecycle
import Testing

@testable import LockboxServer

/// The machine's clock, which does not go back.
struct SteadyTimeTests {
    private let start = reading()
    private var time: SteadyTime

    init() { time = SteadyTime(start) }

    /// Reads with the wall clock `wall` and the monotonic clock `passed` milliseconds after the
    /// start; gives milliseconds after the start.
    private mutating func read(wall: Int64, passed: Int64) -> Int64 {
        (time.read(reading(wall: wall, passed: .milliseconds(passed))) - Fixture.now).milliseconds
    }

    @Test mutating func ordinaryTimeIsTheWallClocks() {
        for instant in [0, 1, 999, 1000, 86_400_000] as [Int64] {
            #expect(read(wall: instant, passed: instant) == instant)
        }
    }

    @Test mutating func smallStepForwardIsFollowedAtOnce() {
        #expect(read(wall: 300_000, passed: 5) == 300_000)
        #expect(read(wall: 300_010, passed: 15) == 300_010)
        #expect(time.step == nil)
    }

    @Test(arguments: [300_001, 3_600_000, 315_360_000_000, -300_001, -86_400_000] as [Int64])
    mutating func largeStepIsNotFollowedAndSaid(_ step: Int64) {
        #expect(read(wall: 1000, passed: 1000) == 1000)
        #expect(read(wall: 1000 + step, passed: 1000) == 1000)
        #expect(time.step == TimeSpan(milliseconds: step))
        #expect(read(wall: 9000 + step, passed: 9000) == 9000)
        #expect(time.step == TimeSpan(milliseconds: step))
        #expect(time.ahead == TimeSpan(milliseconds: -step))
        // The clock is right again: nothing was lost, and nothing stays.
        #expect(read(wall: 12_000, passed: 12_000) == 12_000)
        #expect(time.step == nil)
    }

    @Test mutating func manySmallStepsBackAreOneLargeOne() {
        var wall: Int64 = 0
        for passed in 1...4 as ClosedRange<Int64> {
            wall -= 100_000
            #expect(read(wall: wall, passed: passed) == passed)
            #expect((time.step != nil) == (passed >= 3))
        }
    }

    @Test mutating func acceptedStepForwardIsFollowed() {
        #expect(read(wall: 3_600_000, passed: 1000) == 1000)
        time.accept(reading(wall: 3_601_000, passed: .seconds(2)))
        #expect(time.step == nil)
        #expect(read(wall: 3_602_000, passed: 3000) == 3_602_000)
    }

    @Test mutating func acceptedStepBackLetsTimeGoOnAheadOfTheClock() {
        #expect(read(wall: 3_600_000, passed: 3_600_000) == 3_600_000)
        #expect(read(wall: 0, passed: 3_601_000) == 3_601_000)
        #expect(time.step != nil)
        time.accept(reading(wall: 1000, passed: .milliseconds(3_602_000)))
        #expect(time.step == nil)
        #expect(read(wall: 2000, passed: 3_603_000) == 3_603_000)
        #expect(time.step == nil)
        // Another step is another one to accept.
        #expect(read(wall: -3_600_000, passed: 3_604_000) == 3_604_000)
        #expect(time.step != nil)
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
            _ = time.read(reading(wall: -3_600_000, passed: .microseconds(micro)))
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
        time.advance(to: Fixture.now + .minutes(10), at: start)
        #expect(read(wall: 0, passed: 0) == 600_000)
        #expect(read(wall: 1000, passed: 1000) == 601_000)
        time.advance(to: Fixture.now, at: start)
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

/// What the next process makes of what the last one left.
struct ClockMarkTests {
    /// A mark of `time` milliseconds after the start, at a wall clock that then showed `wall`.
    private func mark(_ time: Int64, wall: Int64, passed: Int64 = 0) -> ClockMark {
        ClockMark(
            Fixture.now + TimeSpan(milliseconds: time),
            at: reading(wall: wall, passed: .milliseconds(passed))
        )
    }

    private func earliest(_ mark: ClockMark, at reading: ClockReading) -> Int64 {
        (mark.earliest(at: reading) - Fixture.now).milliseconds
    }

    @Test func whileTheMachineRunsOnItsMonotonicClockSaysWhatHasPassed() {
        let ahead = mark(86_400_000, wall: 0)
        for wall in [-86_400_000, 0, 500, 600_000_000] as [Int64] {
            let later = reading(wall: wall, passed: .milliseconds(5000))
            #expect(earliest(ahead, at: later) == 86_405_000)
        }
    }

    @Test func afterTheMachineWasStartedAnewTheWallClockSaysIt() {
        let ahead = mark(86_400_000, wall: 0, passed: 9_000_000)
        let later = reading(wall: 60_000, passed: .milliseconds(10), boot: "another")
        #expect(earliest(ahead, at: later) == 86_460_000)
        // Set back while it was down: time stands where it was, and does not go back.
        let back = reading(wall: -60_000, passed: .milliseconds(10), boot: "another")
        #expect(earliest(ahead, at: back) == 86_400_000)
    }

    @Test func systemThatNamesNoStartGoesByItsWallClock() {
        var before = reading()
        before.boot = ""
        var after = reading(wall: 7000, passed: .milliseconds(1))
        after.boot = ""
        #expect(earliest(ClockMark(Fixture.now, at: before), at: after) == 7000)
    }

    @Test func monotonicClockThatWentBackIsNotBelieved() {
        let later = reading(wall: 3000, passed: .milliseconds(-5000))
        #expect(earliest(mark(1000, wall: 0), at: later) == 4000)
    }

    @Test(arguments: [Int64.min, Int64.max]) func oddNumbersInTheFileEndNothing(_ odd: Int64) throws
    {
        let folder = try Folder()
        let path = try folder.write(
            #"{"time":\#(odd),"wall":\#(odd),"uptime":\#(odd),"boot":"one"}"#,
            to: "clock"
        )
        let file = try ClockMarkFile(path: path)
        for boot in ["one", "another"] {
            #expect(file.earliest(at: reading(wall: 5, boot: boot)) != nil)
        }
    }

    @Test func stepBackThatAProcessSawIsKnownAfterTheMachineWasStartedAnew() throws {
        let folder = try Folder()
        let path = folder.path + "/clock"
        var file = try ClockMarkFile(path: path)
        var time = SteadyTime(reading())
        for (wall, passed) in [(0, 0), (-600_000, 5000), (-599_000, 6000)] as [(Int64, Int64)] {
            let now = reading(wall: wall, passed: .milliseconds(passed))
            _ = time.read(now)
            _ = try file.keep(time.now, at: now)
        }
        let later = reading(wall: -539_000, passed: .milliseconds(100), boot: "another")
        #expect(try ClockMarkFile(path: path).earliest(at: later) == Fixture.now + .seconds(66))
    }

    @Test func manyRestartsAfterAStepBackLoseNoTime() throws {
        let folder = try Folder()
        let path = folder.path + "/clock"
        // The clock was a day ahead, and what was recorded then is in the logs.
        let recorded = Fixture.now + .days(1)
        for restart in 0..<20 {
            // It is right again. Each process runs two seconds, and none runs for three.
            let passed = Int64(restart) * 5000
            var time = SteadyTime(reading(wall: passed, passed: .milliseconds(passed)))
            var file = try ClockMarkFile(path: path)
            for more in [0, 1000, 2000] as [Int64] {
                let now = reading(wall: passed + more, passed: .milliseconds(passed + more))
                if let earliest = file.earliest(at: now) { time.advance(to: earliest, at: now) }
                time.advance(to: recorded, at: now)
                _ = time.read(now)
                #expect(try file.keep(time.now, at: now) == time.now)
            }
            #expect(time.now - recorded == TimeSpan(milliseconds: passed + 2000))
        }
    }

    @Test func markIsWrittenOnlyWhenAClockStepped() throws {
        let folder = try Folder()
        var file = try ClockMarkFile(path: folder.path + "/clock")
        var time = SteadyTime(reading())
        var marks: [Data] = []
        func at(_ wall: Int64, _ passed: Int64) throws {
            let now = reading(wall: wall, passed: .milliseconds(passed))
            _ = time.read(now)
            _ = try file.keep(time.now, at: now)
            let mark = try Data(contentsOf: URL(filePath: folder.path + "/clock"))
            if marks.last != mark { marks.append(mark) }
        }
        for passed in stride(from: Int64(0), to: 600_000, by: 1000) { try at(passed, passed) }
        #expect(marks.count == 1)
        for step in [0, 9_000_000] as [Int64] {
            let before = marks.count
            let passed = 600_000 + step / 1000
            try at(step, passed)
            #expect(marks.count == before + 1)
            for more in 1...5 { try at(step + Int64(more) * 1000, passed + Int64(more) * 1000) }
            #expect(marks.count == before + 1)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names == ["clock"], "no draft stays")
        let access = try FileManager.default.attributesOfItem(atPath: folder.path + "/clock")
        #expect(access[.posixPermissions] as? Int == 0o600)
    }

    @Test func aStepThatNobodyAcceptedIsStillNoneAfterARestart() throws {
        let folder = try Folder()
        let path = folder.path + "/clock"
        for (step, boot) in [(3_600_000, "one"), (3_600_000, "another"), (-3_600_000, "one")]
            as [(Int64, String)]
        {
            try? FileManager.default.removeItem(atPath: path)  // best effort: there may be none
            var file = try ClockMarkFile(path: path)
            var time = SteadyTime(reading())
            for (wall, passed) in [(0, 0), (1000 + step, 1000)] as [(Int64, Int64)] {
                let now = reading(wall: wall, passed: .milliseconds(passed))
                _ = time.read(now)
                _ = try file.keep(time.now, accepted: time.accepted, at: now)
            }
            let uptime: Int64 = boot == "one" ? 5000 : 10
            let later = reading(wall: 5000 + step, passed: .milliseconds(uptime), boot: boot)
            let found = try ClockMarkFile(path: path)
            var next = SteadyTime(later)
            next.begin(at: try #require(found.earliest(at: later)), accepted: .zero, at: later)
            #expect(next.read(later) == Fixture.now + .seconds(5))
            #expect(next.step == TimeSpan(milliseconds: step))
        }
    }

    @Test func whatOneProcessAcceptedTheOthersFollow() throws {
        let folder = try Folder()
        let path = folder.path + "/clock"
        let back = reading(wall: -3_600_000, passed: .seconds(1))
        var (server, tool) = (SteadyTime(reading()), SteadyTime(reading()))
        var (own, others) = (try ClockMarkFile(path: path), try ClockMarkFile(path: path))
        _ = try own.keep(server.read(reading()), at: reading())
        _ = try own.keep(server.read(back), accepted: server.accepted, at: back)
        #expect(server.step != nil)
        _ = tool.read(back)
        tool.accept(back)
        _ = try others.keep(tool.now, accepted: tool.accepted, at: back)
        let later = reading(wall: -3_590_000, passed: .seconds(11))
        #expect(try own.isReplaced(at: later))
        server.accept(ahead: own.accepted)
        #expect(server.read(later) == Fixture.now + .seconds(11))
        #expect(server.step == nil)
    }

    @Test func processThatIsBehindAnotherFollowsIt() throws {
        let folder = try Folder()
        let path = folder.path + "/clock"
        var behind = try ClockMarkFile(path: path)
        var ahead = try ClockMarkFile(path: path)
        let day = Fixture.now + .days(1)
        #expect(try ahead.keep(day, at: reading()) == day)
        let later = reading(wall: 2000, passed: .seconds(2))
        #expect(try behind.keep(Fixture.now + .seconds(2), at: later) == day + .seconds(2))
    }

    @Test func fileThatIsNoMarkIsNamed() throws {
        let folder = try Folder()
        let path = try folder.write("yesterday", to: "clock")
        let words = try complaint(in: folder) { _ = try ClockMarkFile(path: path) }
        #expect(words.hasPrefix("FOLDER/clock does not say what time it was"))
    }

    @Test func clockThatCannotBeKeptSaysSoAndGoesOn() throws {
        let folder = try Folder()
        let clock = SystemClock()
        #expect(throws: ConfigurationError.self) {
            try clock.goOn(from: folder.path + "/gone/clock") { _ in }
        }
        #expect(clock.now() > Timestamp("2024-01-01T00:00:00Z")!)
    }
}

/// `wall` milliseconds after the start by the wall clock, `passed` after it in truth.
private func reading(wall: Int64 = 0, passed: Duration = .zero, boot: String = "one")
    -> ClockReading
{
    ClockReading(
        wall: Fixture.now + TimeSpan(milliseconds: wall),
        uptime: .seconds(1_000_000) + passed,
        boot: boot
    )
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
        struct Loop: Service {
            let pause = SystemPause()
            func run() async throws { while await pause(milliseconds: SystemPauseTests.long) {} }
        }
        struct Ender: Service {
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
