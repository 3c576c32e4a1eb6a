import LockboxDomain
import LockboxPorts

extension SQLTransaction: StatementPositionRecords {
    func statementPosition(in file: String, of service: ServiceID) throws -> Int? {
        try connection.selectOne(
            from: "statement_position",
            key: ["service", "file"],
            "WHERE service = $1 AND file = $2",
            [.id(service), .text(file)]
        ) { try $0.count("position") }
    }

    func saveStatementPosition(
        _ position: Int,
        in file: String,
        of service: ServiceID,
        at now: Timestamp
    ) throws {
        if try statementPosition(in: file, of: service) == nil {
            // Files come and go: those of long ago make room for new ones.
            try connection.execute(
                "DELETE FROM statement_position WHERE service = $1 AND at < $2",
                [.id(service), .time(now - Limits.logPositionsKept)]
            )
        }
        try connection.save(
            [
                "service": .id(service), "file": .text(file), "position": .count(position),
                "at": .time(now),
            ],
            in: "statement_position",
            key: ["service", "file"]
        )
    }
}
