public import LockboxDomain

/// A running process that carries out due work; each start of the program is another one.
public enum WorkProcess: Identified {
    public static let idPrefix = "PRC"
}

/// Which process carries out the work of one lane.
///
/// It holds no instant, because the clocks of two processes may differ: others see by their own
/// time that a lease is not renewed any more.
public struct WorkLease: Hashable, Sendable {
    public let lane: String
    /// Nil where nobody does.
    public var holder: ID<WorkProcess>?
    /// Grows whenever the holder changes: what was begun under an earlier one is void.
    public var epoch: Int64
    /// Changes with each renewal.
    public var beat: Int64

    public init(lane: String, holder: ID<WorkProcess>?, epoch: Int64, beat: Int64) {
        self.lane = lane
        self.holder = holder
        self.epoch = epoch
        self.beat = beat
    }
}

/// The leases of all lanes.
public protocol WorkLeaseRecords {
    func workLease(of lane: String) throws -> WorkLease?
    /// Inserts or replaces. An epoch that goes back is refused by the schema: the caller has a bug.
    func save(_ lease: WorkLease) throws
}

/// How much due work a lane has.
public struct Backlog: Hashable, Sendable {
    /// Due now, whether or not it is being carried out.
    public var due: Int
    /// Since when the oldest of it is due.
    public var oldest: Timestamp?
    /// Not carried out after at least one attempt, and to be tried again.
    public var failing: Int

    public init(due: Int, oldest: Timestamp?, failing: Int) {
        self.due = due
        self.oldest = oldest
        self.failing = failing
    }
}

/// The lanes of due work that the store knows how to count. The raw value names them in logs,
/// metrics and leases.
public enum WorkLane: String, Hashable, Sendable, CaseIterable {
    /// What time ends: requests, starts and ends of access. Nothing of it fails: the write decides.
    case expiry
    /// The first action of orders to services.
    case cut
    /// Orders to services, until each is confirmed.
    case orders
    /// Letters.
    case mail
    /// Operations that wait to become records of the log.
    case operations
}

/// How the letters stand that should have gone out.
public struct LettersWaiting: Hashable, Sendable {
    /// Due, or tried in vain and waiting for another attempt.
    public var waiting: Int
    /// Since when the oldest of them should have been sent.
    public var oldest: Timestamp?
    /// Of them those that the relay takes from nobody of us, or that did not reach it.
    public var refusedByRelay: Int
    /// Not sent, and not tried again: refused for their recipients.
    public var givenUp: Int

    public init(waiting: Int, oldest: Timestamp?, refusedByRelay: Int, givenUp: Int) {
        self.waiting = waiting
        self.oldest = oldest
        self.refusedByRelay = refusedByRelay
        self.givenUp = givenUp
    }
}

/// How much work is due: counts over indices, for the metrics.
public protocol BacklogRecords {
    func backlog(of lane: WorkLane, at now: Timestamp) throws -> Backlog
    func lettersWaiting(at now: Timestamp) throws -> LettersWaiting
}
