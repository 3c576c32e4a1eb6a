public import LockboxDomain

/// Sessions of the portal, by the hash of their secret.
public protocol SessionRecords {
    /// `secretHash` is SHA-256 of the secret.
    func insert(_ session: Session, secretHash: [UInt8]) throws
    /// Nil if unknown or ended. The caller checks how long it was idle, and its end.
    func session(secretHash: [UInt8]) throws -> Session?
    /// Not ended, in order of creation.
    func sessions(of person: PersonID) throws -> [Session]
    /// Nothing happens if the session has ended, or was seen later than that.
    func touch(_ id: SessionID, seenAt now: Timestamp) throws
    /// The password was given again: from now on the session has another secret.
    func confirm(_ id: SessionID, at now: Timestamp, secretHash: [UInt8]) throws
    func endSession(_ id: SessionID, at now: Timestamp) throws
    /// Says how many had not ended before.
    @discardableResult
    func endSessions(of person: PersonID, at now: Timestamp) throws -> Int
}
