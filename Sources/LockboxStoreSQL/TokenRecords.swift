import LockboxDomain
import LockboxPorts

extension SQLTransaction: TokenRecords {
    private static let tokenColumns = "id, person, label, created_at, expires_at"

    func insert(_ token: APIToken, secretHash: [UInt8]) throws {
        try connection.execute(
            "INSERT INTO api_token (\(Self.tokenColumns), secret_hash) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                .id(token.id), .id(token.person), .text(token.label), .time(token.createdAt),
                .time(token.expiresAt), .blob(secretHash),
            ]
        )
    }

    func token(secretHash: [UInt8]) throws -> APIToken? {
        try connection.queryOne(
            "SELECT \(Self.tokenColumns) FROM api_token WHERE secret_hash = $1 AND revoked_at IS NULL",
            [.blob(secretHash)],
            row: Self.token
        )
    }

    func tokens(of person: PersonID) throws -> [APIToken] {
        try connection.query(
            """
            SELECT \(Self.tokenColumns) FROM api_token WHERE person = $1 AND revoked_at IS NULL
            ORDER BY created_at, id
            """,
            [.id(person)],
            row: Self.token
        )
    }

    func revokeToken(_ id: TokenID, at now: Timestamp) throws {
        try connection.execute(
            "UPDATE api_token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            [.time(now), .id(id)]
        )
    }

    private static func token(_ row: SQLRow) throws -> APIToken {
        let record = Record(row, of: "api_token")
        return APIToken(
            id: try record.id(0),
            person: try record.id(1),
            label: try record.text(2),
            createdAt: try record.timestamp(3),
            expiresAt: try record.optionalTimestamp(4)
        )
    }
}
