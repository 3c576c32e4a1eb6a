import LockboxAPI
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxPorts
import LockboxWork
import Logging
import ServiceLifecycle
import Synchronization

/// Looks after what the server stands on: the disk, the database's files, reading, writing, the
/// clock, and whether every end of access is written down.
///
/// Each look runs beside the loop, so that what hangs shows as hanging.
final class HealthWatch: Service, ServerCondition {
    enum Limits {
        /// Milliseconds between two looks.
        static let interval: Int64 = 500
        /// An end that takes longer to be written down is a problem, as is a look that has no
        /// outcome.
        static let patience = Duration.seconds(1)
        /// Whoever asks has waited long enough: what goes on since then is in trouble.
        static let answer = Duration.milliseconds(1500)
        /// Whoever asks gets an outcome that is at most this old, or hears of the look that hangs.
        static let fresh = Duration.seconds(2)
    }

    struct Parts: Sendable {
        let store: WatchedReads
        let audited: AuditedStore
        let files: (any StoreFiles)?
        let health: WriteHealth
        let index: DecisionIndex
        let clock: any WallClock
        let time: any MonotonicClock
        let late: LateLooks
        let drift: DriftWatch
        let reserve: Int64
        let logger: Logger
    }

    /// What one look found, beside what is known without looking.
    private struct Found {
        var isReadable = true
        /// What people ask, where that cannot be read.
        var unreadable: [ReadLane] = []
        var files: StoreFilesState?
        var areFilesKnown = true
    }

    private struct State {
        var found = Found()
        /// Since when something is being read; nil between two looks, and while a look writes.
        var readingSince: Duration?
        var isLooking = false
        var lookedAt: Duration?
        /// Whether somebody asked since the last look.
        var isAsked = false
        var waiting: [(since: Duration, continuation: CheckedContinuation<Void, Never>)] = []
        var isOver = false
        var said: [String] = []
    }

    private let parts: Parts
    private let pause = SystemPause()
    private let state = Mutex(State())
    private let witnessing = Mutex<WitnessJob?>(nil)

    init(_ parts: Parts) { self.parts = parts }

    // MARK: - Looking

    func run() async {
        await withDiscardingTaskGroup { group in
            var wait: Int64 = 0
            while await pause(milliseconds: wait) {
                wait = Limits.interval
                let now = parts.time.elapsed()
                let begins = state.withLock { state in
                    guard !state.isLooking else { return false }
                    (state.isLooking, state.readingSince) = (true, now)
                    return true
                }
                if begins { group.addTask { await self.look() } }
                release { now - $0 >= Limits.answer }
                say()
            }
            group.cancelAll()
        }
        state.withLock { $0.isOver = true }
        release { _ in true }
    }

    private func look() async {
        var found = Found()
        found.unreadable = state.withLock(\.found.unreadable)
        if let files = parts.files {
            do {
                let known = try await files.state()
                found.files = known
                parts.health.reserveSpace(known.freeBytes < parts.reserve)
            } catch {
                found.areFilesKnown = false
            }
        }
        do {
            _ = try await parts.store.read(.endingAccess) { tx in try tx.providerName() }
        } catch {
            found.isReadable = false
        }
        state.withLock { [found] state in (state.found, state.readingSince) = (found, nil) }
        // These may wait for what people read just now, which is no trouble however long it takes.
        let unreadable = await unreadable(of: [.ordinary, .bulk])
        state.withLock { $0.found.unreadable = unreadable }
        await tryToWrite()
        let now = parts.time.elapsed()
        state.withLock { state in (state.isLooking, state.lookedAt) = (false, now) }
        release { _ in true }
    }

    /// Their connections are opened when they are needed, which may fail on its own.
    private func unreadable(of lanes: [ReadLane]) async -> [ReadLane] {
        var unreadable: [ReadLane] = []
        for lane in lanes {
            do {
                _ = try await parts.store.read(lane) { tx in try tx.providerName() }
            } catch {
                unreadable.append(lane)
            }
        }
        return unreadable
    }

    /// A write that changes next to nothing, where nobody else wrote for a while and somebody wants
    /// to know, or where writing fails: its outcome is in `WriteHealth`.
    private func tryToWrite() async {
        let isAsked = state.withLock { state in
            defer { state.isAsked = false }
            return state.isAsked
        }
        guard !parts.health.isGood || isAsked && isStale else { return }
        do {
            try await parts.audited.note(for: .ending) { tx, _ in
                var lease =
                    try tx.workLease(of: "probe")
                    ?? WorkLease(lane: "probe", holder: nil, epoch: 0, beat: 0)
                lease.beat = lease.beat &+ 1
                try tx.save(lease)
            }
        } catch {
            // `WriteHealth` knows.
        }
    }

