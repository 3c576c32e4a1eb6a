extension Migration {
    /// A service's own settings become one column, which only its kind reads; what stood in a column
    /// for each setting moves there.
    static let serviceSettings = Migration(
        number: 6,
        name: "settings of services",
        sqlite: """
            ALTER TABLE service ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

            UPDATE service SET
                settings = '{"doveadm":{"apiKeyFile":' || json_quote(doveadm_key_file)
                    || ',"url":' || json_quote(doveadm_url) || '}}',
                doveadm_url = NULL,
                doveadm_key_file = NULL
            WHERE doveadm_url IS NOT NULL;
            """
    )
}
