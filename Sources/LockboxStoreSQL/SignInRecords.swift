import LockboxDomain
import LockboxPorts

extension SQLTransaction: SignInRecords {
    func password(of person: PersonID) throws -> PasswordRecord? {
        try connection.queryOne(
            "SELECT person, encoded, failures, failures_since, locked_until FROM password WHERE person = $1",
            [.id(person)]
        ) { row in
            let record = Record(row, of: "password")
            return PasswordRecord(
                encoded: try record.text(1),
                failures: try record.count(2),
                failuresSince: try record.optionalTimestamp(3),
                lockedUntil: try record.optionalTimestamp(4)
            )
        }
    }

    func save(_ password: PasswordRecord, of person: PersonID) throws {
        try connection.execute(
            """
            INSERT INTO password (person, encoded, failures, failures_since, locked_until)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (person) DO UPDATE SET encoded = excluded.encoded, failures = excluded.failures,
                failures_since = excluded.failures_since, locked_until = excluded.locked_until
            """,
            [
                .id(person), .text(password.encoded), .count(password.failures),
                .time(password.failuresSince),
                .time(password.lockedUntil),
            ]
        )
    }

    func signInClient(_ hash: [UInt8], of person: PersonID) throws -> SignInClient? {
        try connection.queryOne(
            """
            SELECT person, failures, held_until, succeeded_at, kept_until FROM sign_in_client
            WHERE person = $1 AND client_hash = $2
            """,
            [.id(person), .blob(hash)]
        ) { row in
            let record = Record(row, of: "sign_in_client")
            return SignInClient(
                failures: try record.count(1),
                heldUntil: try record.optionalTimestamp(2),
                succeededAt: try record.optionalTimestamp(3),
                keptUntil: try record.timestamp(4)
            )
        }
    }

    func save(_ client: SignInClient, _ hash: [UInt8], of person: PersonID) throws {
        try connection.execute(
            """
            INSERT INTO sign_in_client (person, client_hash, failures, held_until, succeeded_at, kept_until)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (person, client_hash) DO UPDATE SET failures = excluded.failures,
                held_until = excluded.held_until, succeeded_at = excluded.succeeded_at,
                kept_until = excluded.kept_until
            """,
            [
                .id(person), .blob(hash), .count(client.failures), .time(client.heldUntil),
                .time(client.succeededAt), .time(client.keptUntil),
            ]
        )
    }

    func forgetSignInClients(of person: PersonID) throws {
        try connection.execute("DELETE FROM sign_in_client WHERE person = $1", [.id(person)])
    }

    func forgetSignInClients(keptUntil now: Timestamp) throws {
        try connection.execute("DELETE FROM sign_in_client WHERE kept_until <= $1", [.time(now)])
    }
}
