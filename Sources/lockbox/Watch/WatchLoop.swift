import LockboxClient
import LockboxWire
import MerkleLog

/// A watch over one log: looks, says what is new, and sees to it that everybody hears of it.
///
/// `state.json` is written before anything is delivered, and again after each delivery. A crash in
/// between tells something twice; nothing is lost.
struct WatchLoop {
    /// A whole reading counts as an export, of which a person has some hundreds a day.
    private static let betweenWholeReadings: Int64 = 600_000
    /// A time that lies further ahead is no sign of life: somebody made it up.
    private static let clocksDiffer: Int64 = 300_000

    struct Bounds {
        /// In milliseconds: how old the last sign of life may be, and how often all is read.
        var age: Int64
        var wholeReading: Int64
    }

    let folder: WatchFolder
    let reading: WatchReading
    let bounds: Bounds
    let shell: Shell
    var delivery: WatchDelivery
    private(set) var state: WatchState
    private var known: KnownLog?
    private var rule = AlertRule()
    /// Why the log could not be looked at last.
    private(set) var failure: Failure?
    /// Whether anything new was told in the last round.
    private(set) var hasNews = false

    /// Goes on from what the folder has.
    init(
        folder: WatchFolder,
        reading: WatchReading,
        bounds: Bounds,
        shell: Shell,
        delivery: WatchDelivery
    ) throws {
        (self.folder, self.reading, self.bounds) = (folder, reading, bounds)
        (self.shell, self.delivery) = (shell, delivery)
        let kept = try folder.readState()
        state = kept ?? WatchState(now: shell.now())
        var (rule, events) = (AlertRule(), [WatchEvent]())
        let told = kept?.told ?? .max
        known = try folder.known { record in
            let alerts = rule.read(record)
            // The watch ended after it had read these and before it had told them.
            guard record.index >= told else { return }
            events += alerts.map { WatchEvent($0, leaf: .leaf(Array(record.leaf.utf8))) }
        }
        self.rule = rule
        if let known {
            if kept == nil { events.append(Self.beginning(known, rule)) }
            state.told = known.head.size
        }
        state.outbox = state.outbox.map { one in
            var one = one
            one.pending.removeAll { !delivery.names.contains($0) }
            return one
        }.filter { !$0.pending.isEmpty }
        try tell(events)
    }

    // MARK: - A round

    /// Looks at the log, tells what is new, and delivers what waits. `session` runs its argument
    /// signed in.
    mutating func round(
        _ session: (@Sendable (Session) async throws -> WatchLook) async throws -> WatchLook
    ) async throws {
        hasNews = false
        failure = nil
        let now = shell.now()
        let age = now - state.lastWholeReading
        let isWrong = !state.findings.isEmpty
        let isWhole = age >= (isWrong ? Self.betweenWholeReadings : bounds.wholeReading)
        // Without anything that was in order, all that can be done is to read the whole.
        guard isWhole || known != nil || !isWrong else { return try await conclude() }
        // What goes on behind something that is wrong is looked at as a whole, now and then.
        let depth: WatchReading.Depth = isWhole ? .whole : isWrong ? .head : .new
        let (reading, known, rule) = (reading, known, rule)
        do {
            let look = try await session { session in
                try await reading.look(session, known, rule, depth)
            }
            try take(look, now: shell.now())
        } catch let problem as FileProblem {
            // What the folder has is not what is known here any more: the next start looks.
            throw problem
        } catch {
            // Whatever it is, it may be over by the next round; but for an address that is none.
            let failure = Failure(error) ?? .failed("\(error)")
            guard failure.exitCode != 2 else { throw failure }
            self.failure = failure
            shell.clearProgress()
            shell.tell("cannot look at the log: \(TerminalText.clean(failure.message))")
        }
        try await conclude()
    }

    private mutating func conclude() async throws {
        try lookAtTheClock()
        try await deliver()
    }

    /// For who starts it once: read all again, whatever was found.
    mutating func forgetWholeReading() {
        if !state.findings.isEmpty { state.lastWholeReading = 0 }
    }

    private mutating func take(_ look: WatchLook, now: Int64) throws {
        var events = look.alerts.filter { !state.ahead.contains($0.id) }
        state.lastReading = now
        if look.isWhole { state.lastWholeReading = now }
        if let life = look.life.filter({ $0 <= now + Self.clocksDiffer }).max() {
            state.lastLife = max(min(life, now), state.lastLife)
        }
        // What is new may be in order while what was found before is as it was.
        if let found = look.findings, look.isWhole || state.findings.isEmpty {
            events += compare(found, look.evidence)
        }
        let isInOrder = state.findings.isEmpty
        if let known = look.known, isInOrder {
            if self.known == nil { events.append(Self.beginning(known, look.rule)) }
            (self.known, rule) = (known, look.rule)
            state.told = known.head.size
            state.ahead = []
        } else {
            state.ahead.formUnion(look.alerts.map(\.id))
        }
        try tell(events)
    }

