import LockboxDomain

/// The bounds of the audit's reads.
enum AuditLimits {
    /// Heads with enough lines that are looked at for one whose lines are good.
    static let cosignedHeads = 16
    /// Records of unknown access among which one is looked for that says the same, the newest.
    static let unknownLookedAt = 200
    /// By how much the clocks of two processes differ that are both right. What a log is ahead by more is a
    /// clock's that was wrong: nothing is judged by it.
    static let clocksApart = TimeSpan.seconds(2)
    /// Records that one view of the store looks at.
    static let slice = 5_000
    /// Slices that one page of a search looks at before it is given out short: to read so many
    /// records and compare their texts takes about a tenth of a second.
    static let slicesOfAPage = 2
    /// Searches and exports at once: in all, and of one person.
    static let searches = (all: 64, each: 8)
    /// Checks of a whole log at once that people ask for: in all, and of one person.
    static let checks = (all: 4, each: 1)
    /// Records that a check reads at once, and tiles.
    static let checkedRecords: UInt64 = 512
    /// Such reads at once.
    static let checkedAtOnce = 4
    static let checkedTiles = 64
    /// How long a head is shown again with the time that was signed with it.
    static let shownAgain = TimeSpan.seconds(15)
    /// Bytes of a receipt that is shown as a page, which has it in it and is made as a whole.
    static let receiptOnPage = 16 * 1024 * 1024
}
