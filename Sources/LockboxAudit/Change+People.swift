package import LockboxDomain
import LockboxPorts

extension Change {
    /// Ends every way in that `person` has: sessions and API tokens. For whoever was switched off,
    /// or whose password is another now, because the old one may be what somebody else came in by.
    package mutating func endSignIns(of person: Person) throws {
        for token in try tx.tokens(of: person.id) {
            try tx.revokeToken(token.id, at: now)
            // One that is over already is no news.
            if token.expiresAt.map({ now < $0 }) ?? true {
                emit(.signIn(.tokenRevoked(token, person)))
            }
        }
        try endSessions(of: person)
    }

    /// Ends all sessions of `person`.
    package mutating func endSessions(of person: Person) throws {
        if try tx.endSessions(of: person.id, at: now) > 0 { emit(.signIn(.sessionsEnded(person))) }
    }
}