    /// What was found that was not before, and whether all is well again.
    private mutating func compare(_ found: [FindingEntry], _ evidence: [String]) -> [WatchEvent] {
        var events: [WatchEvent] = []
        var findings: [String: String] = [:]
        func add(_ key: String, _ event: WatchEvent) {
            if state.findings[key] == nil, findings[key] == nil { events.append(event) }
            findings[key] = event.text
        }
        for one in found {
            let place = [one.code, one.record.map { "\($0)" } ?? "", one.field ?? ""]
            let key = place.joined(separator: " ")
            let event = WatchEvent(
                id: WatchEvent.id("log.finding", key),
                kind: "log.finding",
                code: one.code,
                record: one.record,
                text: "NOT in order: \(TerminalText.clean(one.detail))"
            )
            add(key, event)
        }
        // As long as the log goes on in two ways, each look makes another piece of it.
        if !evidence.isEmpty {
            let files = evidence.map { "“\(TerminalText.clean($0))”" }.joined(separator: ", ")
            let event = WatchEvent(
                id: WatchEvent.id("log.forked", evidence.joined(separator: "\n")),
                kind: "log.forked",
                text:
                    "NOT in order: two histories of this log were signed; the evidence is \(files)"
            )
            add("log.forked", event)
        }
        if findings.isEmpty, !state.findings.isEmpty {
            events.append(
                WatchEvent(
                    id: WatchEvent.id("log.inOrder", "\(shell.now())"),
                    kind: "log.inOrder",
                    text: "the log is in order again"
                )
            )
        }
        state.findings = findings
        return events
    }

    private static func beginning(_ known: KnownLog, _ rule: AlertRule) -> WatchEvent {
        let key = known.keys.last?.text ?? ""
        let text =
            "watching from here on, with \(known.head.size) records: compare the key with what the "
            + "provider told you in another way: “\(key)”. \(rule.standing)"
        return WatchEvent(
            id: WatchEvent.id("watch.began", key, known.head.root.base64),
            kind: "watch.began",
            text: TerminalText.clean(text)
        )
    }

    /// A log that shows no sign of life any more, be it that it stands still or cannot be reached.
    private mutating func lookAtTheClock() throws {
        let since = LogTime.text(state.lastLife)
        let isStill = shell.now() - state.lastLife > bounds.age
        guard isStill != state.standsStill else { return try save() }
        state.standsStill = isStill
        let why = failure.map { "; it cannot be looked at: \($0.message)" } ?? ""
        try tell([
            WatchEvent(
                id: WatchEvent.id(isStill ? "log.still" : "log.moves", since),
                kind: isStill ? "log.still" : "log.moves",
                text: isStill
                    ? TerminalText.clean("no sign of life of the log since \(since)\(why)")
                    : "the log shows signs of life again"
            )
        ])
    }

    // MARK: - Telling

    /// Says it here, and keeps it for the channels before anything else is done.
    private mutating func tell(_ events: [WatchEvent]) throws {
        for event in events {
            let record = event.record.map { " record \($0):" } ?? ""
            shell.write(
                "\(event.time ?? LogTime.text(shell.now())) \(event.kind)\(record) \(event.text)"
            )
            state.counts[event.kind, default: 0] += 1
            if !delivery.names.isEmpty {
                state.outbox.append(.init(event: event, pending: delivery.names))
            }
        }
        if !events.isEmpty { hasNews = true }
        try save()
    }

    private mutating func deliver() async throws {
        let log = WatchDelivery.Log(
            origin: known?.keys.last?.name ?? "",
            name: reading.log.provider ? "provider" : reading.log.tenant ?? ""
        )
        for name in delivery.names {
            let events = state.outbox.filter { $0.pending.contains(name) }.map(\.event)
                .prefix(WatchDelivery.most)
            guard !events.isEmpty, delivery.isDue(name, shell.now()) else { continue }
            if let problem = await delivery.send(Array(events), of: log, to: name, at: shell.now())
            {
                state.failures[name, default: 0] += 1
                shell.tell("cannot tell \(name): \(TerminalText.clean(problem))")
            } else {
                let ids = Set(events.map(\.id))
                for index in state.outbox.indices where ids.contains(state.outbox[index].event.id) {
                    state.outbox[index].pending.removeAll { $0 == name }
                }
                state.outbox.removeAll(where: \.pending.isEmpty)
            }
            // A crash before this line delivers these once more.
            try save()
        }
    }

    private func save() throws { try folder.save(state) }

    // MARK: - How it stands

    /// For who starts it once.
    var exitCode: Int32 {
        if !state.findings.isEmpty || state.standsStill { return 1 }
        if let failure { return failure.exitCode }
        if !state.outbox.isEmpty { return 6 }
        return hasNews ? 5 : 0
    }

    var metrics: String {
        WatchMetrics.text(
            state,
            records: known?.head.size ?? 0,
            isUp: failure == nil,
            log: known?.keys.last?.name ?? "",
            channels: delivery.names
        )
    }
}
