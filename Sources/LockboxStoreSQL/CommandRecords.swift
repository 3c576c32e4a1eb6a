import LockboxDomain
import LockboxPorts

extension SQLTransaction: CommandRecords {
    private static let commandColumns =
        "person, idempotency_key, payload_hash, subject, carried_out_at"

    func command(of person: PersonID, key: String) throws -> CommandRecord? {
        try connection.queryOne(
            "SELECT \(Self.commandColumns) FROM command WHERE person = $1 AND idempotency_key = $2",
            [.id(person), .text(key)]
        ) { row in
            let record = Record(row, of: "command")
            return CommandRecord(
                person: try record.id(0),
                key: try record.text(1),
                payloadHash: try record.blob(2),
                subject: try record.text(3),
                at: try record.timestamp(4)
            )
        }
    }

    func insert(_ command: CommandRecord) throws {
        try connection.execute(
            "INSERT INTO command (\(Self.commandColumns)) VALUES ($1, $2, $3, $4, $5)",
            [
                .id(command.person), .text(command.key), .blob(command.payloadHash),
                .text(command.subject),
                .time(command.at),
            ]
        )
    }
}
