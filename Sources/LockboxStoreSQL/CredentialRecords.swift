import LockboxDomain
import LockboxPorts

extension SQLTransaction: CredentialRecords {
    func insert(_ credential: Credential, secretHash: [UInt8]) throws {
        try connection.insert(
            [
                "id": .id(credential.id),
                "secret_hash": .blob(secretHash),
                "request": .id(credential.request),
                "grant_id": .id(credential.grant),
                "tenant": .id(credential.tenant),
                "engineer": .id(credential.engineer),
                "service": .id(credential.resource.service),
                "resource": .text(credential.resource.name),
                "actions": .integer(Int64(credential.actions.rawValue)),
                "username": .text(credential.username),
                "issued_at": .time(credential.issuedAt),
                "expires_at": .time(credential.expiresAt),
                "revoked_at": .time(credential.revokedAt),
            ],
            into: "credential"
        )
    }

    func credential(secretHash: [UInt8]) throws -> Credential? {
        try connection.selectOne(
            from: "credential",
            "WHERE secret_hash = $1",
            [.blob(secretHash)],
            row: Self.credential
        )
    }

    func credentials(of grant: GrantID) throws -> [Credential] {
        try connection.select(
            from: "credential",
            "WHERE grant_id = $1 ORDER BY issued_at, id",
            [.id(grant)],
            row: Self.credential
        )
    }

    /// Revoking what is revoked changes nothing: the first instant stands.
    func revokeCredential(_ id: CredentialID, at now: Timestamp) throws {
        try connection.execute(
            "UPDATE credential SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            [.time(now), .id(id)]
        )
    }

    func liveCredentials(at now: Timestamp) throws -> [(
        secretHash: [UInt8], credential: Credential
    )] {
        try connection.select(
            from: "credential",
            "WHERE revoked_at IS NULL AND expires_at > $1 ORDER BY expires_at",
            [.time(now)]
        ) { row in (try row.blob("secret_hash"), try Self.credential(row)) }
    }

    func liveCredential(_ id: CredentialID) throws -> (
        secretHash: [UInt8], credential: Credential
    )? {
        try connection.selectOne(
            from: "credential",
            "WHERE id = $1 AND revoked_at IS NULL",
            [.id(id)]
        ) { row in (try row.blob("secret_hash"), try Self.credential(row)) }
    }

    func recordUse(of credential: CredentialID, count: Int, first: Timestamp, last: Timestamp)
        throws -> Bool
    {
        // Reports of several nodes come in any order.
        let isKnown =
            try connection.execute(
                """
                UPDATE credential_use SET uses = uses + $1,
                    first_at = CASE WHEN $2 < first_at THEN $2 ELSE first_at END,
                    last_at = CASE WHEN $3 > last_at THEN $3 ELSE last_at END
                WHERE credential = $4
                """,
                [.count(count), .time(first), .time(last), .id(credential)]
            ) == 1
        if isKnown { return false }
        try connection.insert(
            [
                "credential": .id(credential),
                "first_at": .time(first),
                "last_at": .time(last),
                "uses": .count(count),
            ],
            into: "credential_use"
        )
        return true
    }

    func uses(of grant: GrantID) throws -> [CredentialUse] {
        try connection.query(
            """
            SELECT u.*, c.service, c.resource
            FROM credential_use u JOIN credential c ON c.id = u.credential
            WHERE c.grant_id = $1 ORDER BY u.first_at, u.credential
            """,
            [.id(grant)]
        ) { found in
            try Self.use(found.of("credential_use", key: ["credential"]))
        }
    }

    /// A use joined to its credential.
    static func use(_ row: SQLRow) throws -> CredentialUse {
        CredentialUse(
            credential: try row.id("credential"),
            resource: try row.resource(service: "service", name: "resource"),
            first: try row.timestamp("first_at"),
            last: try row.timestamp("last_at"),
            count: try row.count("uses")
        )
    }

    private static func credential(_ row: SQLRow) throws -> Credential {
        Credential(
            id: try row.id("id"),
            request: try row.id("request"),
            grant: try row.id("grant_id"),
            tenant: try row.slug("tenant"),
            engineer: try row.id("engineer"),
            resource: try row.resource(service: "service", name: "resource"),
            actions: try row.actions("actions"),
            username: try row.text("username"),
            issuedAt: try row.timestamp("issued_at"),
            expiresAt: try row.timestamp("expires_at"),
            revokedAt: try row.optionalTimestamp("revoked_at")
        )
    }
}
