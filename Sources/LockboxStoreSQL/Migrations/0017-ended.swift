extension Migration {
    /// Access that ended lately is found however many requests there are.
    static let ended = Migration(
        number: 17,
        name: "ended",
        sqlite: """
            CREATE INDEX request_ended_of_tenant ON access_request (tenant, settled_at)
            WHERE state = 'ended';
            """
    )
}
