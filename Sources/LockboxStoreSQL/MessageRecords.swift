import LockboxDomain
import LockboxPorts

extension SQLTransaction: MessageRecords {
    private static let messageColumns = "request, number, person, content, posted_at"

    func messages(on request: AccessRequestID) throws -> [Message] {
        try connection.query(
            "SELECT \(Self.messageColumns) FROM message WHERE request = $1 ORDER BY number",
            [.id(request)],
            row: Self.message
        )
    }

    func insert(_ message: Message) throws {
        try connection.execute(
            "INSERT INTO message (\(Self.messageColumns)) VALUES ($1, $2, $3, $4, $5)",
            [
                .id(message.request), .count(message.number), .id(message.person),
                .text(message.text),
                .time(message.at),
            ]
        )
    }

    private static func message(_ row: SQLRow) throws -> Message {
        let record = Record(row, of: "message", keyColumns: 2)
        return Message(
            number: try record.count(1),
            request: try record.id(0),
            person: try record.id(2),
            text: try record.text(3),
            at: try record.timestamp(4)
        )
    }
}
