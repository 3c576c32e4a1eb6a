import LockboxDomain
import LockboxPorts

extension SQLTransaction: WorkLeaseRecords {
    func workLease(of lane: String) throws -> WorkLease? {
        try connection.queryOne(
            "SELECT lane, holder, epoch, beat FROM work_lease WHERE lane = $1",
            [.text(lane)]
        ) { row in
            let record = Record(row, of: "work_lease")
            return WorkLease(
                lane: try record.text(0),
                holder: try record.optionalID(1),
                epoch: try record.integer(2),
                beat: try record.integer(3)
            )
        }
    }

    func save(_ lease: WorkLease) throws {
        try connection.execute(
            """
            INSERT INTO work_lease (lane, holder, epoch, beat) VALUES ($1, $2, $3, $4)
            ON CONFLICT (lane) DO UPDATE SET
                holder = excluded.holder, epoch = excluded.epoch, beat = excluded.beat
            """,
            [
                .text(lease.lane), .optional(lease.holder?.text), .integer(lease.epoch),
                .integer(lease.beat),
            ]
        )
    }
}
