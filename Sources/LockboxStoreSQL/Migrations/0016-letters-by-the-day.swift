extension Migration {
    /// Letters to one person within a day are counted, and one that was left out for that is removed
    /// like one that was sent (docs/decisions/0047).
    static let lettersByTheDay = Migration(
        number: 16,
        name: "letters by the day",
        sqlite: """
            CREATE INDEX notice_sent_to ON notice (recipient, sent_at)
            WHERE sent_at IS NOT NULL;

            DROP INDEX notice_over;

            CREATE INDEX notice_over ON notice (send_at, id)
            WHERE delivery IN ('sent', 'cancelled', 'unconfirmed', 'leftOut');
            """
    )
}
