// Time passes for a request in one way: step by step, each step a state and a version of its own.
// The write that reads the clock takes the steps first and stores each (`Change.advance`); who only
// looks takes them on a copy (`seen`).

extension AccessRequest {
    /// Takes the next step that is due at `now`, and says what happened; nil, and nothing changes,
    /// where none is. Call it until it is nil.
    ///
    /// What happens is dated by the deadline, however late somebody looks.
    public mutating func advance(to now: Timestamp) -> Event? {
        switch state {
        case .awaitingManager(let decideBy), .awaitingCustomer(_, let decideBy, _):
            guard decideBy <= now else { return nil }
            move(to: .expired(at: decideBy, stage: state.name))
            return .request(.expired(self))
        case .scheduled(let grant):
            guard grant.start <= now else { return nil }
            move(to: .active(grant))
            return .access(.grantStarted(self, grant))
        case .active(let grant):
            guard grant.end <= now else { return nil }
            let ending = Ending(reason: .expired, at: grant.end, by: nil, comment: nil)
            move(to: .ended(grant, ending))
            return .access(.grantEnded(self, grant, ending))
        case .ended, .rejected, .denied, .withdrawn, .expired:
            return nil
        }
    }

    /// The request as it is at `now`, whether or not anything has recorded the passing of time yet.
    public func seen(at now: Timestamp) -> AccessRequest {
        var copy = self
        while copy.advance(to: now) != nil {}
        return copy
    }

    /// Refuses to act on a state that time has ended: at a deadline it is too late, whatever is
    /// stored. The request must be advanced first.
    func requireCurrent(at now: Timestamp) throws(Refusal) {
        let current = seen(at: now)
        guard current.version == version else { throw .stale(current: current.version) }
    }
}
