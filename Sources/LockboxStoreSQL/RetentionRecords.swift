import LockboxDomain
import LockboxPorts

extension SQLTransaction: RetentionRecords {
    func remove(_ leftover: Leftover, overAt instant: Timestamp, limit: Int) throws -> Int {
        switch leftover {
        case .commands:
            try remove(
                "person, idempotency_key",
                from: "command",
                "WHERE carried_out_at <= $1 ORDER BY carried_out_at",
                instant,
                limit
            )
        case .tokens: try removeTokens(overAt: instant, limit: limit)
        case .sessions:
            try remove(
                "id",
                from: "portal_session",
                "WHERE expires_at <= $1 ORDER BY expires_at",
                instant,
                limit
            )
        case .signInClients:
            try remove(
                "person, client_hash",
                from: "sign_in_client",
                "WHERE kept_until <= $1 ORDER BY kept_until",
                instant,
                limit
            )
        case .browserCodes:
            try remove(
                "code_hash",
                from: "browser_code",
                "WHERE expires_at <= $1 ORDER BY expires_at",
                instant,
                limit
            )
        case .loginRequests:
            try remove(
                "id",
                from: "login_request",
                "WHERE ends_at <= $1 ORDER BY ends_at",
                instant,
                limit
            )
        case .invitations:
            try remove(
                "id",
                from: "invitation",
                "WHERE ends_at <= $1 ORDER BY ends_at",
                instant,
                limit
            )
        case .letters: try removeLetters(overAt: instant, limit: limit)
        }
    }

    /// Those whose fate is known, about what is over for good.
    private func removeLetters(overAt instant: Timestamp, limit: Int) throws -> Int {
        try remove(
            "id",
            from: "notice",
            """
            WHERE delivery IN ('sent', 'cancelled', 'unconfirmed', 'leftOut')
                AND send_at <= $1
                AND (sent_at IS NULL OR sent_at <= $1)
                AND (request IS NULL OR EXISTS (
                    SELECT 1 FROM access_request r
                    WHERE r.id = notice.request AND r.settled_at <= $1
                ))
                AND NOT EXISTS (
                    SELECT 1 FROM removal m
                    WHERE m.request = notice.request AND m.progress <> 'confirmed'
                )
            ORDER BY send_at, id
            """,
            instant,
            limit
        )
    }

    /// Each way to its end has an index of its own.
    private func removeTokens(overAt instant: Timestamp, limit: Int) throws -> Int {
        var removed = 0
        for end in ["expires_at", "revoked_at"] where removed < limit {
            removed += try remove(
                "id",
                from: "api_token",
                "WHERE \(end) <= $1 ORDER BY \(end)",
                instant,
                limit - removed
            )
        }
        return removed
    }

    private func remove(
        _ key: String,
        from table: String,
        _ clause: String,
        _ instant: Timestamp,
        _ limit: Int
    ) throws -> Int {
        try connection.execute(
            """
            DELETE FROM \(table) WHERE (\(key)) IN (SELECT \(key) FROM \(table) \(clause) LIMIT $2)
            """,
            [.time(instant), .limit(limit)]
        )
    }
}
