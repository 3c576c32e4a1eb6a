import LockboxLibpq
import LockboxPorts
import LockboxStoreSQL

/// Where the line of waiting bodies meets the database.
// All its calls come from the one thread of the queue.
final class GroupWriter: @unchecked Sendable {
    private let link: PostgresLink
    private let writes: WriteCount
    /// The number of the group that is open, where the database counts them.
    private var number: Int64?
    /// Whether it does; not before the first steps of the schema.
    private var isCounted = false

    init(_ address: PostgresAddress, _ writes: WriteCount) {
        let idle = PostgresLimits.idleInWriteMilliseconds
        link = PostgresLink(
            address,
            settings: "SET idle_in_transaction_session_timeout = \(idle)"
        )
        self.writes = writes
    }

    /// Answers every caller of the group.
    func commit(_ group: [WaitingWrite]) { GroupCommit.run(group, in: self) }

    /// Closes the connection. To be called once the thread has ended.
    func close() { link.drop() }
}

extension GroupWriter: GroupTransaction {
    var connection: any SQLConnection { link }
    var isOpen: Bool { link.isInTransaction }

    /// One group after another, on all nodes: each statement after the lock sees what was committed
    /// before it was given (READ COMMITTED), and nobody else commits until ours ends. So
    /// transactions are serial without a retry.
    func begin() throws {
        number = nil
        do {
            let count = "UPDATE store_write SET writes = writes + 1 WHERE id = 1 RETURNING writes"
            var counted = try link.begin(
                """
                BEGIN ISOLATION LEVEL READ COMMITTED;
                SELECT pg_advisory_xact_lock(\(Self.lock));
                \(isCounted ? count : "SELECT to_regclass('store_write') IS NOT NULL")
                """
            )
            if !isCounted {
                isCounted = counted.text(0, 0) == "t"
                guard isCounted else { return }
                counted = try link.control(count)
            }
            guard let number = counted.rowCount == 1 ? counted.text(0, 0).flatMap(Int64.init) : nil
            else { throw StoreError.corrupt("store_write") }
            self.number = number
            writes.began(number)
        } catch {
            // Whatever it was, the next group starts on a connection that was looked at.
            link.drop()
            isCounted = false
            throw error
        }
    }

    /// “Lockbox1”, so that no other program takes it by chance.
    private static let lock: Int64 = 0x4c6f_636b_626f_7831

    func mark() throws { try link.control("SAVEPOINT body") }

    func keepSinceMark() throws { try link.control("RELEASE body") }

    func rewindToMark() throws { try link.control("ROLLBACK TO body; RELEASE body") }

    func commit() throws {
        do {
            guard try link.commit() else {
                throw StoreError.unavailable("the database rolled back a group of writes")
            }
        } catch {
            writes.isUncertain()
            throw error
        }
        if let number { writes.committed(number) }
    }

    func rollBack() {
        // Before anybody else can have our number.
        writes.isUncertain()
        link.rollBack()
    }
}
