import LockboxDomain
import LockboxPorts

extension SQLTransaction: SessionRecords {
    private static let sessionColumns =
        "id, person, created_at, last_seen_at, confirmed_at, expires_at"

    func insert(_ session: Session, secretHash: [UInt8]) throws {
        try connection.execute(
            """
            INSERT INTO portal_session (\(Self.sessionColumns), secret_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .id(session.id), .id(session.person), .time(session.createdAt),
                .time(session.lastSeenAt),
                .time(session.confirmedAt), .time(session.expiresAt), .blob(secretHash),
            ]
        )
    }

    func session(secretHash: [UInt8]) throws -> Session? {
        try connection.queryOne(
            "SELECT \(Self.sessionColumns) FROM portal_session WHERE secret_hash = $1 AND ended_at IS NULL",
            [.blob(secretHash)],
            row: Self.session
        )
    }

    func sessions(of person: PersonID) throws -> [Session] {
        try connection.query(
            """
            SELECT \(Self.sessionColumns) FROM portal_session WHERE person = $1 AND ended_at IS NULL
            ORDER BY created_at, id
            """,
            [.id(person)],
            row: Self.session
        )
    }

    func touch(_ id: SessionID, seenAt now: Timestamp) throws {
        try connection.execute(
            """
            UPDATE portal_session SET last_seen_at = $1 WHERE id = $2 AND ended_at IS NULL AND last_seen_at < $1
            """,
            [.time(now), .id(id)]
        )
    }

    func confirm(_ id: SessionID, at now: Timestamp, secretHash: [UInt8]) throws {
        try connection.execute(
            """
            UPDATE portal_session SET confirmed_at = $1, last_seen_at = $1, secret_hash = $2
            WHERE id = $3 AND ended_at IS NULL
            """,
            [.time(now), .blob(secretHash), .id(id)]
        )
    }

    func endSession(_ id: SessionID, at now: Timestamp) throws {
        try connection.execute(
            "UPDATE portal_session SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL",
            [.time(now), .id(id)]
        )
    }

    func endSessions(of person: PersonID, at now: Timestamp) throws -> Int {
        try connection.execute(
            "UPDATE portal_session SET ended_at = $1 WHERE person = $2 AND ended_at IS NULL",
            [.time(now), .id(person)]
        )
    }

    func removeSessions(expiredBy instant: Timestamp) throws {
        try connection.execute(
            "DELETE FROM portal_session WHERE expires_at <= $1",
            [.time(instant)]
        )
    }

    private static func session(_ row: SQLRow) throws -> Session {
        let record = Record(row, of: "portal_session")
        return Session(
            id: try record.id(0),
            person: try record.id(1),
            createdAt: try record.timestamp(2),
            lastSeenAt: try record.timestamp(3),
            confirmedAt: try record.timestamp(4),
            expiresAt: try record.timestamp(5)
        )
    }
}
