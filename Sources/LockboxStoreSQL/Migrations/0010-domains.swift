extension Migration {
    /// The domains that are a tenant's alone, as a list in JSON.
    static let domains = Migration(
        number: 10,
        name: "domains",
        sqlite: """
            ALTER TABLE tenant ADD COLUMN domains TEXT NOT NULL DEFAULT '[]';
            """
    )
}
