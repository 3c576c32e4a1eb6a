import LockboxDomain
import LockboxPorts

extension SQLTransaction: MessageRecords {
    func messages(on request: AccessRequestID) throws -> [Message] {
        try connection.select(
            from: "message",
            key: ["request", "number"],
            "WHERE request = $1 ORDER BY number",
            [.id(request)]
        ) { row in
            Message(
                number: try row.count("number"),
                request: try row.id("request"),
                person: try row.id("person"),
                text: try row.text("content"),
                at: try row.timestamp("posted_at")
            )
        }
    }

    func insert(_ message: Message) throws {
        try connection.insert(
            [
                "request": .id(message.request),
                "number": .count(message.number),
                "person": .id(message.person),
                "content": .text(message.text),
                "posted_at": .time(message.at),
            ],
            into: "message"
        )
    }
}
