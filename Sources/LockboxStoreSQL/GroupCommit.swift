/// A caller's body that waits for its turn, and the way back to the caller.
package struct WaitingWrite: Sendable {
    /// Runs the body. What it returns answers the caller, and is called only once the changes are
    /// durable.
    let run: @Sendable (any SQLConnection) throws -> @Sendable () -> Void
    /// Answers the caller with an error.
    let fail: @Sendable (any Error) -> Void

    package init(
        run: @escaping @Sendable (any SQLConnection) throws -> @Sendable () -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.run = run
        self.fail = fail
    }
}

/// What a group needs of a database: one transaction, and marks within it to go back to.
package protocol GroupTransaction {
    var connection: any SQLConnection { get }
    /// False once the database has ended the transaction of its own accord, as it may when a disk
    /// fails.
    var isOpen: Bool { get }
    /// Takes the write lock, then sees the newest state.
    func begin() throws
    func mark() throws
    func keepSinceMark() throws
    func rewindToMark() throws
    /// Returns when everything since `begin` is on the disk.
    func commit() throws
    /// Ends the transaction, if it is still open, as if it had never begun.
    func rollBack()
}

/// Many callers' bodies in one transaction: one wait for the disk answers them all.
package enum GroupCommit {
    /// Runs each of `group` in order and answers every one of its callers, none before the commit.
    /// That holds for refusals too, for a body may have refused because of what an earlier one of
    /// the group has written.
    package static func run(_ group: [WaitingWrite], in transaction: some GroupTransaction) {
        var answers: [@Sendable () -> Void] = []
        answers.reserveCapacity(group.count)
        do {
            // A crash before the commit leaves nothing of the group, and nobody has been told
            // otherwise.
            try transaction.begin()
            for write in group {
                answers.append(try outcome(of: write, in: transaction))
            }
            // A crash within the commit leaves all of the group or nothing; nobody has been told
            // either.
            try transaction.commit()
        } catch {
            transaction.rollBack()
            refuse(group, error, in: transaction)
            return
        }
        // A crash from here on loses answers, not changes: a retry under the same CommandID finds
        // the first outcome.
        for answer in answers { answer() }
    }

    /// A body that fails is taken back alone, and its error waits for the commit like the others'
    /// values.
    private static func outcome(
        of write: WaitingWrite,
        in transaction: some GroupTransaction
    ) throws -> @Sendable () -> Void {
        try transaction.mark()
        do {
            let answer = try write.run(transaction.connection)
            try transaction.keepSinceMark()
            return answer
        } catch {
            // What the others wrote went with the transaction: there is nothing left to go back to.
            guard transaction.isOpen else { throw TransactionLost(cause: error) }
            try transaction.rewindToMark()
            return { write.fail(error) }
        }
    }

    /// The group is rolled back. Where one body is the likely cause, each has another try on its
    /// own, so that it fails only the caller it came from; where the database is, all of them hear
    /// so.
    private static func refuse(
        _ group: [WaitingWrite],
        _ error: any Error,
        in transaction: some GroupTransaction
    ) {
        switch error {
        case is TransactionLost where group.count > 1,
            is SQLConstraintViolation where group.count > 1:
            for write in group { run([write], in: transaction) }
        case let lost as TransactionLost:
            for write in group { write.fail(lost.cause) }
        default:
            for write in group { write.fail(error) }
        }
    }
}

/// While a body ran, the database rolled back the whole transaction.
private struct TransactionLost: Error {
    let cause: any Error
}
