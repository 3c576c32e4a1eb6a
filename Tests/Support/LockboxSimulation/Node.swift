import Dispatch
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import LockboxService
import LockboxServices
import LockboxStoreSQLite
import LockboxTestWorld
import LockboxWork
import Logging
import Synchronization

/// One process of Lockbox, as `LockboxServer` puts it together, with time and chance of the
/// simulation.
final class Node: Sendable {
    let place: Scheduler.Place
    let store: SimulatedStore
    let clock: SimulatedClock
    let index: DecisionIndex
    let lockbox: Lockbox
    let audited: AuditedStore
    private let sqlite: SQLiteStore
    private let scheduler: Scheduler
    private let pauses: [SimulatedPause]
    private let loops: @Sendable () async -> Void

    struct World: Sendable {
        let scheduler: Scheduler
        let path: String
        let mailbox: SimulatedMailbox
        let relay: SimulatedRelay
        let faults: @Sendable () -> Faults
    }

    /// What a process consists of that others hear of.
    private struct Lanes: Sendable {
        let expiry, cut, orders, mail, memory, feed, uses, operations: SimulatedPause

        init(_ scheduler: Scheduler) {
            func pause() -> SimulatedPause { SimulatedPause(scheduler) }
            (expiry, cut, orders, mail) = (pause(), pause(), pause(), pause())
            (memory, feed, uses, operations) = (pause(), pause(), pause(), pause())
        }

        var all: [SimulatedPause] {
            [expiry, cut, orders, mail, memory, feed, uses, operations]
        }
    }

    init(_ place: Scheduler.Place, in world: World) throws {
        let scheduler = world.scheduler
        let (offset, seed) = scheduler.draw { chance in
            (Int64.random(in: -100...100, using: &chance), chance.next())
        }
        sqlite = try waiting { try await SQLiteStore.open(path: world.path) }
        store = SimulatedStore(sqlite, scheduler, faults: world.faults)
        clock = SimulatedClock(scheduler, offBy: offset)
        let entropy = SeededEntropy(seed: seed)
        let (lanes, time) = (Lanes(scheduler), SimulatedMonotonicClock(scheduler: scheduler))
        let (logs, uses, first) = (ReadLogs(), UseCounts(), FirstActions(time: time))
        index = DecisionIndex(store: store, logs: logs, clock: clock) { lanes.memory.wake() }
        let enforcers = SimulatedEnforcers(one: SimulatedEnforcer(world, store))
        let waker = LaneWaker(
            expiry: lanes.expiry,
            cut: lanes.cut,
            orders: lanes.orders,
            mail: lanes.mail,
            first: first
        )
        let portal = Portal(name: "Lockbox", publicURL: Self.url, showAddress: true)
        audited = AuditedStore(
            store: store,
            logs: logs,
            clock: clock,
            entropy: entropy,
            readers: [
                RemovalPlanner(kinds: TestWorld.kinds),
                NoticePlanner(portal: portal, kinds: TestWorld.kinds),
            ],
            listeners: [index, uses, waker]
        )
        lockbox = Lockbox(
            store: audited,
            kinds: TestWorld.kinds,
            enforcers: enforcers,
            ends: index,
            uses: uses,
            signing: SigningPlace(
                logPrefix: "lockbox.example",
                webOrigin: Self.url,
                entropy: entropy
            )
        )
        loops = try Self.loops(
            Parts(
                world: world,
                store: store,
                clock: clock,
                index: index,
                lockbox: lockbox,
                audited: audited,
                enforcers: enforcers,
                first: first,
                uses: uses,
                waker: waker,
                lanes: lanes,
                time: time,
                entropy: entropy
            )
        )
        pauses = lanes.all
        self.place = place
        self.scheduler = scheduler
    }

    private static let url = "https://lockbox.example"

    /// What the loops are made of.
    private struct Parts: Sendable {
        let world: World
        let store: SimulatedStore
        let clock: SimulatedClock
        let index: DecisionIndex
        let lockbox: Lockbox
        let audited: AuditedStore
        let enforcers: SimulatedEnforcers
        let first: FirstActions
        let uses: UseCounts
        let waker: LaneWaker
        let lanes: Lanes
        let time: SimulatedMonotonicClock
        let entropy: SeededEntropy
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

        @Sendable
        func sleep(_ duration: Duration) async throws {
            guard !store.isDead, !Task.isCancelled else { throw CancellationError() }
            await world.scheduler.sleep(Int64(duration / .milliseconds(1)))
            guard !store.isDead, !Task.isCancelled else { throw CancellationError() }
        }
    }

