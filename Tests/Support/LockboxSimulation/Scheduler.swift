import Dispatch
import Glibc
import LockboxFixtures
import LockboxPorts
import Synchronization

/// Runs everything of a simulation on one thread: one piece of one task at a time, chosen by the
/// seed, and time that moves only when nothing else can.
///
/// What a piece does outside of it (SQLite has threads of its own) is waited for before the next is
/// chosen. So the same seed gives the same run.
package final class Scheduler: Sendable {
    /// Of a process, or of those who use it.
    typealias Place = Int

    private struct Ready {
        let job: UnownedJob
        let executor: PlaceExecutor
    }

    private struct Timer {
        let at: Int64
        let order: Int
        let fire: @Sendable () -> Void
    }

    private struct State {
        var chance: SeededChance
        var ready: [Ready] = []
        var stopped: Set<Place> = []
        var timers: [Timer] = []
        var order = 0
        var now: Int64 = 0
        var steps = 0
        /// Calls to the outside, and those that are not back.
        var calls = 0
        var outside = 0
        /// What such a call goes on with.
        var returning: [Ready] = []
        var trace = StableHash()
    }

    private let state: Mutex<State>
    private let thread = pthread_self()
    private let arrived = DispatchSemaphore(value: 0)

    init(seed: UInt64) { state = Mutex(State(chance: SeededChance(seed: seed))) }

    /// Milliseconds since the beginning, as they truly pass.
    var now: Int64 { state.withLock(\.now) }

    /// Pieces of tasks that were run.
    var steps: Int { state.withLock(\.steps) }

    /// The seed's choices.
    func draw<Value>(_ choose: (inout SeededChance) -> Value) -> Value {
        state.withLock { choose(&$0.chance) }
    }

    func executor(for place: Place) -> PlaceExecutor { PlaceExecutor(self, place) }

    fileprivate func add(_ job: UnownedJob, of executor: PlaceExecutor) {
        let ready = Ready(job: job, executor: executor)
        state.withLock { state in
            guard pthread_equal(pthread_self(), thread) == 0 else {
                return state.ready.append(ready)
            }
            precondition(state.outside > 0, "somebody went outside unseen")
            state.returning.append(ready)
            arrived.signal()
        }
    }

    /// Nothing of `place` runs until it is let go on, as after SIGSTOP.
    func stop(_ place: Place) { state.withLock { _ = $0.stopped.insert(place) } }

    func letGoOn(_ place: Place) { state.withLock { _ = $0.stopped.remove(place) } }

    /// The piece that runs now goes outside with its next call.
    func leave() {
        state.withLock { state in
            state.calls += 1
            state.outside += 1
        }
    }

    /// It is back.
    func back() { state.withLock { $0.outside -= 1 } }

    /// What came of one piece.
    enum Step {
        /// There is none that can run.
        case nothing
        case ran
        /// It went outside, and is back.
        case wentOutside
    }

    /// Runs one piece.
    func step() -> Step {
        let next: (Ready, Int)? = state.withLock { state in
            let open = state.ready.indices.filter {
                !state.stopped.contains(state.ready[$0].executor.place)
            }
            guard let chosen = open.randomElement(using: &state.chance) else { return nil }
            state.steps += 1
            let ready = state.ready.remove(at: chosen)
            state.trace.add(UInt64(truncatingIfNeeded: state.now))
            state.trace.add(UInt64(ready.executor.place * 1000 + chosen))
            return (ready, state.calls)
        }
        guard let (ready, calls) = next else { return .nothing }
        run(ready)
        // Nothing else runs until the call is back, whichever threads it takes.
        while state.withLock({ $0.outside > 0 }) {
            if let returning = state.withLock({ $0.returning.popLast() }) {
                run(returning)
            } else {
                arrived.wait()
            }
        }
        return state.withLock { $0.calls == calls ? .ran : .wentOutside }
    }

    private func run(_ ready: Ready) {
        ready.job.runSynchronously(on: ready.executor.asUnownedTaskExecutor())
    }

    /// Of all choices so far.
    var fingerprint: Int { state.withLock { $0.trace.value } }

    /// Lets time pass until the next timer, and fires it; false where there is none.
    func advance() -> Bool {
        let next: Timer? = state.withLock { state in
            guard
                let place = state.timers.indices.min(by: {
                    (state.timers[$0].at, state.timers[$0].order)
                        < (state.timers[$1].at, state.timers[$1].order)
                })
            else { return nil }
            let timer = state.timers.remove(at: place)
            state.now = max(state.now, timer.at)
            return timer
        }
        next?.fire()
        return next != nil
    }

    /// The whole machine slept, and its clocks went on.
    func jump(by milliseconds: Int64) { state.withLock { $0.now += milliseconds } }

    func at(_ instant: Int64, _ fire: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.order += 1
            state.timers.append(Timer(at: instant, order: state.order, fire: fire))
        }
    }

    /// Waits in the simulation's time.
    func sleep(_ milliseconds: Int64) async {
        await withCheckedContinuation { continuation in
            at(now + max(milliseconds, 0)) { continuation.resume() }
        }
    }
}

/// Where the tasks of one place queue up.
final class PlaceExecutor: TaskExecutor {
    let place: Scheduler.Place
    private let scheduler: Scheduler

    init(_ scheduler: Scheduler, _ place: Scheduler.Place) {
        (self.scheduler, self.place) = (scheduler, place)
    }

    func enqueue(_ job: consuming ExecutorJob) { scheduler.add(UnownedJob(job), of: self) }
}

/// Choices that are the same for the same seed.
struct SeededChance: RandomNumberGenerator, Sendable {
    private let bytes: SeededEntropy

    init(seed: UInt64) { bytes = SeededEntropy(seed: seed) }

    mutating func next() -> UInt64 { bytes.bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// True in `percent` of a hundred.
    mutating func happens(_ percent: Double) -> Bool {
        Double.random(in: 0..<100, using: &self) < percent
    }
}

/// A pause that lasts in the simulation's time.
final class SimulatedPause: Pause {
    private struct State {
        var isWoken = false
        var isStopped = false
        var waiting: CheckedContinuation<Void, Never>?
        /// Of the waits so far, so that an old timer ends none that came later.
        var count = 0
    }

    private let scheduler: Scheduler
    private let state = Mutex(State())

    init(_ scheduler: Scheduler) { self.scheduler = scheduler }

    func callAsFunction(milliseconds: Int64) async -> Bool {
        await withCheckedContinuation { continuation in
            let count = state.withLock { state -> Int? in
                if state.isWoken || state.isStopped {
                    state.isWoken = false
                    return nil
                }
                state.waiting = continuation
                state.count += 1
                return state.count
            }
            guard let count else { return continuation.resume() }
            scheduler.at(scheduler.now + max(milliseconds, 0)) { [self] in
                release { $0.count == count }
            }
        }
        return state.withLock { !$0.isStopped }
    }

    func wake() {
        release { state in
            state.isWoken = state.waiting == nil
            return true
        }
    }

    func stop() {
        release { state in
            state.isStopped = true
            return true
        }
    }

    private func release(_ mayEnd: (inout State) -> Bool) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard mayEnd(&state) else { return nil }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}

/// FNV-1a: the same in every process, as Swift's own is not.
struct StableHash: Sendable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) { for byte in text.utf8 { add(byte) } }

    mutating func add(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            add(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    private mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    var value: Int { Int(truncatingIfNeeded: state) }
}
