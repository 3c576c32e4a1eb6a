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
                "access_ends_at": .time(token.login?.accessEndsAt),
                "idle_ends_at": .time(token.login?.idleEndsAt),
            ],
            into: "api_token"
        )
    }

    func token(secretHash: [UInt8]) throws -> APIToken? {
        try connection.selectOne(
            from: "api_token",
            "WHERE secret_hash = $1 AND idle_ends_at IS NULL AND revoked_at IS NULL",
            [.blob(secretHash)],
            row: Self.token
        )
    }

    func login(accessHash: [UInt8]) throws -> APIToken? {
        try connection.selectOne(
            from: "api_token",
            "WHERE access_hash = $1 AND revoked_at IS NULL",
            [.blob(accessHash)],
            row: Self.token
        )
    }

    func login(secretHash: [UInt8]) throws -> (token: APIToken, refreshHash: [UInt8])? {
        try connection.selectOne(
            from: "api_token",
            "WHERE secret_hash = $1 AND idle_ends_at IS NOT NULL AND revoked_at IS NULL",
            [.blob(secretHash)]
        ) { row in (token: try Self.token(row), refreshHash: try row.blob("refresh_hash")) }
    }

    func renew(_ id: TokenID, _ login: APIToken.Login, _ hashes: LoginHashes) throws {
        try connection.execute(
            """
            UPDATE api_token SET access_hash = $1, access_ends_at = $2, refresh_hash = $3, idle_ends_at = $4
            WHERE id = $5 AND revoked_at IS NULL
            """,
            [
                .blob(hashes.access), .time(login.accessEndsAt), .blob(hashes.refresh),
                .time(login.idleEndsAt), .id(id),
            ]
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
        let login = try row.optionalTimestamp("idle_ends_at").map { end in
            APIToken.Login(accessEndsAt: try row.timestamp("access_ends_at"), idleEndsAt: end)
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
            lastUse: lastUse,
            login: login
        )
    }
}
