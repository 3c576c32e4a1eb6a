import LockboxDomain
import LockboxPorts

extension SQLTransaction: SignInRecords {
    func password(of person: PersonID) throws -> PasswordRecord? {
        try connection.queryOne(
            "SELECT person, encoded, failures, locked_until FROM password WHERE person = $1", [.id(person)]
        ) { row in
            let record = Record(row, of: "password")
            return PasswordRecord(
                encoded: try record.text(1), failures: try record.count(2),
                lockedUntil: try record.optionalTimestamp(3))
        }
    }

    func save(_ password: PasswordRecord, of person: PersonID) throws {
        try connection.execute(
            """
            INSERT INTO password (person, encoded, failures, locked_until) VALUES ($1, $2, $3, $4)
            ON CONFLICT (person) DO UPDATE SET encoded = excluded.encoded, failures = excluded.failures,
                locked_until = excluded.locked_until
            """,
            [.id(person), .text(password.encoded), .count(password.failures), .time(password.lockedUntil)])
    }
}
