import LockboxDomain
import LockboxPorts

extension SQLTransaction: TokenRecords {
    func insert(_ token: APIToken, secretHash: [UInt8]) throws {
        try connection.insert(
            [
                "id": .id(token.id),
                "secret_hash": .blob(secretHash),
                "person": .id(token.person),
                "label": .text(token.label),
                "scopes": .scopes(token.scopes),
                "addresses": try JSONColumn.value(token.addresses.map(\.description)),
                "created_at": .time(token.createdAt),
                "expires_at": .time(token.expiresAt),
            ],
            into: "api_token"
        )
    }

    func token(secretHash: [UInt8]) throws -> APIToken? {
        try connection.selectOne(
            from: "api_token",
            "WHERE secret_hash = $1 AND revoked_at IS NULL",
            [.blob(secretHash)],
            row: Self.token
        )
    }

    func tokens(of person: PersonID) throws -> [APIToken] {
        try connection.select(
            from: "api_token",
            "WHERE person = $1 AND revoked_at IS NULL ORDER BY created_at, id",
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

    func touch(_ id: TokenID, _ use: APIToken.LastUse) throws {
        try connection.execute(
            """
            UPDATE api_token SET last_used_at = $1, last_used_from = $2
            WHERE id = $3 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < $1)
            """,
            [.time(use.at), .optional(use.from?.description), .id(id)]
        )
    }

    private static func token(_ row: SQLRow) throws -> APIToken {
        let lastUse = try row.optionalTimestamp("last_used_at").map { instant in
            APIToken.LastUse(
                at: instant,
                from: try row.optionalText("last_used_from").map {
                    try row.required(AddressRange($0))
                }
            )
        }
        return APIToken(
            id: try row.id("id"),
            person: try row.id("person"),
            label: try row.text("label"),
            scopes: try row.scopes("scopes"),
            addresses: try row.json("addresses", [String].self).map {
                try row.required(AddressRange($0))
            },
            createdAt: try row.timestamp("created_at"),
            expiresAt: try row.optionalTimestamp("expires_at"),
            lastUse: lastUse
        )
    }
}
