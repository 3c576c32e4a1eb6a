import LockboxDomain
import LockboxPorts

extension SQLTransaction: SignInRecords {
    func password(of person: PersonID) throws -> PasswordRecord? {
        try connection.selectOne(
            from: "password",
            key: ["person"],
            "WHERE person = $1",
            [.id(person)]
        ) { row in
            PasswordRecord(
                encoded: try row.text("encoded"),
                failures: try row.count("failures"),
                failuresSince: try row.optionalTimestamp("failures_since"),
                lockedUntil: try row.optionalTimestamp("locked_until")
            )
        }
    }

    func save(_ password: PasswordRecord, of person: PersonID) throws {
        try connection.save(
            [
                "person": .id(person),
                "encoded": .text(password.encoded),
                "failures": .count(password.failures),
                "failures_since": .time(password.failuresSince),
                "locked_until": .time(password.lockedUntil),
            ],
            in: "password",
            key: ["person"]
        )
    }

    func signInClient(_ hash: [UInt8], of person: PersonID) throws -> SignInClient? {
        try connection.selectOne(
            from: "sign_in_client",
            key: ["person"],
            "WHERE person = $1 AND client_hash = $2",
            [.id(person), .blob(hash)]
        ) { row in
            SignInClient(
                failures: try row.count("failures"),
                heldUntil: try row.optionalTimestamp("held_until"),
                succeededAt: try row.optionalTimestamp("succeeded_at"),
                keptUntil: try row.timestamp("kept_until")
            )
        }
    }

    func save(_ client: SignInClient, _ hash: [UInt8], of person: PersonID) throws {
        try connection.save(
            [
                "person": .id(person),
                "client_hash": .blob(hash),
                "failures": .count(client.failures),
                "held_until": .time(client.heldUntil),
                "succeeded_at": .time(client.succeededAt),
                "kept_until": .time(client.keptUntil),
            ],
            in: "sign_in_client",
            key: ["person", "client_hash"]
        )
    }

    func hasSignedIn(_ person: PersonID, since: Timestamp) throws -> Bool {
        try connection.queryOne(
            "SELECT 1 FROM sign_in_client WHERE person = $1 AND succeeded_at > $2 LIMIT 1",
            [.id(person), .time(since)]
        ) { _ in true } ?? false
    }

    func forgetSignInClients(of person: PersonID) throws {
        try connection.execute("DELETE FROM sign_in_client WHERE person = $1", [.id(person)])
    }
}
