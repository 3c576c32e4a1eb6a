package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
package import Logging
import MerkleLog
import Synchronization

/// Sends each log's new checkpoints to its witnesses and keeps what they sign (C2SP tlog-witness).
///
/// A witness that is slow, silent or wrong holds up nothing but itself: no use case waits for
/// witnesses, and whoever verifies a log says how many must have signed.
package final class WitnessJob: Job {
    package struct Item: Sendable {
        let log: LogID
        let witness: LogWitness
    }

    /// How one witness stands.
    package struct Report: Sendable {
        package let name: String
        /// Logs whose newest records it has not cosigned.
        package let behind: Int
        /// Logs that it will not cosign as they are: it has seen another history.
        package let refused: Int
    }

    enum Limits {
        /// Between two looks for logs that have grown.
        static let interval = TimeSpan.seconds(2)
        /// After a failure, and at the most after many.
        static let firstWait = TimeSpan.seconds(5)
        static let longestWait = TimeSpan.minutes(60)
        /// Logs of one look.
        static let logs = 10_000
    }

    /// What a witness made of a checkpoint.
    enum Outcome: Hashable, Sendable {
        case cosigned(line: String, size: UInt64)
        /// It has cosigned another size last.
        case knows(UInt64)
        /// It has seen what this log does not continue.
        case refused(String)
        /// It does not know this log, or not its key; it may well know others.
        case declined(String)
        /// No answer, or none that means anything: it counts as silent.
        case silent(String)
    }

    fileprivate struct Place: Hashable {
        let witness: String
        /// Nil for all its logs.
        let log: LogID?
    }

    fileprivate struct State {
        var nextLook: Timestamp?
        var waits: [Place: (until: Timestamp, last: TimeSpan)] = [:]
        var behind: [String: Int] = [:]
        var refused: Set<Place> = []
    }

    package let lane = Lane(
        name: "witnesses",
        parallel: 256,
        parallelAtOnePlace: 32,
        batch: 32,
        seen: Limits.logs
    )

    private let store: AuditedStore
    private let reader: LogReader
    private let client: any WitnessClient
    private let clock: any WallClock
    private let logger: Logger
    private let state = Mutex(State())

    /// The witnesses are those that `reader` shows.
    package init(
        store: AuditedStore,
        reader: LogReader,
        client: any WitnessClient,
        clock: any WallClock,
        logger: Logger
    ) {
        self.store = store
        self.reader = reader
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    /// How each witness stands, as it was seen last.
    package var reports: [Report] {
        state.withLock { state in
            reader.witnesses.map { witness in
                let key = witness.key.text
                return Report(
                    name: witness.key.name,
                    behind: state.behind[key] ?? 0,
                    refused: state.refused.count { $0.witness == key }
                )
            }
        }
    }

    // MARK: - What is due

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws -> [Item] {
        let isTime = state.withLock { state in
            guard now >= state.nextLook ?? now else { return false }
            state.nextLook = now + Limits.interval
            return true
        }
        guard isTime else { return [] }
        var due: [Item] = []
        for witness in reader.witnesses {
            let key = witness.key.text
            let logs = try tx.logsBehind(key, limit: limit).filter(witness.witnesses)
            state.withLock { state in
                state.behind[key] = logs.count
                let places = logs.map { Place(witness: key, log: $0) }
                let isSilent = state.isWaiting(Place(witness: key, log: nil), at: now)
                guard !isSilent else { return }
                for (log, place) in zip(logs, places) where !state.isWaiting(place, at: now) {
                    due.append(Item(log: log, witness: witness))
                }
            }
        }
        return Array(due.prefix(limit))
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        reader.witnesses.isEmpty ? nil : state.withLock(\.nextLook)
    }

    package func key(of item: Item) -> WorkKey {
        WorkKey(place: item.witness.key.text, item: item.log.logName)
    }

    // MARK: - Sending

    package func carryOut(_ items: [Item], under claim: Claim) async throws {
        for item in items {
            let silent = Place(witness: item.witness.key.text, log: nil)
            let isSilent = state.withLock { $0.isWaiting(silent, at: clock.now()) }
            guard claim.isGood, !isSilent else { return }
            try await keep(try await outcome(of: item), of: item)
        }
    }

    private func keep(_ outcome: Outcome, of item: Item) async throws {
        let (key, log) = (item.witness.key.text, item.log)
        let (place, all) = (Place(witness: key, log: log), Place(witness: key, log: nil))
        switch outcome {
        case .cosigned(let line, let size):
            // True whoever writes it down. A crash before has it signed once more.
            try await store.note { tx, _ in
                try tx.saveCosignature(line, by: key, size: size, of: log)
            }
            state.withLock { state in
                state.waits[place] = nil
                state.waits[all] = nil
                state.refused.remove(place)
            }
        case .refused(let why):
            let isNew = state.withLock { state in
                state.wait(place, from: clock.now())
                return state.refused.insert(place).inserted
            }
            if isNew { tell(.error, "a witness refuses this log: it has seen another", item, why) }
        case .knows(let size):
            fail(place, item, "it knows another size than it said: \(size)")
        case .declined(let why):
            fail(place, item, why)
        case .silent(let why):
            fail(all, item, why)
        }
    }

    private func fail(_ place: Place, _ item: Item, _ why: String) {
        let isFirst = state.withLock { $0.wait(place, from: clock.now()) }
        if isFirst { tell(.warning, "a witness does not cosign", item, why) }
    }

    private func tell(_ level: Logger.Level, _ what: String, _ item: Item, _ why: String) {
        logger.log(
            level: level,
            "\(what)",
            metadata: [
                "witness": "\(item.witness.key.name)", "log": "\(item.log.logName)",
                "reason": "\(why)",
            ]
        )
    }

    /// Asks the witness; once more with the size that it knows, where that is another one.
    private func outcome(of item: Item) async throws -> Outcome {
        let note = try SignedNote(parsing: Array(try await reader.checkpoint(of: item.log).utf8))
        let size = try Checkpoint(parsing: note.text).head.size
        let key = item.witness.key
        let last = try await store.read { [log = item.log] tx, _ in
            try tx.lastCosignedSize(of: log, by: key.text)
        }
        let first = try await ask(item, note, from: last ?? 0, to: size)
        guard case .knows(let known) = first, known != last ?? 0 else { return first }
        guard known <= size else {
            return .refused("it has cosigned size \(known), and this log has \(size) records")
        }
        return try await ask(item, note, from: known, to: size)
    }

    private func ask(_ item: Item, _ note: SignedNote, from old: UInt64, to size: UInt64)
        async throws -> Outcome
    {
        let proof =
            old == 0 ? [] : try await reader.consistency(from: old, to: size, in: item.log)
        guard let proof else { return .refused("this log is shorter than what it has cosigned") }
        let submission = CheckpointSubmission(oldSize: old, proof: proof, note: note)
        do {
            let answer = try await client.submit(submission.encoded, to: item.witness)
            return Self.read(answer, from: item.witness.key, over: note, size: size)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .silent("\(error)")
        }
    }

    /// What an answer means. Nothing in it is believed that does not verify.
    static func read(
        _ answer: WitnessAnswer,
        from key: WitnessKey,
        over note: SignedNote,
        size: UInt64
    ) -> Outcome {
        switch answer.status {
        case 200:
            do {
                for line in answer.body.split(separator: UInt8(ascii: "\n")) {
                    let line = try NoteSignature(line: line)
                    // It may have other keys, which we were not told.
                    guard line.claims(key) else { continue }
                    let alone = try SignedNote(text: note.text, signatures: [line])
                    if try key.cosignature(under: alone) != nil {
                        return .cosigned(line: line.line, size: size)
                    }
                }
                return .silent("it answered without a cosignature of its key")
            } catch {
                return .silent("it answered with what is no cosignature: \(error)")
            }
        case 409:
            guard answer.type == "text/x.tlog.size", let size = TreeSizeText.parse(answer.body)
            else { return .silent("it answered 409 without a size") }
            return .knows(size)
        // C2SP tlog-witness: the checkpoint is malformed, of a key that it does not know, of a log
        // that it does not know.
        case 400, 403, 404: return .declined("it answered \(answer.status)")
        case 422: return .refused("it answered 422")
        case let status: return .silent("it answered \(status)")
        }
    }
}

extension WitnessJob.State {
    fileprivate func isWaiting(_ place: WitnessJob.Place, at now: Timestamp) -> Bool {
        waits[place].map { now < $0.until } ?? false
    }

    /// Waits longer each time; says whether it is the first.
    @discardableResult
    fileprivate mutating func wait(_ place: WitnessJob.Place, from now: Timestamp) -> Bool {
        let last = waits[place]?.last
        let span =
            last.map { TimeSpan(milliseconds: $0.milliseconds * 2) } ?? WitnessJob.Limits.firstWait
        let next = min(span, WitnessJob.Limits.longestWait)
        waits[place] = (now + next, next)
        return last == nil
    }
}
