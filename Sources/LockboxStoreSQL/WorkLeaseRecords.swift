import LockboxDomain
import LockboxPorts

extension SQLTransaction: WorkLeaseRecords {
    private static let leaseKey = ["lane"]

    func workLease(of lane: String) throws -> WorkLease? {
        try connection.selectOne(
            from: "work_lease",
            key: Self.leaseKey,
            "WHERE lane = $1",
            [.text(lane)]
        ) { row in
            WorkLease(
                lane: try row.text("lane"),
                holder: try row.optionalID("holder"),
                epoch: try row.integer("epoch"),
                beat: try row.integer("beat")
            )
        }
    }

    func save(_ lease: WorkLease) throws {
        try connection.save(
            [
                "lane": .text(lease.lane),
                "holder": .optional(lease.holder?.text),
                "epoch": .integer(lease.epoch),
                "beat": .integer(lease.beat),
            ],
            in: "work_lease",
            key: Self.leaseKey
        )
    }
}
