import LockboxDomain

/// Every bound of the notifier by name.
enum NotifierLimits {
    /// Scalars of a person's or company's name that a letter shows.
    static let shownNameLength = 60
    /// When approvers are reminded, in percent of the time they have.
    static let reminderPercent: Int64 = 50
    static let lastReminderPercent: Int64 = 90
    /// In a window shorter than this, its times are told to the second.
    static let shortWindow = TimeSpan.minutes(10)
}
