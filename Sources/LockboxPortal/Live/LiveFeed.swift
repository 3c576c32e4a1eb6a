import LockboxAudit
package import LockboxDomain
import LockboxPorts
import Synchronization

/// Wakes those who follow changes on open pages: after each durable write, and after writes of
/// other processes.
package final class LiveFeed: CommitListener {
    private let bells = Mutex<(next: Int, all: [Int: Bell])>((0, [:]))

    package init() {}

    package func committed(_ events: [Event]) async {
        let sides = Set(events.map(\.side))
        ring { $0.side == .provider || sides.contains($0.side) }
    }

    package func outcomeUnknown() async { changedElsewhere() }

    /// Others wrote, and who is concerned is not known.
    package func changedElsewhere() { ring { _ in true } }

    private func ring(_ isConcerned: (Bell) -> Bool) {
        let concerned = bells.withLock { $0.all.values.filter(isConcerned) }
        for bell in concerned { bell.ring() }
    }

    /// Hears of changes that may concern `person` as long as the returned value lives; each one
    /// ends a wait of `pause`. Nil where too many listen already.
    func listen(as person: Person, with pause: any Pause) -> LiveListener? {
        let bell = Bell(side: person.side, person: person.id, pause: pause)
        let number = bells.withLock { bells -> Int? in
            let own = bells.all.values.filter { $0.person == person.id }.count
            guard own < PortalLimits.listenersPerPerson, bells.all.count < PortalLimits.listeners
            else { return nil }
            bells.next += 1
            bells.all[bells.next] = bell
            return bells.next
        }
        return number.map { LiveListener(bell: bell, number: $0, feed: self) }
    }

    /// Whether there is no place for one more listener, whoever it is.
    var isFull: Bool { bells.withLock { $0.all.count >= PortalLimits.listeners } }

    fileprivate func leave(_ number: Int) { bells.withLock { $0.all[number] = nil } }
}

/// Rung by the feed, heard by one open page.
private final class Bell: Sendable {
    let side: Side
    let person: PersonID
    let pause: any Pause
    private let state = Mutex<(isRung: Bool, isHungUp: Bool)>((false, false))

    init(side: Side, person: PersonID, pause: any Pause) {
        self.side = side
        self.person = person
        self.pause = pause
    }

    func ring() {
        state.withLock { $0.isRung = true }
        pause.wake()
    }

    func hangUp() {
        state.withLock { $0.isHungUp = true }
        pause.wake()
    }

    var isHungUp: Bool { state.withLock { $0.isHungUp } }

    /// Whether it rang since it was last asked.
    func takeRing() -> Bool {
        state.withLock { state in
            defer { state.isRung = false }
            return state.isRung
        }
    }
}

extension TimeSpan {
    /// What is left until `end`, in whole milliseconds, rounded up; 0 once it is over.
    init(until end: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (end - .now).components
        self.init(
            milliseconds: max(
                0,
                seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
            )
        )
    }
}

/// One open page's place in the feed, which is free again once nobody holds this.
final class LiveListener: Sendable {
    private let bell: Bell
    private let number: Int
    private let feed: LiveFeed

    fileprivate init(bell: Bell, number: Int, feed: LiveFeed) {
        self.bell = bell
        self.number = number
        self.feed = feed
    }

    deinit { feed.leave(number) }

    /// Waits for `span`, or until something may have changed. False once the other end has gone, or
    /// the server stops.
    func wait(_ span: TimeSpan) async -> Bool {
        await bell.pause(milliseconds: span.milliseconds) && !bell.isHungUp
    }

    /// Waits for all of `span`, whatever changes meanwhile. False as with `wait`.
    func rest(_ span: TimeSpan) async -> Bool {
        let end = ContinuousClock.now + .milliseconds(span.milliseconds)
        while true {
            let left = TimeSpan(until: end)
            guard left.milliseconds > 0 else { return true }
            guard await wait(left) else { return false }
        }
    }

    /// Whether something may have changed since this was last asked.
    func takeChange() -> Bool { bell.takeRing() }

    /// The other end has gone.
    func hangUp() { bell.hangUp() }
}
