extension Migration {
    /// In which time zone somebody wants to read times.
    static let timeZones = Migration(
        number: 29,
        name: "time zones",
        sqlite: """
            ALTER TABLE person ADD COLUMN time_zone TEXT
            CHECK (length(time_zone) BETWEEN 1 AND 64 AND time_zone NOT GLOB '*[^A-Za-z0-9+_/-]*'
                AND time_zone GLOB '[A-Za-z]*');
            """
    )
}
