extension Migration {
    /// Lists of requests in one state, and of access whose end is not confirmed, read what they show
    /// and no more, however many requests there are.
    static let lists = Migration(
        number: 12,
        name: "lists",
        sqlite: """
            CREATE INDEX request_of_tenant_in_state
            ON access_request (tenant, state, created_at, id);

            CREATE INDEX request_in_state ON access_request (state, created_at, id);

            CREATE INDEX removal_unconfirmed_of_tenant ON removal (tenant, request)
            WHERE progress <> 'confirmed';
            """
    )
}
