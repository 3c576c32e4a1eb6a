import LockboxDomain
import LockboxPorts

extension SQLTransaction: CredentialRecords {
    private static let credentialColumns = """
        id, request, grant_id, tenant, engineer, service, resource, actions, username, issued_at, expires_at,
        revoked_at, secret_hash
        """

    func insert(_ credential: Credential, secretHash: [UInt8]) throws {
        try connection.execute(
            """
            INSERT INTO credential (\(Self.credentialColumns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            [
                .id(credential.id), .id(credential.request), .id(credential.grant),
                .id(credential.tenant),
                .id(credential.engineer), .id(credential.resource.service),
                .text(credential.resource.name),
                .integer(Int64(credential.actions.rawValue)), .text(credential.username),
                .time(credential.issuedAt), .time(credential.expiresAt),
                .time(credential.revokedAt),
                .blob(secretHash),
            ]
        )
    }

    func credential(secretHash: [UInt8]) throws -> Credential? {
        try connection.queryOne(
            "SELECT \(Self.credentialColumns) FROM credential WHERE secret_hash = $1",
            [.blob(secretHash)],
            row: Self.credential
        )
    }

    func credentials(of grant: GrantID) throws -> [Credential] {
        try connection.query(
            "SELECT \(Self.credentialColumns) FROM credential WHERE grant_id = $1 ORDER BY issued_at, id",
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
        try connection.query(
            """
            SELECT \(Self.credentialColumns) FROM credential
            WHERE revoked_at IS NULL AND expires_at > $1 ORDER BY expires_at
            """,
            [.time(now)]
        ) { row in (try Record(row, of: "credential").blob(12), try Self.credential(row)) }
    }

    func recordUse(of credential: CredentialID, count: Int, first: Timestamp, last: Timestamp)
        throws -> Bool
    {
        let inserted = try connection.execute(
            """
            INSERT INTO credential_use (credential, first_at, last_at, uses) VALUES ($1, $2, $3, $4)
            ON CONFLICT (credential) DO NOTHING
            """,
            [.id(credential), .time(first), .time(last), .count(count)]
        )
        if inserted == 1 { return true }
        // Reports of several nodes come in any order.
        try connection.execute(
            """
            UPDATE credential_use SET uses = uses + $1,
                first_at = CASE WHEN $2 < first_at THEN $2 ELSE first_at END,
                last_at = CASE WHEN $3 > last_at THEN $3 ELSE last_at END
            WHERE credential = $4
            """,
            [.count(count), .time(first), .time(last), .id(credential)]
        )
        return false
    }

    func uses(of grant: GrantID) throws -> [CredentialUse] {
        try connection.query(
            """
            SELECT u.credential, c.service, c.resource, u.first_at, u.last_at, u.uses
            FROM credential_use u JOIN credential c ON c.id = u.credential
            WHERE c.grant_id = $1 ORDER BY u.first_at, u.credential
            """,
            [.id(grant)]
        ) { row in
            let record = Record(row, of: "credential_use")
            return CredentialUse(
                credential: try record.id(0),
                resource: try record.resource(service: 1, name: 2),
                first: try record.timestamp(3),
                last: try record.timestamp(4),
                count: try record.count(5)
            )
        }
    }

    private static func credential(_ row: SQLRow) throws -> Credential {
        let record = Record(row, of: "credential")
        return Credential(
            id: try record.id(0),
            request: try record.id(1),
            grant: try record.id(2),
            tenant: try record.slug(3),
            engineer: try record.id(4),
            resource: try record.resource(service: 5, name: 6),
            actions: try record.actions(7),
            username: try record.text(8),
            issuedAt: try record.timestamp(9),
            expiresAt: try record.timestamp(10),
            revokedAt: try record.optionalTimestamp(11)
        )
    }
}
