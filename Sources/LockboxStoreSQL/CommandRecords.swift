import LockboxDomain
import LockboxPorts

extension SQLTransaction: CommandRecords {
    func command(of person: PersonID, key: String) throws -> CommandRecord? {
        try connection.selectOne(
            from: "command",
            key: ["person"],
            "WHERE person = $1 AND idempotency_key = $2",
            [.id(person), .text(key)]
        ) { row in
            CommandRecord(
                person: try row.id("person"),
                key: try row.text("idempotency_key"),
                payloadHash: try row.blob("payload_hash"),
                subject: try row.text("subject"),
                at: try row.timestamp("carried_out_at")
            )
        }
    }

    func insert(_ command: CommandRecord) throws {
        try connection.insert(
            [
                "person": .id(command.person),
                "idempotency_key": .text(command.key),
                "payload_hash": .blob(command.payloadHash),
                "subject": .text(command.subject),
                "carried_out_at": .time(command.at),
            ],
            into: "command"
        )
    }
}