    private func release(where isDone: (Duration) -> Bool) {
        let done = state.withLock { state in
            let done = state.waiting.filter { isDone($0.since) }
            state.waiting.removeAll { isDone($0.since) }
            return done
        }
        for waiter in done { waiter.continuation.resume() }
    }

    /// Logs what is wrong, when that begins or changes, and when it is over.
    private func say() {
        let problems = known()
        let before = state.withLock { state in
            defer { state.said = problems.map(\.kind) }
            return state.said
        }
        guard problems.map(\.kind) != before else { return }
        guard !problems.isEmpty else {
            parts.logger.notice("ready again")
            return
        }
        parts.logger.error(
            "not ready",
            metadata: [
                "problems": "\(problems.map(\.words).joined(separator: " "))",
                "cause": "\(parts.health.report.problem ?? "")",
            ]
        )
    }

    // MARK: - Telling

    func problems() async -> [String] {
        let now = parts.time.elapsed()
        await withCheckedContinuation { continuation in
            let isFresh = state.withLock { state in
                state.isAsked = true
                let age = state.lookedAt.map { now - $0 } ?? Limits.fresh
                guard age >= Limits.fresh || !parts.health.isGood || isStale, !state.isOver else {
                    return true
                }
                state.waiting.append((now, continuation))
                return false
            }
            if isFresh { continuation.resume() } else { pause.wake() }
        }
        return known().map(\.words)
    }

    /// Whether nobody wrote for a while: only a look can tell whether it could be done.
    private var isStale: Bool {
        parts.health.sinceSuccess.map { $0 >= Limits.fresh } ?? true
    }

    var remarks: [String] {
        parts.store.failed.filter { $0.count > 0 }.map(\.lane.hasFailed)
    }

    private struct Problem {
        /// The same for as long as the problem lasts.
        let kind: String
        let words: String
    }

    private func known() -> [Problem] {
        let now = parts.time.elapsed()
        let (found, readingFor) = state.withLock { state in
            (state.found, state.readingSince.map { now - $0 } ?? .zero)
        }
        let report = parts.health.report
        var problems: [Problem] = []
        if found.files?.areInPlace == false {
            problems.append(
                Problem(
                    kind: "files",
                    words: "The database's file was removed or replaced. Put it back and restart."
                )
            )
        }
        if !found.areFilesKnown || !found.isReadable || readingFor >= Limits.patience {
            problems.append(Problem(kind: "read", words: "The database does not answer."))
        }
        for lane in found.unreadable {
            problems.append(Problem(kind: "read \(lane)", words: lane.isUnreadable))
        }
        if let free = found.files?.freeBytes, free < parts.reserve {
            problems.append(
                Problem(
                    kind: "space",
                    words: "The disk is nearly full: \(free / 1_000_000) MB are left. "
                        + "Only decisions and ends of access are written."
                )
            )
        }
        if let writing = Self.writing(report) { problems.append(writing) }
        let late = unrecorded().late
        if late > 0 {
            problems.append(
                Problem(
                    kind: "ends",
                    words: "\(counted(Int64(late), "end")) of access \(late == 1 ? "is" : "are") "
                        + "not recorded yet."
                )
            )
        }
        if let step = parts.clock.step {
            problems.append(
                Problem(kind: "clock", words: WriteHeldBack.clockStepped(step).sentence)
            )
        }
        return problems
    }

    private static func writing(_ report: WriteHealth.Report) -> Problem? {
        if let span = report.failingFor {
            return Problem(
                kind: "writing",
                words: "Writing to the database has failed for \(span.components.seconds) s"
                    + (report.problem?.reason.map { ": \($0)." } ?? ".")
            )
        }
        guard let span = report.waitingFor, span >= WriteHealth.patience else { return nil }
        return Problem(
            kind: "waiting",
            words: "A write has waited for \(span.components.seconds) s: another process holds the "
                + "database, or the disk is slow."
        )
    }

    /// Ends of access that are not written down, since when the first of them, and how many of them
    /// for too long.
    private func unrecorded() -> (count: Int, oldest: TimeSpan, late: Int) {
        let now = parts.clock.now()
        let ages = parts.index.unrecordedEnds(at: now).filter { !$0.isRefused }.map { now - $0.at }
        let patience = TimeSpan(milliseconds: Limits.patience.wholeMilliseconds)
        return (ages.count, ages.max() ?? .zero, ages.count { $0 >= patience })
    }

