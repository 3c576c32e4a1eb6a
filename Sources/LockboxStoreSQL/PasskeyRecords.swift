import LockboxDomain
import LockboxPorts

extension SQLTransaction: PasskeyRecords {
    func insert(_ passkey: Passkey) throws {
        try connection.insert(
            [
                "id": .id(passkey.id),
                "person": .id(passkey.person),
                "name": .text(passkey.name),
                "credential": .blob(passkey.credential),
                "public_key": .blob(passkey.publicKey),
                "user_handle": .blob(passkey.userHandle),
                "created_at": .time(passkey.createdAt),
                "is_backup_eligible": .flag(passkey.isBackupEligible),
                "is_backed_up": .flag(passkey.isBackedUp),
                "counter": .integer(Int64(passkey.counter)),
                "last_used_at": .time(passkey.lastUsedAt),
                "answered_at": .time(passkey.answeredAt),
            ],
            into: "passkey"
        )
    }

    func passkey(credential: [UInt8]) throws -> Passkey? {
        try connection.selectOne(
            from: "passkey",
            "WHERE credential = $1 AND removed_at IS NULL",
            [.blob(credential)],
            row: Self.passkey
        )
    }

    func hasPasskey(credential: [UInt8]) throws -> Bool {
        try connection.queryOne(
            "SELECT 1 FROM passkey WHERE credential = $1",
            [.blob(credential)]
        ) { _ in true } ?? false
    }

    func passkeys(of person: PersonID) throws -> [Passkey] {
        try connection.select(
            from: "passkey",
            "WHERE person = $1 AND removed_at IS NULL ORDER BY created_at, id",
            [.id(person)],
            row: Self.passkey
        )
    }

    func update(_ passkey: Passkey) throws {
        try connection.execute(
            """
            UPDATE passkey SET counter = $1, is_backed_up = $2, last_used_at = $3, answered_at = $4
            WHERE id = $5 AND removed_at IS NULL
            """,
            [
                .integer(Int64(passkey.counter)), .flag(passkey.isBackedUp),
                .time(passkey.lastUsedAt), .time(passkey.answeredAt), .id(passkey.id),
            ]
        )
    }

    func removePasskey(_ id: PasskeyID, at now: Timestamp) throws {
        try connection.execute(
            "UPDATE passkey SET removed_at = $1 WHERE id = $2 AND removed_at IS NULL",
            [.time(now), .id(id)]
        )
    }

    private static func passkey(_ row: SQLRow) throws -> Passkey {
        Passkey(
            id: try row.id("id"),
            person: try row.id("person"),
            name: try row.text("name"),
            credential: try row.blob("credential"),
            publicKey: try row.blob("public_key"),
            userHandle: try row.blob("user_handle"),
            createdAt: try row.timestamp("created_at"),
            isBackupEligible: try row.flag("is_backup_eligible"),
            isBackedUp: try row.flag("is_backed_up"),
            counter: try row.required(UInt32(exactly: try row.integer("counter"))),
            lastUsedAt: try row.optionalTimestamp("last_used_at"),
            answeredAt: try row.timestamp("answered_at")
        )
    }
}
