import LockboxDomain
import LockboxPorts

extension SQLTransaction: SessionRecords {
    func insert(_ session: Session, secretHash: [UInt8]) throws {
        try connection.insert(
            [
                "id": .id(session.id),
                "secret_hash": .blob(secretHash),
                "person": .id(session.person),
                "created_at": .time(session.createdAt),
                "last_seen_at": .time(session.lastSeenAt),
                "confirmed_at": .time(session.confirmedAt),
                "expires_at": .time(session.expiresAt),
                "issuer": .optional(session.issuer),
                "issuer_session": .optional(session.issuerSession),
                "passkey": .id(session.passkey),
            ],
            into: "portal_session"
        )
    }

    func session(secretHash: [UInt8]) throws -> Session? {
        try connection.selectOne(
            from: "portal_session",
            "WHERE secret_hash = $1 AND ended_at IS NULL",
            [.blob(secretHash)],
            row: Self.session
        )
    }

    func sessions(of person: PersonID) throws -> [Session] {
        try connection.select(
            from: "portal_session",
            "WHERE person = $1 AND ended_at IS NULL ORDER BY created_at, id",
            [.id(person)],
            row: Self.session
        )
    }

    func sessions(at issuer: String, named name: String) throws -> [Session] {
        try connection.select(
            from: "portal_session",
            "WHERE issuer = $1 AND issuer_session = $2 AND ended_at IS NULL ORDER BY created_at, id",
            [.text(issuer), .text(name)],
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

    private static func session(_ row: SQLRow) throws -> Session {
        Session(
            id: try row.id("id"),
            person: try row.id("person"),
            createdAt: try row.timestamp("created_at"),
            lastSeenAt: try row.timestamp("last_seen_at"),
            confirmedAt: try row.timestamp("confirmed_at"),
            expiresAt: try row.timestamp("expires_at"),
            issuer: try row.optionalText("issuer"),
            issuerSession: try row.optionalText("issuer_session"),
            passkey: try row.optionalID("passkey")
        )
    }
}
