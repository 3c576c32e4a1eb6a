import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxWork
import Synchronization
import Testing

/// What is due is carried out once, within its lane's bounds, whatever hangs.
@Suite(.timeLimit(.minutes(1))) struct LaneLoopTests {
    private static func items(_ count: Int, at place: String = "") -> [WorkKey] {
        (0..<count).map { WorkKey(place: place, item: "\($0)") }
    }

    @Test func whatIsDueIsCarriedOutOnce() async throws {
        let job = ScriptedJob(Lane(name: "test", parallel: 3, seen: 100), Self.items(20))
        try await Bench.run(job) { bench in
            await bench.until { job.waiting.isEmpty }
            job.add(WorkKey(item: "later"))
            await bench.until { job.waiting.isEmpty }
        }
        #expect(job.begun.count == 21)
        #expect(Set(job.begun).count == 21)
    }

    @Test func whatIsBeingCarriedOutIsNotBegunAgain() async throws {
        let gate = Gate()
        let job = ScriptedJob(Lane(name: "test", parallel: 8, seen: 100), Self.items(1)) { _ in
            await gate.wait()
        }
        try await Bench.run(job) { bench in
            await bench.until { job.begun.count == 1 }
            for _ in 0..<20 {
                await bench.pause.untilIdle()
                bench.pause.wake()
            }
            #expect(job.begun.count == 1)
            gate.open()
            await bench.until { job.waiting.isEmpty }
        }
        #expect(job.begun.count == 1)
    }

    @Test func aPlaceThatHangsHoldsUpNoOther() async throws {
        let gate = Gate()
        let lane = Lane(name: "test", parallel: 100, parallelAtOnePlace: 4, seen: 1000)
        let items = Self.items(50, at: "hangs") + Self.items(3, at: "works")
        let job = ScriptedJob(lane, items) { item in
            if item.place == "hangs" { await gate.wait() }
        }
        try await Bench.run(job) { bench in
            await bench.until { !job.waiting.contains { $0.place == "works" } }
            #expect(job.begun.count { $0.place == "hangs" } == 4)
            gate.open()
            await bench.until { job.waiting.isEmpty }
        }
        #expect(job.begun.count == 53)
    }

    @Test func noMoreThanTheLanesBoundAreCarriedOutAtOnce() async throws {
        let gate = Gate()
        let job = ScriptedJob(Lane(name: "test", parallel: 5, seen: 1000), Self.items(30)) { _ in
            await gate.wait()
        }
        try await Bench.run(job) { bench in
            await bench.until { job.begun.count == 5 }
            for _ in 0..<10 {
                await bench.pause.untilIdle()
                bench.pause.wake()
            }
            #expect(job.begun.count == 5)
            gate.open()
            await bench.until { job.waiting.isEmpty }
        }
    }

    @Test func itemsOfOnePlaceAreHandedOverTogether() async throws {
        let lane = Lane(name: "test", parallel: 1000, batch: 100, seen: 1000)
        let job = ScriptedJob(lane, Self.items(150, at: "a") + Self.items(20, at: "b"))
        try await Bench.run(job) { bench in await bench.until { job.waiting.isEmpty } }
        #expect(job.batches.map(\.count).sorted() == [20, 50, 100])
        #expect(job.batches.allSatisfy { Set($0.map(\.place)).count == 1 })
    }

    @Test func theLoopWaitsUntilTheNextIsDueAndNeverLong() async throws {
        let job = ScriptedJob(Lane(name: "test", parallel: 1, seen: 10), [])
        try await Bench.run(job) { bench in
            // Milliseconds from now to the next deadline, and what the loop makes of it.
            for (next, wait) in [(100, 100), (10_000, 250), (0, 250), (-5, 250)] as [(Int64, Int64)]
            {
                job.setNextDue(bench.clock.now() + TimeSpan(milliseconds: next))
                await bench.pause.untilIdle()
                bench.pause.wake()
                await bench.pause.untilIdle()
                #expect(bench.pause.lastWait == wait)
            }
        }
    }

    @Test func aFailureIsTriedAgain() async throws {
        let failures = Mutex(3)
        let job = ScriptedJob(Lane(name: "test", parallel: 1, seen: 10), Self.items(1)) { _ in
            let fails = failures.withLock { left in
                left -= 1
                return left >= 0
            }
            if fails { throw StoreError.unavailable("busy") }
        }
        try await Bench.run(job) { bench in await bench.until { job.waiting.isEmpty } }
        #expect(job.begun.count == 4)
    }

    @Test func aLookThatFailsIsRepeated() async throws {
        let job = ScriptedJob(Lane(name: "test", parallel: 1, seen: 10), Self.items(2))
        job.failLooks(5)
        try await Bench.run(job) { bench in await bench.until { job.waiting.isEmpty } }
        #expect(job.begun.count == 2)
    }

    @Test func stoppingLetsWhatIsBeingCarriedOutFinish() async throws {
        let gate = Gate()
        let job = ScriptedJob(Lane(name: "test", parallel: 1, seen: 10), Self.items(2)) { _ in
            await gate.wait()
        }
        try await Bench.run(job) { bench in
            await bench.until { job.begun.count == 1 }
            await bench.pause.untilIdle()
            bench.pause.stop()
            gate.open()
        }
        #expect(job.waiting.count == 1)
        #expect(job.begun.count == 1)
    }
}
