package import LockboxDomain
package import LockboxPorts
import Synchronization

/// Places for reads that may look at a whole log, or at all requests. Who finds none is refused at once, for a line of
/// them would keep the machine busy long after those who asked have left.
package final class LongReads: Sendable {
    private struct Taken {
        var all = 0
        var byPerson: [PersonID: Int] = [:]
    }

    private let limit: (all: Int, each: Int)
    private let taken = Mutex(Taken())

    package init(_ limit: (all: Int, each: Int)) { self.limit = limit }

    /// A place for `person`. Throws `StoreError.busy` where all are taken, or all that one person
    /// may have.
    package func place(for person: PersonID) throws(StoreError) -> LongReadPlace {
        let isFree = taken.withLock { taken in
            let own = taken.byPerson[person] ?? 0
            guard taken.all < limit.all, own < limit.each else { return false }
            taken.all += 1
            taken.byPerson[person] = own + 1
            return true
        }
        guard isFree else { throw .busy("long reads: no place for \(person)") }
        return LongReadPlace(of: person, among: self)
    }

    fileprivate func leave(_ person: PersonID) {
        taken.withLock { taken in
            taken.all -= 1
            let left = (taken.byPerson[person] ?? 1) - 1
            taken.byPerson[person] = left == 0 ? nil : left
        }
    }
}

/// A place for one long read, until it is let go.
package final class LongReadPlace: Sendable {
    private let person: PersonID
    private let places: LongReads

    fileprivate init(of person: PersonID, among places: LongReads) {
        self.person = person
        self.places = places
    }

    deinit { places.leave(person) }
}