    var gauges: [Gauge] {
        let report = parts.health.report
        let ends = unrecorded()
        let files = state.withLock(\.found.files)
        var gauges = [
            Gauge(
                "lockbox_grants_refused",
                "Rows of grants that the log does not grant: they are cut, and somebody has written "
                    + "into the database. Alert above 0.",
                parts.index.refusedCount
            ),
            Gauge(
                "lockbox_ends_unrecorded",
                "Accesses that ended and are cut, and whose end is not recorded. Alert above 0.",
                ends.count
            ),
            Gauge(
                "lockbox_ends_unrecorded_oldest_seconds",
                "For how long the first of them has been over.",
                milliseconds: ends.oldest.milliseconds
            ),
            Gauge(
                "lockbox_store_readable",
                "0 while the database cannot be read. Alert below 1.",
                state.withLock { $0.found.isReadable && $0.found.unreadable.isEmpty } ? 1 : 0
            ),
            Gauge(
                "lockbox_reads_failing",
                "Reads of the database that failed within the last minute. Alert above 0.",
                by: "lane",
                parts.store.failed.map { ("\($0.lane)", "\($0.count)") }
            ),
            Gauge(
                "lockbox_write_failures_total",
                "Writes that the database did not take since the start of this process.",
                report.failures,
                isCounter: true
            ),
            Gauge(
                "lockbox_writes_failing",
                "Writes that failed since the last that succeeded. Alert above 0.",
                report.failuresInARow
            ),
            Gauge(
                "lockbox_write_waiting_seconds",
                "For how long the oldest write has waited for its outcome. Alert above 1.",
                milliseconds: report.waitingFor?.wholeMilliseconds ?? 0
            ),
            Gauge(
                "lockbox_late_sessions_total",
                "Sessions found open minutes after their removal was confirmed, and cut.",
                parts.late.sessionsFound + parts.drift.sessionsFound,
                isCounter: true
            ),
            Gauge(
                "lockbox_clock_ahead_seconds",
                "By how much Lockbox's time is ahead of the machine's clock.",
                milliseconds: parts.clock.ahead.milliseconds
            ),
            Gauge(
                "lockbox_clock_stepped",
                "1 while the machine's clock is not believed and nothing is decided. Alert above 0.",
                parts.clock.step == nil ? 0 : 1
            ),
            Gauge(
                "lockbox_space_reserved",
                "1 while only decisions and ends of access are written. Alert above 0.",
                report.spaceIsReserved ? 1 : 0
            ),
        ]
        if let files {
            gauges.append(
                Gauge(
                    "lockbox_disk_free_bytes",
                    "What is left of the database's disk.",
                    files.freeBytes
                )
            )
        }
        return gauges + drift + witnesses
    }

    /// From here on the gauges tell of witnesses.
    func watch(_ job: WitnessJob) { witnessing.withLock { $0 = job } }

    private var witnesses: [Gauge] {
        let reports = witnessing.withLock(\.self)?.reports ?? []
        guard !reports.isEmpty else { return [] }
        return [
            Gauge(
                "lockbox_witness_behind",
                "Logs whose newest records a witness has not cosigned. Alert where it stays.",
                by: "witness",
                reports.map { ($0.name, "\($0.behind)") }
            ),
            Gauge(
                "lockbox_witness_refused",
                "Logs that a witness refuses, for it has seen another history. Alert above 0.",
                by: "witness",
                reports.map { ($0.name, "\($0.refused)") }
            ),
        ]
    }

    private var drift: [Gauge] {
        let reports = parts.drift.reports
        guard !reports.isEmpty else { return [] }
        return [
            Gauge(
                "lockbox_drift",
                "What is open at a service and should not be, or not so, or is not and should be. "
                    + "Alert above 0.",
                by: "service",
                reports.map { ($0.service.text, "\($0.differences)") }
            ),
            Gauge(
                "lockbox_drift_looked_seconds",
                "For how long it could not be seen what is open at a service. Alert above 120.",
                by: "service",
                reports.map { ($0.service.text, Gauge.seconds($0.age.wholeMilliseconds)) }
            ),
        ]
    }
}

extension ReadLane {
    /// That it cannot be read, in words.
    fileprivate var isUnreadable: String {
        switch self {
        case .endingAccess: "The database does not answer."
        case .ordinary: "Nothing that people ask can be read from the database."
        case .bulk: "Logs cannot be searched or exported: the database does not answer."
        }
    }
}

extension ReadLane {
    /// That some of its reads failed, though others succeed.
    fileprivate var hasFailed: String {
        switch self {
        case .endingAccess:
            "Within the last minute what ends access could not be read from the database."
        case .ordinary:
            "Within the last minute something that people asked could not be read from the database."
        case .bulk:
            "Within the last minute a log could not be searched, exported or checked: the database "
                + "does not answer."
        }
    }
}

extension String {
    /// What a failure of the database comes to, for anybody's eyes; nil where that is not known.
    fileprivate var reason: String? {
        if contains("SQLITE_FULL") || contains("disk is full") { return "the disk is full" }
        if contains("SQLITE_BUSY") || contains("locked") { return "another process holds it" }
        if contains("SQLITE_IOERR") || contains("disk I/O error") { return "the disk fails" }
        if contains("removed or replaced") { return "its file was removed or replaced" }
        return nil
    }
}