    private static func loops(_ parts: Parts) throws -> @Sendable () async -> Void {
        let (lanes, lockbox, logger) = (parts.lanes, parts.lockbox, parts.logger)
        let holder: ID<WorkProcess> = parts.entropy.id()
        let cut = CutJob(
            store: parts.audited,
            enforcers: parts.enforcers,
            first: parts.first,
            logger: logger
        ) { lanes.orders.wake() }
        let orders = RemovalJob(
            store: parts.audited,
            enforcers: parts.enforcers,
            first: parts.first,
            logger: logger
        )
        let (mail, memory, feed) = (try mail(parts), memory(parts), feed(parts))
        @Sendable func loop<Work: Job>(
            _ job: Work,
            _ pause: SimulatedPause,
            leased: Bool = false
        ) -> LaneLoop<Work> {
            let name = job.lane.name
            return LaneLoop(
                job,
                store: parts.audited,
                lease: leased ? Lease(lane: name, holder: holder, time: parts.time) : nil,
                pause: pause,
                sleep: parts.sleep,
                logger: logger
            )
        }
        return {
            await withDiscardingTaskGroup { group in
                group.addTask { await memory.run() }
                group.addTask { try? await feed.run() }  // best effort: it ends without an error
                group.addTask { await loop(ExpiryJob(lockbox: lockbox), lanes.expiry).run() }
                group.addTask {
                    await loop(OperationsJob(lockbox: lockbox), lanes.operations).run()
                }
                group.addTask { await loop(cut, lanes.cut).run() }
                group.addTask { await loop(orders, lanes.orders, leased: true).run() }
                group.addTask { await loop(mail, lanes.mail, leased: true).run() }
                group.addTask {
                    await UseWriting(lockbox: lockbox, pause: lanes.uses, logger: logger).run()
                }
            }
        }
    }

    private static func mail(_ parts: Parts) throws -> MailJob {
        MailJob(
            store: parts.audited,
            mailer: SimulatedMailer(
                relay: parts.world.relay,
                scheduler: parts.world.scheduler,
                store: parts.store,
                faults: parts.world.faults
            ),
            clock: parts.clock,
            letters: try Letters(
                sender: Mailbox(name: "Lockbox", address: "lockbox@lockbox.example"),
                host: "lockbox.example"
            ),
            entropy: parts.entropy,
            logger: parts.logger,
            sleep: parts.sleep
        )
    }

    private static func memory(_ parts: Parts) -> CutFromMemory {
        CutFromMemory(
            index: parts.index,
            enforcers: parts.enforcers,
            first: parts.first,
            clock: parts.clock,
            time: parts.time,
            pause: parts.lanes.memory,
            logger: parts.logger
        ) { [cut = parts.lanes.cut] in cut.wake() }
    }

    private static func feed(_ parts: Parts) -> ChangeFeed {
        let (index, uses, waker) = (parts.index, parts.uses, parts.waker)
        return ChangeFeed(
            store: parts.store,
            pause: parts.lanes.feed,
            logger: parts.logger,
            refresh: { reload in
                if reload { uses.forget() }
                try await index.refresh(reload: reload)
            },
            changed: { waker.wakeAll() }
        )
    }

    /// As a server starts: what became due is recorded and what is open read, until the store allows
    /// it; then its loops run until it is stopped.
    func run() async {
        while !store.isDead {
            do {
                _ = try await lockbox.expireDue()
                try await index.refresh(reload: true)
                break
            } catch {
                await scheduler.sleep(200)
            }
        }
        await loops()
    }

    /// Asks its loops to end, as SIGTERM does.
    func stop() { for pause in pauses { pause.stop() } }

    /// After its tasks have ended.
    func close() throws { try waiting { [sqlite] in try await sqlite.close() } }

    var executor: PlaceExecutor { scheduler.executor(for: place) }

    /// What `act` gives at this process, which may be stopped or killed meanwhile; nil where there is no
    /// answer within `patience` milliseconds.
    func answer<Value: Sendable>(
        within patience: Int64,
        _ act: @escaping @Sendable (Node) async -> Value
    ) async -> Value? {
        let asked = Question<Value>()
        // Nobody waits for it for ever.
        Task(executorPreference: executor) { asked.end(await act(self)) }
        scheduler.at(scheduler.now + patience) { asked.end(nil) }
        return await asked.answer()
    }

    /// What a service hears that asks about `secret`.
    func admits(_ secret: String) async -> Credential? {
        do {
            guard let credential = try await index.active(secret, now: clock.now()),
                try await lockbox.recordUse(of: credential), index.isStillGood(credential)
            else { return nil }
            return credential
        } catch {
            return nil
        }
    }
}

/// What is answered once, or never.
private final class Question<Value: Sendable>: Sendable {
    private struct State {
        var isOver = false
        var answer: Value?
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func end(_ answer: Value?) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.isOver else { return nil }
            (state.isOver, state.answer) = (true, answer)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    func answer() async -> Value? {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting = continuation }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
        return state.withLock(\.answer)
    }
}

/// Does `work` outside of the simulation while all of it waits. For what takes no part in it, such as
/// opening files.
func waiting<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value
{
    let done = DispatchSemaphore(value: 0)
    let box = Kept<Result<Value, any Error>>()
    Task.detached {
        do { box.keep(.success(try await work())) } catch { box.keep(.failure(error)) }
        done.signal()
    }
    done.wait()
    return try box.value!.get()
}

/// What one thread leaves for another.
final class Kept<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)

    var value: Value? { state.withLock { $0 } }

    func keep(_ value: Value) { state.withLock { $0 = value } }
}
