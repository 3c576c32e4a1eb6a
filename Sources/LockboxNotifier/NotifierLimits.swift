import LockboxDomain

/// Every bound of the notifier by name.
enum NotifierLimits {
    /// Scalars of a person's or company's name that a letter shows.
    static let shownNameLength = 60
    /// When approvers are reminded, in percent of the time they have.
    static let reminderPercent: Int64 = 50
    static let lastReminderPercent: Int64 = 90
    /// After a letter that there is something to read, the next one on the same request waits.
    static let digestInterval = TimeSpan.minutes(2)
    /// Things that were done something to, in a closing report.
    static let subjects = 5
    /// Lines of a letter that lists changes.
    static let changesListed = 30
    /// One letter to the operators about one cause in this time.
    static let operatorsInterval = TimeSpan.hours(1)
    /// One letter about one person who cannot be reached in this time.
    static let unreachedInterval = TimeSpan.days(1)
    /// In a window shorter than this, its times are told to the second.
    static let shortWindow = TimeSpan.minutes(10)
}
