import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQLite
import LockboxTestWorld
import Synchronization

/// A provider, a tenant, a service and a mail relay over several processes of Lockbox on one
/// database, while things go wrong; then everything is mended, and all must come right.
package final class Simulation: Sendable {
    /// What came of one seed.
    package struct Outcome: Hashable, Sendable {
        package let seed: UInt64
        /// In words, with the milliseconds from the beginning; empty if all held.
        package let violations: [String]
        /// Different sets of states of all requests.
        package let states: Set<Int>
        /// Of every choice that was made: the same for the same seed.
        package let fingerprint: Int
        /// Pieces of tasks that were run.
        package let steps: Int
        /// In all logs.
        package let records: UInt64
        /// How often the service let somebody in.
        package let sessions: Int
    }

    /// How long things go wrong, and how long everything then has to come right, in milliseconds.
    private enum Length {
        static let trouble: Int64 = 30_000
        static let calm: Int64 = 50_000
    }

    private struct State {
        var faults = Faults.none
        var nodes: [Node] = []
        var gone: [Node] = []
        var places = 0
        var isOver = false
        var isDone = false
        /// What goes wrong at the moment, and when something did.
        var active = 0
        var began: Int64 = 0
        var troubles: [Range<Int64>] = []
        var running = 0
    }

    private let scheduler: Scheduler
    private let path: String
    private let truth: Truth
    private let mailbox = SimulatedMailbox()
    private let relay = SimulatedRelay()
    private let state = Mutex(State())

    private init(seed: UInt64, path: String) throws {
        scheduler = Scheduler(seed: seed)
        self.path = path
        try waiting {
            let store = try await SQLiteStore.open(path: path)
            let world = TestWorld(store: store)
            try await world.furnish()
            try await world.openMoreSupportRequests()
            try await store.close()
        }
        truth = try Truth(path: path, scheduler)
        try truth.look()
    }

    /// Runs one seed, with its files below `folder`, which is best in memory.
    package static func run(seed: UInt64, in folder: String) async throws -> Outcome {
        let own = folder + "/lockbox-simulation-\(getpid())-\(seed)-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: own,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        defer {
            try? FileManager.default.removeItem(atPath: own)  // best effort: it is temporary
        }
        return try await withCheckedThrowingContinuation { continuation in
            // The one thread of the simulation: none of Swift's own may be blocked.
            let thread = Thread {
                continuation.resume(
                    with: Result {
                        try Simulation(seed: seed, path: own + "/lockbox.sqlite").run(seed)
                    }
                )
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    private func run(_ seed: UInt64) throws -> Outcome {
        Task(executorPreference: scheduler.executor(for: 0)) {
            await self.play()
            self.state.withLock { $0.isDone = true }
        }
        while !state.withLock(\.isDone) {
            switch scheduler.step() {
            case .wentOutside: try truth.look()
            case .ran: break
            case .nothing:
                guard scheduler.advance() else {
                    throw SimulationError("nothing can go on at \(scheduler.now) ms")
                }
                checkSessions()
            }
        }
        return try end(seed)
    }

    private func play() async {
        for _ in 0..<3 { start() }
        let people = Actors(
            scheduler,
            truth,
            mailbox,
            faults: { self.state.withLock(\.faults) },
            nodes: { self.state.withLock(\.nodes) },
            isOver: { self.scheduler.now >= Length.trouble + 10_000 }
        )
        await withDiscardingTaskGroup { group in
            group.addTask { await people.run() }
            group.addTask { await self.makeTrouble() }
        }
        await scheduler.sleep(Length.calm)
        people.checkAcknowledged()
        checkEverythingCameRight()
        await stopEverything()
    }

    // MARK: - Processes

    private func start() {
        let place = state.withLock { state in
            state.places += 1
            return state.places
        }
        let world = Node.World(
            scheduler: scheduler,
            path: path,
            mailbox: mailbox,
            relay: relay,
            faults: { self.state.withLock(\.faults) }
        )
        do {
            let node = try Node(place, in: world)
            state.withLock { state in
                state.nodes.append(node)
                state.running += 1
            }
            Task(executorPreference: node.executor) {
                await node.run()
                self.state.withLock { $0.running -= 1 }
            }
        } catch {
            truth.violated("a process cannot start: \(error)")
        }
    }

    private func take(_ node: Node) {
        state.withLock { state in
            state.nodes.removeAll { $0 === node }
            state.gone.append(node)
        }
    }

    private func stopEverything() async {
        let all = state.withLock { $0.nodes + $0.gone }
        for node in all {
            // What is left of those that were killed finds the store shut.
            node.stop()
            scheduler.letGoOn(node.place)
        }
        while state.withLock({ $0.running > 0 }) { await scheduler.sleep(100) }
        // Answers that nobody waits for any more.
        await scheduler.sleep(10_000)
    }

    // MARK: - What goes wrong

    private func makeTrouble() async {
        await withDiscardingTaskGroup { group in
            while scheduler.now < Length.trouble {
                await scheduler.sleep(scheduler.draw { Int64.random(in: 100...4000, using: &$0) })
                group.addTask { await self.oneTrouble() }
            }
        }
        state.withLock { $0.faults = .none }
    }

    private func oneTrouble() async {
        let (kind, length, percent) = scheduler.draw { chance in
            (
                Int.random(in: 0..<9, using: &chance), Int64.random(in: 50...6000, using: &chance),
                Double.random(in: 1...40, using: &chance)
            )
        }
        let node = scheduler.draw { chance in
            state.withLock(\.nodes).randomElement(using: &chance)
        }
        await trouble {
            switch kind {
            case 0: await kill(node, for: length)
            case 1: await suspend(node, for: length)
            case 2: await cutOff(node, for: length)
            case 3: await restart(node)
            case 4: await fault(for: length) { $0.store = percent }
            case 5: await fault(for: length) { $0.outcome = percent / 2 }
            case 6: await fault(for: length) { $0.network = percent }
            case 7: await fault(for: length) { ($0.relay, $0.slowness) = (percent, 300) }
            default:
                // The machine sleeps: shortly, or until nobody is asked any more.
                scheduler.jump(by: percent > 30 ? 13 * 3_600_000 : length)
            }
        }
    }

    private func trouble(_ body: () async -> Void) async {
        state.withLock { state in
            if state.active == 0 { state.began = scheduler.now }
            state.active += 1
        }
        await body()
        state.withLock { state in
            state.active -= 1
            if state.active == 0 { state.troubles.append(state.began..<scheduler.now + 1) }
        }
    }

    /// As with `kill -9`: what it was about to do it never does.
    private func kill(_ node: Node?, for length: Int64) async {
        guard let node else { return }
        take(node)
        scheduler.stop(node.place)
        node.store.die()
        await scheduler.sleep(length)
        start()
    }

    /// SIGSTOP, and SIGCONT later: beyond its leases, perhaps.
    private func suspend(_ node: Node?, for length: Int64) async {
        guard let node else { return }
        scheduler.stop(node.place)
        await scheduler.sleep(length)
        if !node.store.isDead { scheduler.letGoOn(node.place) }
    }

    private func cutOff(_ node: Node?, for length: Int64) async {
        guard let node else { return }
        node.store.cutOff(true)
        await scheduler.sleep(length)
        node.store.cutOff(false)
    }

    /// As at an upgrade: another is there before it ends.
    private func restart(_ node: Node?) async {
        guard let node else { return }
        start()
        take(node)
        node.stop()
    }

    private func fault(for length: Int64, _ change: (inout Faults) -> Void) async {
        state.withLock { change(&$0.faults) }
        await scheduler.sleep(length)
        state.withLock { $0.faults = .none }
    }

    // MARK: - What must hold

    private func checkSessions() {
        let (active, since) = state.withLock { ($0.active, $0.troubles.last?.upperBound ?? 0) }
        guard active == 0 else { return }
        Rules.check(mailbox.sessions, at: scheduler.now, workingSince: since, truth)
    }

    private func checkEverythingCameRight() {
        for request in truth.requests where request.state != "ended" && request.grant != nil {
            truth.violated("\(request.id) is \(request.state) long after its access was over")
        }
        if !mailbox.sessions.isEmpty { truth.violated("sessions are open: \(mailbox.sessions)") }
        Rules.check(relay.taken, troubles: state.withLock(\.troubles), truth)
        do {
            let open = try truth.openRemovals()
            if open > 0 { truth.violated("\(open) removals are not confirmed") }
            let due = SimulatedClock.instant(scheduler.now - 10_000)
            let letters = try truth.lettersDue(before: due)
            if letters > 0 { truth.violated("\(letters) letters wait and are due") }
        } catch {
            truth.violated("the end cannot be read: \(error)")
        }
    }

    private func end(_ seed: UInt64) throws -> Outcome {
        for node in state.withLock({ $0.nodes + $0.gone }) { try node.close() }
        let now = SimulatedClock.instant(scheduler.now)
        let reports = try waiting { [path] in
            let store = try await SQLiteStore.open(path: path)
            let reports = try await LogCheck(store: store, clock: FixedClock(now)).run(only: nil)
            try await store.close()
            return reports
        }
        for report in reports {
            for difference in report.differences { truth.violated("\(report.log): \(difference)") }
        }
        try truth.close()
        return Outcome(
            seed: seed,
            violations: truth.violations,
            states: truth.statesSeen,
            fingerprint: scheduler.fingerprint,
            steps: scheduler.steps,
            records: reports.reduce(0) { $0 + $1.records },
            sessions: mailbox.opened
        )
    }
}

/// The simulation itself is wrong.
struct SimulationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension TestWorld {
    /// What more engineers can ask about.
    fileprivate func openMoreSupportRequests() async throws {
        for number in 1003...1006 {
            let support = Fixture.supportRequest("SR-\(number)", openedBy: Fixture.sue.id)
            try await audited.write(by: .person(Fixture.sue)) { change in
                try change.tx.insert(support)
                change.emit(.request(.supportRequestOpened(support)))
            }
        }
    }
}
